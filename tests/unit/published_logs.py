"""Start-up logs of vLLM 0.10 to 0.31 published by others, read on 2026-11-28: figures, source and settings of each.

Sources by a number of six digits or more are public files found by exact text in an index that doesn't name their
repository. Where a version before 0.33 behaves otherwise, `changes` has the field of `Demand` for it.
"""

from dataclasses import dataclass, field
from typing import Any

from kv_cases import CATALOG, LARGE_GPU, LLAMA_8B, QWEN3_30B, QWEN_7B, UNTIL_0_16, UNTIL_0_20, dense
from published_models import (
    GLM_5_2,
    GLM_5_3_FLASH,
    LLAVA_MISTRAL,
    MINIMAX_M2,
    MINIMAX_M3,
    NEMOTRON_NANO,
    NEMOTRON_SUPER,
    QWEN35_9B,
    QWEN_35_122B,
    QWEN_38_27B,
    read,
)  # fmt: skip

from catalog import ModelArchitecture
from planning.memory import Draft

GIB = 1024**3
# Until 0.31 a request held two states with prefix caching, and until 0.26 at least it could take every block.
TWO_STATES: dict[str, Any] = {"stored_states": 1}
NO_NULL_BLOCK: dict[str, Any] = {"null_block": False}
FP8: dict[str, Any] = {"kv_cache_dtype": "fp8"}
UNCACHED: dict[str, Any] = {"prefix_caching": False}


@dataclass(frozen=True)
class Given:
    """KV memory as the log states it, and what it holds; None where the log doesn't tell.

    `needed_gib` is what one request of the whole context needs, `longest` the longest that would fit.
    """

    source: str
    model: ModelArchitecture
    available_gib: float
    context: int
    tokens: int | None = None
    at_once: float | None = None
    blocks: int | None = None
    block_tokens: int | None = None
    longest: int | None = None
    needed_gib: float | None = None
    changes: dict[str, Any] = field(default_factory=dict)


_SPARK = {"capability": "12.1"}
GIVEN = {
    "A1 Qwen3.8-27B-FP8 on L40S, 0.26.0, utilization 0.90": Given(
        "61942353725, 2026-09-05", QWEN_38_27B, 8.82, 131072, 141_036, 1.08, blocks=184,
        changes={**UNCACHED, "capability": "8.9"},
    ),
    "A3 the same, 0.86: refused": Given(
        "61942353725, 2026-09-05", QWEN_38_27B, 7.04, 131072, longest=112_896, needed_gib=8.18,
        changes={**UNCACHED, **NO_NULL_BLOCK, "capability": "8.9"},
    ),
    "A4 Qwen3.5-9B on L40S, 0.19.0": Given(
        "51781852921, 2026-04-07", read(QWEN35_9B), 20.27, 262144, at_once=2.52, block_tokens=528,
        changes={**UNCACHED, "capability": "8.9"},
    ),
    "A5 Qwen3.6-27B-NVFP4 on GB10, 0.23.1rc1": Given(
        "61544841280, 2026-07-02", QWEN_38_27B, 47.84, 262144, 1_505_068, 5.74, block_tokens=1568,
        changes={**FP8, **TWO_STATES, **_SPARK},
    ),
    "A7 Qwen3.5-122B-A10B on GB10, 12 GiB pinned": Given(
        "66756784209, 2026-09-07", QWEN_35_122B, 12.0, 262144, 508_031, 1.94, block_tokens=2096,
        changes={**UNCACHED, **_SPARK},
    ),
    "A9 Qwen3.8-27B-FP8 with one drafted token": Given(
        "69437424431", QWEN_38_27B, 44.57, 65536, at_once=18.06, blocks=867, block_tokens=1584,
        changes={**FP8, **UNCACHED, "draft": Draft(tokens=1, layers=1)},
    ),
    "A10 Nemotron-3-Nano NVFP4 on RTX 5090, 0.20.1rc1": Given(
        "51923877316, 2026-05-01", read(NEMOTRON_NANO), 3.72, 256000, 1_206_303, 4.71, block_tokens=4176,
        changes={**FP8, **UNCACHED, "capability": "12.0"},
    ),
    "A11 Nemotron-3-Super NVFP4 on GB10, 6 GiB pinned": Given(
        "66756784209 and 69195897022, 2026-09-07", read(NEMOTRON_SUPER), 6.0, 262144, 1_179_648, 4.5, blocks=189,
        block_tokens=8320, changes={**FP8, **TWO_STATES, **_SPARK},
    ),
    "A12 llava-v1.6-mistral-7b on H100-80, 0.10.2": Given(
        "34680831065, 2025-09-23", read(LLAVA_MISTRAL), 59_212_694_937 / GIB, 4096, 451_744, 110.29,
    ),
    "A13 Llama-3.1-8B on A100-40, 0.15.1": Given("34342936495, 2026-02-06", LLAMA_8B, 19.28, 131072, 157_936, 1.2),
    "A15 MiniMax-M2.7-AWQ on two GPUs, 0.29.1rc1": Given(
        "eugr/spark-vllm-docker#396", read(MINIMAX_M2), 22.5, 196608, longest=190_272, needed_gib=23.25,
        changes={"tensor_parallel": 2},
    ),
    "A17 GLM-5.2-NVFP4 on four GB200, 0.26.0": Given(
        "61511710941, 2026-08-20", read(GLM_5_2), 50.62, 819200, 1_139_456, 1.39, blocks=17_804,
        changes={**FP8, "tensor_parallel": 4, "expert_parallel": True, "capability": "10.0"},
    ),
    "A19 Qwen3-30B-A3B-FP8": Given(
        "vllm-project/vllm#25350, 2025-09", QWEN3_30B, 10.55, 100000, 230_528, 2.31, changes=FP8,
    ),
    "A19 the same, 221,000 tokens: refused": Given(
        "vllm-project/vllm#25350, 2025-09", QWEN3_30B, 5.59, 221000, longest=122_080, needed_gib=10.12, changes=FP8,
    ),
    # Of the build of 2026-09, which stored no states on the way.
    "GLM-5.3-Flash on four H200, 6 GiB pinned, three drafted tokens": Given(
        "58565249531, 2026-09-02", read(GLM_5_3_FLASH), 6.0, 131072, 443_628, 3.38, blocks=440, block_tokens=1152,
        changes={**TWO_STATES, "tensor_parallel": 4, "capability": "9.0", "draft": Draft(tokens=3, layers=1)},
    ),
    "MiniMax-M3 on two GPUs, 0.23.1rc1": Given(
        "60171799662, 2026-07-08", read(MINIMAX_M3), 16.81, 8192, 237_312, blocks=1854, block_tokens=128,
        changes={"tensor_parallel": 2},
    ),
    "A20 Qwen2.5-7B-AWQ on H200, 0.31.0": Given("70347757402", QWEN_7B, 34.79, 4096, 651_504, 159.06),
}  # fmt: skip


@dataclass(frozen=True)
class Whole:
    """A log with the device's total and the loaded weights of one GPU: what is left for the KV cache.

    `stored_gib` is the checkpoint where it is known too: then the ledger is held to the log with its own weights.
    """

    source: str
    model: ModelArchitecture
    total_gib: float
    utilization: float
    loaded_gib: float
    logged_gib: float
    changes: dict[str, Any] = field(default_factory=dict)
    stored_gib: float | None = None


_BEFORE_0_16: dict[str, Any] = {**LARGE_GPU, **UNTIL_0_16, "context_tokens": 16000, "capability": "9.0"}
_LLM_D = "llm-d/llm-d-benchmark @25933486 config_explorer/empirical-vllm-memory-results.md"
_L40S: dict[str, Any] = {**UNCACHED, "context_tokens": 131072, "capability": "8.9", "nvlink": False}
_QWEN_06B = dense(28, 16, 8, 128, hidden_size=1024, intermediate_size=3072, vocab_size=151936)
_LLAMA_70B = CATALOG.models["meta-llama/Llama-3.3-70B-Instruct"]
WHOLE = {
    "B1 Qwen3.8-27B-FP8 on L40S, 0.26.0, 0.86": Whole(
        "61942353725, 2026-09-05", QWEN_38_27B, 44.42, 0.86, 28.51, 7.04, _L40S, 28.75,
    ),
    "B2 the same, 0.90": Whole("61942353725, 2026-09-05", QWEN_38_27B, 44.42, 0.9, 28.51, 8.82, _L40S, 28.75),
    "B2 the same, 16 sequences": Whole(
        "61942353725, 2026-09-05", QWEN_38_27B, 44.42, 0.9, 28.51, 9.75, {**_L40S, "sequences": 16}, 28.75,
    ),
    "B4 Qwen3.5-9B on L40S, 0.19.0": Whole(
        "51781852921, 2026-04-07", read(QWEN35_9B), 44.42, 0.9, 17.66, 20.27,
        {**_L40S, **UNTIL_0_20, "context_tokens": 262144, "batched_tokens": 8192},
    ),
    "B5 llava-v1.6-mistral-7b on H100-80, 0.10.2": Whole(
        "34680831065, 2025-09-23: 71.27 - 14.08 - 1.97 - 0.07", read(LLAVA_MISTRAL), 79.19, 0.9, 14.08, 55.15,
        {**UNTIL_0_16, "batched_tokens": 16384, "capability": "9.0"},
    ),
    "B6 Llama-3.1-8B on A100-40, 0.15.1, eager": Whole(
        "34342936495, 2026-02-06", LLAMA_8B, 39.49, 0.9, 14.99, 19.28,
        {**UNTIL_0_16, "context_tokens": 131072, "batched_tokens": 8192, "eager": True, "capability": "8.0"}, 14.96,
    ),
    "B7 gpt-oss-20b on H100-80": Whole(
        f"{_LLM_D}: 71.26 - 13.47 - 7.38 - 0.13", CATALOG.models["openai/gpt-oss-20b"], 79.18, 0.9, 13.47, 50.28,
        _BEFORE_0_16,
    ),
    "B8 gpt-oss-120b on H100-80, 0.95": Whole(
        f"{_LLM_D}: 64.38, 7.38, 0.13", CATALOG.models["openai/gpt-oss-120b"], 79.18, 0.95, 64.38, 3.33, _BEFORE_0_16,
    ),
    "B9 Qwen3-0.6B on H100-80": Whole(
        f"{_LLM_D}: 71.26 - 1.12 - 5.56 - 0.13", _QWEN_06B, 79.18, 0.9, 1.12, 64.45, _BEFORE_0_16, 1.11,
    ),
    "B10 Qwen3-32B on H100-80": Whole(
        f"{_LLM_D}: 71.26 - 61.03 - 5.64 - 0.14", CATALOG.models["Qwen/Qwen3-32B"], 79.18, 0.9, 61.03, 4.45,
        _BEFORE_0_16, 61.0,
    ),
    "B11 Llama-3.3-70B-FP8 on H100-80: refused": Whole(
        f"{_LLM_D}: 71.26 - 67.72 - 4.84 - 0.14", _LLAMA_70B, 79.18, 0.9, 67.72, -1.44, _BEFORE_0_16, 67.69,
    ),
    "B12 Llama-3.3-70B-FP8 on two H100-80": Whole(
        f"{_LLM_D}: 71.26 - 33.88 - 4.84 - 0.55", _LLAMA_70B, 79.18, 0.9, 33.88, 32.0,
        {**_BEFORE_0_16, "tensor_parallel": 2},
    ),
    "B13 gpt-oss-120b on eight RTX PRO 4500, 0.28": Whole(
        "vllm-project/vllm#51590", CATALOG.models["openai/gpt-oss-120b"], 31.38, 0.95, 9.98, 19.0,
        {"tensor_parallel": 8, "nvlink": False, "capability": "12.0"},
    ),
    "B15 Nemotron-3-Nano NVFP4 on RTX 5090, 0.20.1rc1": Whole(
        "51923877316, 2026-05-01", read(NEMOTRON_NANO), 31.36, 0.85, 18.54, 3.72,
        {
            **FP8, **UNCACHED, "batched_tokens": 32768, "sequences": 128, "context_tokens": 256000, "nvlink": False,
            "capability": "12.0",
        },
    ),
    "B16 GLM-5.2-NVFP4 on four GB200, 0.26.0": Whole(
        "61511710941, 2026-08-20: 169.56 - 106.69 - 6.31 - 0.95 - 4.99", read(GLM_5_2), 184.31, 0.92, 106.69, 50.62,
        {
            **FP8, **LARGE_GPU, "tensor_parallel": 4, "expert_parallel": True, "context_tokens": 819200,
            "capability": "10.0", "largest_graph": 512, "sparse_workspace_factor": 5,
        },
    ),
}  # fmt: skip
