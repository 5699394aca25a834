"""Slots for adapters (LoRA) on the GPU: every matrix that vLLM allocates at start, whatever adapters there are."""

import json
from typing import Any

import pytest
from fit_command import RunFit
from kv_cases import CATALOG, LLAMA_8B, demand
from planning_stacks import plan

from catalog import ModelArchitecture
from planning.memory import AdapterSlots, account
from planning.vllm.adapters import slots

GIB = 1024**3
QWEN_30B = CATALOG.models["Qwen/Qwen3-30B-A3B-Instruct-2507"]


def slots_gib(model: ModelArchitecture, adapters: AdapterSlots, **changes: Any) -> float:
    requested = demand(adapters=adapters, weights_gib=10.0, **changes)
    return account(model, 93.0, requested, CATALOG.overheads).overhead.adapters_gib


def test_every_projection_has_both_matrices() -> None:
    """Llama-3.1-8B: q, k, v of 4096, 1024, 1024; output; gate and up of 14336; down; embedding and head of 128256."""
    attention = 3 * 4096 + (4096 + 2 * 1024) + (4096 + 4096)
    feed_forward = 2 * 4096 + 2 * 14336 + (14336 + 4096)
    outer = 2 * (4096 + 128256)
    expected = 4 * 64 * (32 * (attention + feed_forward) + outer) * 2 / GIB
    assert slots_gib(LLAMA_8B, AdapterSlots(count=4, rank=64)) == pytest.approx(expected)


def test_one_side_of_each_projection_is_sharded_and_the_other_only_on_request() -> None:
    """On two GPUs: outputs of the first, inputs of the output and down projections; the other sides are whole."""
    split = (4096 + 2 * 1024) + 4096 + 2 * 14336 + 14336
    whole = 3 * 4096 + 4096 + 2 * 4096 + 4096
    outer = 2 * (4096 + 128256)
    for sharded, other in ((False, 1), (True, 2)):
        expected = 16 * (32 * (split / 2 + whole / other) + outer) * 2 / GIB
        found = slots_gib(LLAMA_8B, AdapterSlots(count=1, rank=16, sharded=sharded), tensor_parallel=2)
        assert found == pytest.approx(expected)


def test_every_expert_has_slots_too() -> None:
    """Qwen3-30B-A3B: 128 experts of width 768 in each of 48 layers are most of it."""
    experts = 48 * 128 * 16 * (2 * (2048 + 768) + 768 + 2048) * 2 / GIB
    found = slots_gib(QWEN_30B, AdapterSlots(count=1, rank=16))
    assert experts < found < 1.1 * experts
    parallel = slots_gib(QWEN_30B, AdapterSlots(count=1, rank=16), tensor_parallel=2, expert_parallel=True)
    assert experts / 2 < parallel < 1.15 * experts / 2


@pytest.mark.parametrize("name", CATALOG.models)
def test_slots_of_every_model_of_the_catalog_are_counted(name: str) -> None:
    model = CATALOG.models[name]
    if model.attention_kind != "none":
        one, two = (slots_gib(model, AdapterSlots(count=count, rank=16)) for count in (1, 2))
        assert 0 < one < two


def test_graphs_are_captured_again() -> None:
    without, with_slots, specialized = (
        account(LLAMA_8B, 93.0, demand(weights_gib=15.0, adapters=adapters), CATALOG.overheads).overhead.graphs_gib
        for adapters in (None, AdapterSlots(count=1, rank=16), AdapterSlots(count=1, rank=16, graphs=4))
    )
    assert (with_slots, specialized) == pytest.approx((2 * without, 4 * without))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, None),
        ({"enable-lora": False, "max-loras": 4}, None),
        ({"enable-lora": True}, AdapterSlots(count=1, rank=16)),
        (
            {"enable-lora": True, "max-loras": 4, "max-lora-rank": 64, "fully-sharded-loras": True},
            AdapterSlots(count=4, rank=64, sharded=True),
        ),
        # None, 1, 2, 4 and 6 active adapters.
        (
            {"enable-lora": True, "max-loras": 5, "specialize-active-lora": True},
            AdapterSlots(count=5, rank=16, graphs=5),
        ),
    ],
)
def test_slots_that_options_ask_for(options: dict[str, Any], expected: AdapterSlots | None) -> None:
    assert slots(options) == expected


def test_a_stack_with_adapters_has_less_for_its_kv_cache() -> None:
    def kv_gib(args: dict[str, Any]) -> float:
        given = {f"models[0].engine.args.{name}": value for name, value in args.items()}
        opened = [{"flag": "lora-modules", "reason": "a repository of the operator's own"}] if args else []
        return plan({**given, "models[0].engine.unsafe": opened}).models[0].releases[0].memory.kv_cache_gib

    lora = {"enable-lora": True, "lora-modules": ["support=acme/support-lora"]}
    assert kv_gib({**lora, "max-loras": 4, "max-lora-rank": 64}) < kv_gib(lora) < kv_gib({})


def test_fit_takes_them(run_fit: RunFit) -> None:
    options = ("--model", "Qwen/Qwen3-8B", "--gpu", "H100-NVL-94", "--context", "32768")
    plain = json.loads(run_fit(*options, "--json")[1])
    several = json.loads(run_fit(*options, "--max-loras", "4", "--max-lora-rank", "64", "--json")[1])
    assert several["overhead_gib"] > plain["overhead_gib"]
    assert "slots for adapters" in run_fit(*options, "--max-loras", "4")[1]
