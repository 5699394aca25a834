"""Published logs of vLLM and figures of its own planner: what a memory ledger must compute, each with its source.

Logs without a link are of private deployments that were published without one; sizes are GiB per GPU.
"""

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

import catalog
from catalog import ModelArchitecture
from planning import model_config
from planning.memory import Demand

CATALOG = catalog.load()
VLLM = CATALOG.vllm("0.33.0")


def dense(layers: int, heads: int, kv_heads: int, head_dim: int, **sizes: Any) -> ModelArchitecture:
    """A model with full attention in every layer, with what a ledger needs of it."""
    config = {
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv_heads,
        "head_dim": head_dim, "hidden_size": heads * head_dim, "max_position_embeddings": 131072, **sizes,
    }  # fmt: skip
    return replace(model_config.read(config, "published", VLLM), weights_gib=1.0)


def demand(**changes: Any) -> Demand:
    plain = Demand(
        tensor_parallel=1, context_tokens=4096, request_tokens=4096, concurrency=1, kv_cache_dtype="auto",
        kv_formats=tuple(VLLM.kv_cache_bytes.items()),        utilization=0.92, block_tokens=16,
    )  # fmt: skip
    return replace(plain, **changes)


LLAMA_8B = dense(32, 32, 8, 128, intermediate_size=14336, vocab_size=128256)
QWEN_7B = dense(28, 28, 4, 128, intermediate_size=18944, vocab_size=152064)
QWEN_32B = dense(64, 40, 8, 128)
QWEN_38 = CATALOG.models["Qwen/Qwen3.6-27B"]  # Qwen3.8-27B has the same layers


@dataclass(frozen=True)
class Tokens:
    """Available KV memory and what the log says it holds; `exact` where two digits of GiB leave no doubt.

    `tokens` and `blocks` are None where the log doesn't tell them.
    """

    source: str
    model: ModelArchitecture
    available_gib: float
    context: int
    tokens: int | None
    at_once: float
    exact: bool = False
    blocks: int | None = None
    changes: dict[str, Any] = field(default_factory=dict)


TOKENS = {
    "1: Llama-3.1-8B with an EAGLE layer on H100-80": Tokens(
        "vllm-project/vllm#19996", LLAMA_8B, 51.63, 131072, 410_128, 3.13, exact=True, changes={"eagle": 1},
    ),
    "2: Llama-3.1-8B on RTX 3090": Tokens("vllm-project/vllm#10517", LLAMA_8B, 3.81, 20000, 31_232, 1.56),
    "3: the same, longer: refused": Tokens("vllm-project/vllm#10517", LLAMA_8B, 2.89, 29000, 23_648, 0.82),
    "4: Qwen2.5-7B-AWQ on 16 GB": Tokens("log", QWEN_7B, 8.0, 32768, 149_712, 4.57),
    "5: Qwen3-VL-30B-A3B-FP8 on 96 GB, 0.20.2": Tokens(
        "log", dense(48, 32, 4, 128), 33.59, 32768, 366_880, 11.2, exact=True,
    ),
    "6: Llama-3.1-8B on A100-40": Tokens("log, model inferred", LLAMA_8B, 19.92, 32768, 163_168, 4.98),
    "11: a tiny Llama on CPU, 0.33": Tokens(
        "run of vLLM 0.33", dense(2, 4, 2, 32), 1.0, 512, 2_097_152, 4096.0, exact=True,
    ),
    # vLLM 0.33's own planner on specifications built by hand; in flight are 2 x batched_tokens.
    "12a: gpt-oss-20b": Tokens(
        "run of vLLM 0.33 kv_cache_planning", CATALOG.models["openai/gpt-oss-20b"], 36.56, 131072, None, 11.99,
        blocks=99_833, changes={"batched_tokens": 1024},
    ),
    "12b: gemma-3-27b": Tokens(
        "run of vLLM 0.33 kv_cache_planning", CATALOG.models["google/gemma-3-27b-it"], 20.0, 131072, None, 1.41,
        changes={"batched_tokens": 4096},
    ),
    "12c: DeepSeek with latent attention, blocks of 64": Tokens(
        "run of vLLM 0.33 kv_cache_planning", CATALOG.models["deepseek-ai/DeepSeek-R1-0528"], 30.0, 163840, 458_368,
        2.8, exact=True, changes={"block_tokens": 64},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Needed:
    """Bytes that one request needs, by vLLM's log."""

    source: str
    model: ModelArchitecture
    context: int
    needed_bytes: int
    changes: dict[str, Any] = field(default_factory=dict)


GIB = 1024**3
NEEDED = {
    "7: Qwen3-32B w4a16": Needed("log: 10.0 GiB KV cache is needed", QWEN_32B, 40960, 10 * GIB),
    "8: Qwen2.5-32B-AWQ": Needed("log: 1.0 GiB KV cache is needed", QWEN_32B, 4096, GIB),
    "9: Qwen3-VL-4B": Needed("log: 4.5 GiB KV cache is needed", dense(36, 32, 8, 128), 32768, 9 * GIB // 2),
    "10a: Qwen3.8-27B, prefix caching": Needed(
        "another project's test, traced from vLLM 0.29", QWEN_38, 262144, 17_520_656_384,
    ),
    "10b: Qwen3.8-27B, none": Needed(
        "another project's test, traced from vLLM 0.29", QWEN_38, 262144, 17_366_515_712, {"prefix_caching": False},
    ),
}  # fmt: skip


# What the sampler of older versions held for each logit: until 0.16 it sorted them. From Qwen3-14B's activations of
# 5.64 and 2.23 GiB, at 1024 sequences of 151,936 logits and 8192 tokens of 5120:
# llm-d-incubation/llm-d-planner @8f9dbb8d accuracy/accuracy_report.md, part 2.
SORTED, UNSORTED = 38.4, 14.9
UNTIL_0_16: dict[str, Any] = {"logit_bytes": SORTED, "counts_graphs": False, "keeps_workspace": False}
UNTIL_0_20: dict[str, Any] = {"logit_bytes": UNSORTED, "counts_graphs": False}
# Defaults of a server on GPUs of 70 GiB and more but A100: vllm/engine/arg_utils.py since 0.8.
LARGE_GPU: dict[str, Any] = {"batched_tokens": 8192, "sequences": 1024}
_LLM_D = "llm-d-incubation/llm-d-planner @8f9dbb8d accuracy/ (0.19.0, H100-80 of 79.19 GiB, utilization 0.95)"


@dataclass(frozen=True)
class Available:
    """A log that states the device's total: planned available KV memory is within 5 percent of the logged one.

    `weights_gib` are those loaded on one GPU. What the log doesn't tell is in `either`: settings of which each is
    possible; the logged figure then lies between the planned ones, and `unknown` says what they are about.
    """

    source: str
    model: ModelArchitecture
    total_gib: float
    utilization: float
    weights_gib: float
    logged_gib: float
    changes: dict[str, Any] = field(default_factory=dict)
    either: tuple[dict[str, Any], ...] = ()
    unknown: str | None = None


def experts(model: ModelArchitecture, width: int, number: int, *, of_token: int, shared: int) -> ModelArchitecture:
    """The model as a mixture of experts of one width, some of which work for each token and some for all."""
    active = (of_token + shared) * width
    return replace(
        model, intermediate=None, active_width=active, experts=number, experts_per_token=of_token, expert_width=width
    )


QWEN3_30B = CATALOG.models["Qwen/Qwen3-30B-A3B-Instruct-2507"]
QWEN3_NEXT = experts(replace(dense(48, 16, 2, 256, vocab_size=151936), hidden=2048), 512, 512, of_token=10, shared=1)
DEEPSEEK_V4_FLASH = experts(
    replace(dense(43, 64, 1, 512, vocab_size=129280), hidden=4096), 2048, 256, of_token=6, shared=1
)
AVAILABLE = {
    "2: Llama-3.1-8B on RTX 3090, 20,000 tokens in one batch": Available(
        "vllm-project/vllm#10517 (0.6, before chunked prefill)", LLAMA_8B, 23.58, 0.9, 14.99, 3.81,
        {"batched_tokens": 20000, "counts_graphs": False},
    ),
    "3: the same, 29,000 tokens": Available(
        "vllm-project/vllm#10517 (0.6, before chunked prefill)", LLAMA_8B, 23.58, 0.9, 14.99, 2.89,
        {"batched_tokens": 29000, "counts_graphs": False},
    ),
    "4: Qwen2.5-7B-AWQ on 16 GB": Available(
        "log: 14.39 - 5.29 - 1.04 - 0.48 - 0.06", QWEN_7B, 14.39 / 0.9, 0.9, 5.29, 8.0, {"counts_graphs": False},
        (UNTIL_0_16, UNTIL_0_20), "the version, and with it what the sampler holds",
    ),
    "Qwen3-Next-80B-A3B on two H200": Available(
        "log of 0.10.2, 2025-10-23: 125.83 - 74.28 - 5.58 - 1.38", QWEN3_NEXT, 139.81, 0.9, 74.28, 44.59,
        {"tensor_parallel": 2, **LARGE_GPU, **UNTIL_0_16},
    ),
    "Llama-3.1-8B on H100-80": Available(_LLM_D, LLAMA_8B, 79.19, 0.95, 14.99, 58.11, {**LARGE_GPU, **UNTIL_0_20}),
    "Llama-3.1-8B on two H100-80": Available(
        f"{_LLM_D}: 75.23 - 7.51 - 1.89 - 2.07", LLAMA_8B, 79.19, 0.95, 7.51, 63.76,
        {"tensor_parallel": 2, **LARGE_GPU, **UNTIL_0_20},
    ),
    "Llama-3.1-8B on four H100-80": Available(
        f"{_LLM_D}: 75.23 - 3.77 - 1.89 - 2.13", LLAMA_8B, 79.19, 0.95, 3.77, 67.44,
        {"tensor_parallel": 4, **LARGE_GPU, **UNTIL_0_20},
    ),
    "Qwen2.5-7B on H100-80": Available(_LLM_D, QWEN_7B, 79.19, 0.95, 14.25, 58.53, {**LARGE_GPU, **UNTIL_0_20}),
    "Qwen3-30B-A3B on H100-80": Available(
        f"{_LLM_D}: 75.23 - 56.88 - 2.68 - 0.27", QWEN3_30B, 79.19, 0.95, 56.88, 15.40, {**LARGE_GPU, **UNTIL_0_20},
    ),
    # The two below were taken for logs without CUDA graphs. What vLLM then called peak activation holds their estimate.
    "Qwen3-235B-A22B-FP8 on four RTX PRO 6000": Available(
        "log of vllm-openai:latest, 2026-08-21: 85.51 - 56.89 (55.19 of them weights) - 0.76, 32 sequences",
        CATALOG.models["Qwen/Qwen3-235B-A22B-Instruct-2507-FP8"], 95.01, 0.9, 55.19, 27.85,
        {"tensor_parallel": 4, "batched_tokens": 8192, "sequences": 32, "nvlink": False},
    ),
    "DeepSeek-V4-Flash on B300": Available(
        "log of 0.26.0, 2026-08-06: 246.27 - 156.32 - 2.99 - 0.23", DEEPSEEK_V4_FLASH, 267.69, 0.92, 156.32, 86.74,
        LARGE_GPU,
    ),
    "Llama-3.1-8B on A100-80": Available(
        "log of 0.31.0, 2026-10-06: 72.91 - 15.26 - 1.44", LLAMA_8B, 79.25, 0.92, 15.0, 56.21,
    ),
    "gpt-oss-120b on H100-80, small batches": Available(
        "vllm-project/vllm#27508 (0.11)", CATALOG.models["openai/gpt-oss-120b"], 79.19, 0.95, 65.97, 1.71,
        {"batched_tokens": 1024, "sequences": 1024, **UNTIL_0_16},
        ({"weights_gib": 65.97}, {"weights_gib": 64.38}), "weights: 65.97 GiB in 0.10 (#23278), 64.38 in 0.14 (#33155)",
    ),
}  # fmt: skip
# Logs in which nothing was left: the planned figure is negative as well, and off by at most 1 percent of the device.
NOTHING_LEFT = {
    "gpt-oss-120b on H100-80": Available(
        "vllm-project/vllm#23278 (0.10)", CATALOG.models["openai/gpt-oss-120b"], 79.19, 0.9, 65.97, -2.14,
        {**LARGE_GPU, **UNTIL_0_16},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Failure:
    """A stack that vLLM did not start, at the settings that it was given."""

    source: str
    model: str
    gpu: str
    settings: dict[str, Any]


FAILURES = {
    "gpt-oss-120b on one H100-80": Failure("vllm-project/vllm#23278", "openai/gpt-oss-120b", "H100-80", {}),
    "the same with 0.95 and small batches": Failure(
        "vllm-project/vllm#27508", "openai/gpt-oss-120b", "H100-80", {"utilization": 0.95, "batched_tokens": 1024},
    ),
    "more sequences than blocks for their states": Failure(
        "kaito-project/kaito#2319", "Qwen/Qwen3.6-27B", "H100-80", {"context": 32768},
    ),
    "Qwen2.5-32B-AWQ's cousin, a request larger than the cache": Failure(
        "log: 1.0 GiB needed, 0.58 available", "Qwen/Qwen3-32B", "A100-80", {"context": 4096, "kv_cache_gib": 0.58},
    ),
}  # fmt: skip
