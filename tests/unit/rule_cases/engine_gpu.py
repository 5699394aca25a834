"""What breaks and what keeps each rule of planning/rules/engine_gpu.py."""

from rule_cases.case import T4, Case, args, argument, second_model

CASES: dict[str, Case] = {
    "ENGINE-ATTENTION": Case(args(attention_backend="FLASH"), args(attention_backend="flash_attn")),
    "ENGINE-DTYPE": Case(
        second_model({}, vm_size="Standard_NC16as_T4_v3"),
        second_model({"engine": {"args": {"dtype": "half"}}}, vm_size="Standard_NC16as_T4_v3"),
    ),
    "ENGINE-KV-FORMAT": Case(
        second_model({"engine": {"kv_cache_dtype": "fp8", "args": {"dtype": "half"}}}, vm_size=T4),
        second_model({"engine": {"kv_cache_dtype": "fp8"}}, vm_size="Standard_NC24ads_A100_v4"),
    ),
    "ENGINE-PARSER": Case(
        argument("enable-auto-tool-choice", True),
        {**argument("enable-auto-tool-choice", True), **argument("tool-call-parser", "hermes")},
    ),
    "ENGINE-QUANTIZATION": Case(
        second_model({"engine": {"args": {"quantization": "mxfp4"}}}, vm_size="Standard_NC16as_T4_v3"),
        second_model({"engine": {"args": {"quantization": "mxfp4"}}}),
    ),
}
