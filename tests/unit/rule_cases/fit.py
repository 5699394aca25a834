"""What breaks and what keeps each rule of planning/rules/fit.py."""

from planning_stacks import model
from vllm_versions import COPIED, with_copied_version

from rule_cases.case import STATES, Case, argument, second_model

_MEASURED = {
    "gpu": "H100-NVL-94", "slice": "3g.47gb", "version": "0.33.0", "weights_gib": 15.3, "overhead_gib": 2.5,
    "batched_tokens": 2048, "sequences": 256,
}  # fmt: skip
CASES: dict[str, Case] = {
    "FIT-CONCURRENCY": Case({"models[0].concurrency": 6}, {"models[0].concurrency": 5}),
    "FIT-CONTEXT": Case(
        second_model({"context": 40960, "engine": {"args": {"dtype": "half"}}}, vm_size="Standard_NV36ads_A10_v5"),
        second_model({"context": 8192, "engine": {"args": {"dtype": "half"}}}, vm_size="Standard_NV36ads_A10_v5"),
    ),
    "FIT-DRAFT": Case(
        argument("speculative-config", {"method": "mtp", "num_speculative_tokens": 1}),
        argument("speculative-config", {"method": "ngram", "num_speculative_tokens": 3}),
    ),
    "FIT-KV-DTYPE": Case({"models[0].engine.kv_cache_dtype": "nvfp4"}, {"models[0].engine.kv_cache_dtype": "fp8"}),
    "FIT-SEQUENCES": Case(
        second_model({"source": STATES}, vm_size="Standard_NC40ads_H100_v5"),
        second_model({"source": STATES, "engine": {"args": {"max-num-seqs": 256}}}, vm_size="Standard_NC40ads_H100_v5"),
    ),
    "FIT-MEASURED": Case(
        {"models[0].measured": {**_MEASURED, "version": "0.32.0"}},
        {"models[0].measured": _MEASURED},
    ),
    "FIT-UNCERTAIN": Case(
        second_model({"source": STATES, "engine": {"args": {"max-num-seqs": 64}}}, vm_size="Standard_NC40ads_H100_v5"),
        second_model(
            {"source": STATES, "engine": {"args": {"max-num-seqs": 64, "enforce-eager": True}}},
            vm_size="Standard_NC40ads_H100_v5",
        ),
    ),
    "FIT-UNVERIFIED": Case(
        {"models[0].engine.version": COPIED}, {}, knowing=(with_copied_version(), with_copied_version())
    ),
    "FIT-WEIGHTS": Case(
        {"models[0].source.huggingface": "Qwen/Qwen3-32B"},
        second_model({"source": {**model("", "")["source"], "huggingface": "Qwen/Qwen3-32B"}}),
    ),
}
