"""Mistakes about vLLM: versions, options and their values."""

from typing import Any

from broken.change import Broken, put


def argument(name: str, value: Any) -> tuple:
    """One more vLLM option for the first model."""
    return (put(f"models[0].engine.args.{name}", value),)


def finding(rule: str, name: str, *words: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """One finding about an option of the first model."""
    return {(rule, f"models[0].engine.args.{name}"): words}


TABLE = (
    Broken(
        "release as a bare number",
        (put("models[0].engine.version", 0.33),),
        {("CFG-QUOTE", "models[0].engine.version"): ("0.33", "in quotes", "0.33.0")},
    ),
    Broken(
        "version that isn't in the catalog",
        (put("models[0].engine.version", "0.12.0"),),
        {("ENGINE-VERSION", "models[0].engine.version"): ("vLLM 0.12.0", "`0.33.0`")},
    ),
    Broken(
        "unknown KV cache format",
        (put("models[0].engine.kv_cache_dtype", "int3"),),
        {("FIT-KV-DTYPE", "models[0].engine.kv_cache_dtype"): ("`int3`", "`fp8`")},
    ),
    Broken(
        "share of memory above one",
        (put("models[0].engine.gpu_memory_utilization", 92),),
        {("CFG-VALUE", "models[0].engine.gpu_memory_utilization"): ("92 is above 1", "such as 0.92")},
    ),
    Broken(
        "unknown option",
        argument("enable-prefix-cachin", True),
        finding("ENGINE-FLAG", "enable-prefix-cachin", "vLLM 0.33.0", "did you mean `enable-prefix-caching`"),
    ),
    Broken(
        "abbreviated option",
        argument("max-num-batched", 4096),
        finding("ENGINE-FLAG", "max-num-batched", "`max-num-batched-tokens`"),
    ),
    Broken(
        "option with its dashes",
        argument("--max-num-seqs", 8),
        finding("ENGINE-FLAG", "--max-num-seqs", "without dashes"),
    ),
    Broken(
        "removed option",
        argument("swap-space", 4),
        finding("ENGINE-REMOVED", "swap-space", "by 0.20", "leave it out"),
    ),
    Broken(
        "removed option with a successor",
        argument("guided-decoding-backend", "xgrammar"),
        finding("ENGINE-REMOVED", "guided-decoding-backend", "structured-outputs-config"),
    ),
    Broken(
        "option with a place of its own",
        argument("max-model-len", 4096),
        finding("ENGINE-OWNED", "max-model-len", "models[].context"),
    ),
    Broken(
        "forbidden option",
        argument("trust-remote-code", True),
        finding("ENGINE-FORBIDDEN", "trust-remote-code", "runs Python code", "leave it out"),
    ),
    Broken(
        "text for a switch",
        argument("enable-chunked-prefill", "yes"),
        finding("ENGINE-VALUE", "enable-chunked-prefill", '"yes"', "true or false"),
    ),
    Broken(
        "text for a whole number",
        argument("max-num-seqs", "many"),
        finding("ENGINE-VALUE", "max-num-seqs", '"many"', "whole number"),
    ),
    Broken(
        "boolean for a number",
        argument("max-num-seqs", True),
        finding("ENGINE-VALUE", "max-num-seqs", "true", "whole number"),
    ),
    Broken(
        "value that isn't a choice",
        argument("dtype", "float8"),
        finding("ENGINE-VALUE", "dtype", '"float8"', "bfloat16"),
    ),
    Broken(
        "option without a value",
        argument("seed", None),
        finding("CFG-VALUE", "seed", "the key has no value"),
    ),
    Broken(
        "unknown parser",
        argument("reasoning-parser", "qwen33"),
        finding("ENGINE-PARSER", "reasoning-parser", "`qwen33`", "did you mean `qwen3`"),
    ),
    Broken(
        "tools without a parser",
        argument("enable-auto-tool-choice", True),
        finding("ENGINE-PARSER", "enable-auto-tool-choice", "add tool-call-parser"),
    ),
    Broken(
        "a tokenizer of a plugin that the image lacks",
        argument("tokenizer-mode", "custom"),
        finding("ENGINE-PARSER", "tokenizer-mode", "`custom` is not a tokenizer mode", "`auto`"),
    ),
    Broken(
        "a format of configurations of a plugin that the image lacks",
        argument("config-format", "custom"),
        finding("ENGINE-PARSER", "config-format", "`custom` is not a format of configurations", "did you mean `auto`"),
    ),
    Broken(
        "buckets of a histogram that there is not",
        argument("custom-histogram-buckets", {"ttft": [1, 5]}),
        finding("ENGINE-BUCKETS", "custom-histogram-buckets.ttft", "`ttft` is not a family", "time_to_first_token"),
    ),
    *(
        Broken(
            f"buckets {bounds!r}",
            argument("custom-histogram-buckets", {"request_tokens": bounds}),
            finding("ENGINE-BUCKETS", "custom-histogram-buckets.request_tokens", "no upper bounds", "[0.1, 0.5, 1, 5]"),
        )
        for bounds in ([], [0, 1], [5, 1], [1, True], ["1"], "1, 5", 5)
    ),
    Broken(
        "buckets that end before an alert's limit, in quotes",
        argument("custom-histogram-buckets", '{"request_latency": [60, 600]}'),
        finding("ALERT-BUCKETS", "custom-histogram-buckets.request_latency", "ends at 600 s", "above 600"),
    ),
    Broken(
        "unknown quantization",
        argument("quantization", "awqq"),
        finding("ENGINE-QUANTIZATION", "quantization", "`awqq`", "did you mean `awq`"),
    ),
)
