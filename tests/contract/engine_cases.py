"""Options for vLLM, each with the rule that refuses them or none, and vLLM's own verdict.

`vllm` is "refuses" or "accepts", or the reason why vLLM can't decide here: it has no GPU, or reports only later.
"""

from dataclasses import dataclass, field
from typing import Any

REFUSES, ACCEPTS = "refuses", "accepts"

# Where a model of the catalog and a config.json of the same heads stand for each other.
MODELS = {
    "dense": "Qwen/Qwen3-8B",
    "experts": "Qwen/Qwen3-30B-A3B-Instruct-2507",
    "fp8": "mistralai/Ministral-3-8B-Instruct-2512",
    "gptq": "Qwen/Qwen3.5-122B-A10B-GPTQ-Int4",
}
_DENSE = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096, "intermediate_size": 12288,
    "num_hidden_layers": 2, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000,
    "max_position_embeddings": 40960, "torch_dtype": "bfloat16", "rms_norm_eps": 1e-5, "hidden_act": "silu",
    "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
CONFIGS: dict[str, dict[str, Any]] = {
    "dense": _DENSE,
    "experts": {
        **_DENSE, "architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "num_key_value_heads": 4,
        "num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768, "head_dim": 128,
        "decoder_sparse_step": 1, "norm_topk_prob": True, "mlp_only_layers": [],
    },
    "fp8": {**_DENSE, "quantization_config": {"quant_method": "fp8", "activation_scheme": "dynamic"}},
    "gptq": {
        **_DENSE,
        "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": False, "sym": True},
    },
}  # fmt: skip


@dataclass(frozen=True)
class EngineCase:
    """One set of options on one model; `rule` is the rule that must report it, None where no ENGINE rule may."""

    name: str
    args: dict[str, Any]
    rule: str | None
    vllm: str
    model: str = "dense"
    context: int = 8192
    engine: dict[str, Any] = field(default_factory=dict)


def _refused(name: str, rule: str, vllm: str = REFUSES, **more: Any) -> EngineCase:
    args = {key: more.pop(key) for key in list(more) if key not in ("model", "context", "engine")}
    return EngineCase(name, {key.replace("_", "-"): value for key, value in args.items()}, rule, vllm, **more)


def _accepted(name: str, vllm: str = ACCEPTS, **more: Any) -> EngineCase:
    args = {key: more.pop(key) for key in list(more) if key not in ("model", "context", "engine")}
    return EngineCase(name, {key.replace("_", "-"): value for key, value in args.items()}, None, vllm, **more)


_NO_GPU = "on a CPU vLLM refuses this because there is no GPU"
_LATER = "vLLM reports this only when the server runs"
_SILENT = "vLLM starts and serves no adapter"

TABLE = (
    # sizes of a step
    _refused("more requests than tokens", "ENGINE-BATCH", max_num_batched_tokens=100, max_num_seqs=256),
    _accepted("as many requests as tokens", max_num_batched_tokens=256, max_num_seqs=256),
    _accepted("few tokens, requests left to the platform", max_num_batched_tokens=64),
    _accepted("many requests, tokens left to the platform", max_num_seqs=1024),
    _refused(
        "whole prompts in too small a step",
        "ENGINE-BATCH",
        enable_chunked_prefill=False,
        max_num_batched_tokens=4096,
        max_num_seqs=8,
    ),
    _accepted("whole prompts, step left to the platform", enable_chunked_prefill=False, max_num_seqs=8),
    _refused(
        "negated spelling", "ENGINE-BATCH", disable_chunked_prefill=True, max_num_batched_tokens=4096, max_num_seqs=8
    ),
    _refused("more active than batched", "ENGINE-BATCH", max_num_seqs=8, max_num_active_seqs=9),
    _accepted("as many active as batched", max_num_seqs=8, max_num_active_seqs=8),
    _refused("threshold above the context", "ENGINE-BATCH", long_prefill_token_threshold=8193),
    _accepted("threshold at the context", long_prefill_token_threshold=8192),
    _accepted("throughput mode", performance_mode="throughput"),
    _accepted("one short request at a time", context=64, max_num_seqs=2),
    # adapters
    _refused("fewer adapters in memory than in a batch", "ENGINE-LORA", enable_lora=True, max_loras=4, max_cpu_loras=2),
    _accepted("as many adapters in memory as in a batch", enable_lora=True, max_loras=4, max_cpu_loras=4),
    _refused(
        "adapters that are not enabled",
        "ENGINE-LORA",
        _SILENT,
        lora_modules=["sql=/adapters/sql"],
        engine={"unsafe": [{"flag": "lora-modules", "reason": "a test"}]},
    ),
    _refused("rank that isn't offered", "ENGINE-VALUE", enable_lora=True, max_lora_rank=17),
    _accepted("rank that is offered", enable_lora=True, max_lora_rank=64),
    _refused("a number of adapters in words", "ENGINE-VALUE", enable_lora=True, max_cpu_loras="two"),
    # experts
    _refused("experts of a dense model", "ENGINE-EXPERTS", enable_expert_parallel=True),
    _accepted("experts of a mixture", enable_expert_parallel=True, model="experts"),
    _refused("balancing experts that aren't spread", "ENGINE-EXPERTS", enable_eplb=True, model="experts"),
    _refused("balancing on one GPU", "ENGINE-EXPERTS", enable_eplb=True, enable_expert_parallel=True, model="experts"),
    _refused(
        "spare experts without balancing", "ENGINE-EXPERTS", eplb_config={"num_redundant_experts": 2}, model="experts"
    ),
    # parallelism
    _refused("contexts without copies", "ENGINE-DCP", decode_context_parallel_size=2, engine={"tensor_parallel": 2}),
    _refused(
        "contexts that don't divide", "ENGINE-DCP", decode_context_parallel_size=3, engine={"tensor_parallel": 16}
    ),
    _refused("more contexts than copies", "ENGINE-DCP", decode_context_parallel_size=4, engine={"tensor_parallel": 16}),
    _accepted("a context for each copy", decode_context_parallel_size=2, engine={"tensor_parallel": 16}),
    # number formats
    _refused("AWQ for a plain checkpoint", "ENGINE-QUANTIZATION", quantization="awq"),
    _refused("GPTQ for a plain checkpoint", "ENGINE-QUANTIZATION", quantization="gptq"),
    _refused("compressed tensors for a plain checkpoint", "ENGINE-QUANTIZATION", quantization="compressed-tensors"),
    _accepted("fp8 for a plain checkpoint", quantization="fp8"),
    _refused("AWQ for a checkpoint in fp8", "ENGINE-QUANTIZATION", quantization="awq", model="fp8"),
    _accepted("fp8 for a checkpoint in fp8", quantization="fp8", model="fp8"),
    _refused("fp8 for a checkpoint in GPTQ", "ENGINE-QUANTIZATION", quantization="fp8", model="gptq"),
    _accepted("Marlin for a checkpoint in GPTQ", quantization="gptq_marlin", model="gptq"),
    _accepted("expert kernels for a checkpoint in GPTQ", quantization="moe_wna16", model="gptq"),
    _refused("a quantization that is gone", "ENGINE-QUANTIZATION", quantization="bitsandbytes"),
    _refused(
        "a cache in e5m2 beside weights in fp8",
        "ENGINE-KV-FORMAT",
        _LATER,
        model="fp8",
        engine={"kv_cache_dtype": "fp8_e5m2"},
    ),
    # values
    _refused("no requests at all", "ENGINE-LIMIT", max_num_seqs=0),
    _refused("a share of all", "ENGINE-LIMIT", watermark=1.0),
    _refused("a misspelt key", "ENGINE-JSON", structured_outputs_config={"bakend": "auto"}),
    _refused("a misspelt value of a key", "ENGINE-JSON", structured_outputs_config={"backend": "nope"}),
    _refused("a misspelt key in quotes", "ENGINE-JSON", structured_outputs_config='{"bakend": "auto"}'),
    _accepted("a known value of a key", structured_outputs_config={"backend": "xgrammar"}),
    _refused(
        "a misspelt key of the draft", "ENGINE-JSON", speculative_config={"metod": "ngram", "num_speculative_tokens": 2}
    ),
    _accepted(
        "a draft by n-grams",
        speculative_config={"method": "ngram", "num_speculative_tokens": 2, "prompt_lookup_max": 4},
    ),
    _refused("an unknown backend", "ENGINE-ATTENTION", attention_backend="NOPE"),
    _refused("a backend of another vendor", "ENGINE-ATTENTION", _NO_GPU, attention_backend="ROCM_ATTN"),
    EngineCase(
        "an option under two spellings",
        {"max-num-seqs": 9, "max_num_seqs": 8},
        "ENGINE-TWICE",
        "the later one counts",
    ),
    # options together
    _refused(
        "a method given twice",
        "ENGINE-TOGETHER",
        spec_method="ngram",
        speculative_config={"method": "ngram", "num_speculative_tokens": 2, "prompt_lookup_max": 4},
    ),
    _refused(
        "a backend given twice",
        "ENGINE-TOGETHER",
        attention_backend="FLASH_ATTN",
        attention_config={"backend": "FLASH_ATTN"},
    ),
    _refused(
        "a connector without a role", "ENGINE-TOGETHER", kv_transfer_config={"kv_connector": "OffloadingConnector"}
    ),
    _refused(
        "a connector with an unknown role",
        "ENGINE-JSON",
        kv_transfer_config={"kv_connector": "OffloadingConnector", "kv_role": "both"},
    ),
    _refused("nodes of memory without binding", "ENGINE-TOGETHER", numa_bind_nodes=[0]),
    _refused("an offloading backend for nothing", "ENGINE-TOGETHER", "vLLM ignores it", kv_offloading_backend="native"),
    _refused("tools without a parser", "ENGINE-PARSER", enable_auto_tool_choice=True),
    _accepted("tools with a parser", enable_auto_tool_choice=True, tool_call_parser="hermes"),
    _refused("an unknown parser", "ENGINE-PARSER", _LATER, enable_auto_tool_choice=True, tool_call_parser="herms"),
)
