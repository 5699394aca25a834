"""The memory ledger against published start-up logs of vLLM: tokens given the KV memory, and the whole ledger.

Never more than 2 percent too much; within 5 percent, or at most 1 GiB too little.
"""

from typing import Any

import pytest
from kv_cases import AVAILABLE, CATALOG, VLLM, Available, demand
from msgspec.structs import replace
from published_logs import GIB, GIVEN, WHOLE, Given, Whole
from published_models import (
    GLM_5_2,
    GPT_OSS_20B,
    GPT_OSS_120B,
    MINIMAX_M2,
    MINIMAX_M2_FP8,
    NEMOTRON_NANO,
    NEMOTRON_SUPER,
    QWEN35_9B,
    read,
)
from test_planning_hf_config import LLAMA, PUBLISHED

from planning import model_config
from planning.memory import account, activation_bytes, block_pool, ledger
from planning.memory.weights import weights_on_gpu

OVERHEADS = CATALOG.overheads
TOO_MUCH, TOO_LITTLE, TOO_LITTLE_GIB = 0.02, 0.05, 1.0


def accepted(planned_gib: float, logged_gib: float) -> bool:
    more = planned_gib - logged_gib
    if more > 0:
        return more <= TOO_MUCH * abs(logged_gib)
    return -more <= max(TOO_LITTLE * abs(logged_gib), TOO_LITTLE_GIB)


@pytest.mark.parametrize("case", GIVEN.values(), ids=GIVEN.keys())
def test_tokens_given_the_kv_memory(case: Given) -> None:
    requested = demand(context_tokens=case.context, available_kv_gib=case.available_gib, **case.changes)
    found = account(case.model, 1.0, requested, OVERHEADS)
    if case.tokens is not None:
        assert found.memory.kv_tokens == pytest.approx(case.tokens, rel=0.005)
    if case.at_once is not None:
        # Logs round to two digits.
        assert found.memory.max_concurrency == pytest.approx(case.at_once, rel=0.005, abs=0.01)
        assert found.memory.fits
    if case.blocks is not None:
        assert found.blocks == pytest.approx(case.blocks, rel=0.001)
    if case.block_tokens is not None:
        assert found.pool.block_tokens == case.block_tokens
    if case.longest is not None:
        assert found.longest_context == pytest.approx(case.longest, rel=0.005)
        assert not found.memory.fits
    if case.needed_gib is not None:
        pool = block_pool(case.model, requested)
        assert pool.blocks_of(case.context) * pool.block_bytes / GIB == pytest.approx(case.needed_gib, abs=0.01)


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("Qwen/Qwen3.5-9B", QWEN35_9B),
        ("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", NEMOTRON_NANO),
        ("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-NVFP4", NEMOTRON_NANO),
        ("nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-BF16", NEMOTRON_SUPER),
        ("nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4", NEMOTRON_SUPER),
        ("zai-org/GLM-5.2-FP8", GLM_5_2),
        ("MiniMaxAI/MiniMax-M2.7", MINIMAX_M2),
        ("openai/gpt-oss-20b", GPT_OSS_20B),
        ("openai/gpt-oss-120b", GPT_OSS_120B),
    ],
)
def test_rows_of_the_catalog_are_computed_as_their_configurations_are(name: str, config: dict[str, Any]) -> None:
    """So the logs of these configurations hold for the catalog as well."""
    requested = demand(capability="9.0", context_tokens=65536)
    row, published = CATALOG.models[name], read(config)
    pools = [block_pool(model, requested) for model in (row, published)]
    assert pools[0].block_bytes == pools[1].block_bytes
    assert pools[0].blocks_of(65536) == pools[1].blocks_of(65536)
    assert activation_bytes(row, requested) == activation_bytes(published, requested)


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("openai/gpt-oss-20b", GPT_OSS_20B),
        ("openai/gpt-oss-120b", GPT_OSS_120B),
        ("MiniMaxAI/MiniMax-M2.7", MINIMAX_M2_FP8),
        ("meta-llama/Llama-3.1-8B-Instruct", LLAMA),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", PUBLISHED["Qwen3-30B-A3B"][0]),
    ],
)
@pytest.mark.parametrize("gpus", [1, 2, 4])
def test_weights_of_rows_are_computed_from_their_configurations(name: str, config: dict[str, Any], gpus: int) -> None:
    """Loaded, at most 1 percent below the row's size and 2 above."""
    row, published = CATALOG.models[name], model_config.read(config, name, VLLM)
    assert row.weights_gib is not None
    assert published.weights_gib is not None
    requested = demand(tensor_parallel=gpus)
    of_row = weights_on_gpu(row, row.weights_gib, requested, OVERHEADS)
    computed = weights_on_gpu(published, published.weights_gib, requested, OVERHEADS)
    assert -0.01 <= computed / of_row - 1 <= TOO_MUCH


def planned_gib(case: Whole, **changes: object) -> float:
    settings = {"context_tokens": 4096, **case.changes, "utilization": case.utilization, **changes}
    return ledger(case.model, case.total_gib, demand(**settings), OVERHEADS).kv_cache_gib


@pytest.mark.parametrize("case", WHOLE.values(), ids=WHOLE.keys())
def test_what_is_left_beside_the_loaded_weights(case: Whole) -> None:
    """The log's weights are taken as they are, which tests every other part."""
    loaded = replace(OVERHEADS, weights_factor=1.0)
    total = case.loaded_gib * case.changes.get("tensor_parallel", 1)
    model = replace(case.model, draft_weights_gib=None)
    settings = {"context_tokens": 4096, **case.changes, "utilization": case.utilization, "weights_gib": total}
    planned = ledger(model, case.total_gib, demand(**settings), loaded).kv_cache_gib
    assert accepted(planned, case.logged_gib), f"planned {planned}, logged {case.logged_gib}"


@pytest.mark.parametrize("name", [name for name, case in WHOLE.items() if case.stored_gib is not None])
def test_what_is_left_beside_weights_that_are_computed_from_the_checkpoint(name: str) -> None:
    case = WHOLE[name]
    assert case.stored_gib is not None
    planned = planned_gib(case, weights_gib=case.stored_gib)
    assert accepted(planned, case.logged_gib), f"planned {planned}, logged {case.logged_gib}"


@pytest.mark.parametrize("name", [name for name, case in AVAILABLE.items() if not case.either])
def test_older_logs_are_not_planned_too_large_either(name: str) -> None:
    case: Available = AVAILABLE[name]
    settings = {"utilization": case.utilization, "context_tokens": 4096, **case.changes}
    total = case.weights_gib * settings.get("tensor_parallel", 1)
    planned = ledger(
        case.model, case.total_gib, demand(**settings, weights_gib=total), replace(OVERHEADS, weights_factor=1.0)
    ).kv_cache_gib
    assert accepted(planned, case.logged_gib), f"planned {planned}, logged {case.logged_gib}"
