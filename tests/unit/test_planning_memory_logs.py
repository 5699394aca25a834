"""The memory ledger compared with published logs of vLLM: tokens, memory that is left, and failed starts."""

from typing import Any

import pytest
from kv_cases import (
    AVAILABLE,
    CATALOG,
    FAILURES,
    GIB,
    NEEDED,
    NOTHING_LEFT,
    QWEN_32B,
    TOKENS,
    Available,
    Failure,
    Needed,
    Tokens,
    demand,
)
from msgspec.structs import replace

from planning.fit import Answer, Question, answer
from planning.memory import (
    Draft,
    account,
    block_pool,
    ledger,
)

OVERHEADS = CATALOG.overheads


@pytest.mark.parametrize("case", TOKENS.values(), ids=TOKENS.keys())
def test_tokens_of_published_logs(case: Tokens) -> None:
    changes = dict(case.changes)
    eagle = changes.pop("eagle", 0)
    requested = demand(context_tokens=case.context, available_kv_gib=case.available_gib, **changes)
    if eagle:
        requested = replace(requested, draft=Draft(tokens=3, layers=eagle))
    found = account(case.model, 1.0, requested, OVERHEADS)
    if case.tokens is not None:
        assert abs(found.memory.kv_tokens - case.tokens) <= (0 if case.exact else case.tokens * 0.005)
    assert case.blocks is None or found.blocks == case.blocks
    assert found.memory.max_concurrency == pytest.approx(case.at_once, abs=0.01)
    assert found.memory.fits == (case.at_once >= 1)


@pytest.mark.parametrize("case", NEEDED.values(), ids=NEEDED.keys())
def test_needed_memory_of_published_logs(case: Needed) -> None:
    requested = demand(context_tokens=case.context, **case.changes)
    pool = block_pool(case.model, requested)
    assert pool.blocks_of(case.context) * pool.block_bytes == case.needed_bytes
    # One block more than the request: vLLM keeps one for itself.
    needed, block = case.needed_bytes / GIB, pool.block_bytes / GIB
    assert not ledger(case.model, 1.0, replace(requested, available_kv_gib=needed), OVERHEADS).fits
    assert ledger(case.model, 1.0, replace(requested, available_kv_gib=needed + block), OVERHEADS).fits


def planned_gib(case: Available, **changes: Any) -> float:
    """The ledger's available KV memory; the log states loaded weights, to which nothing is added."""
    logged = {"utilization": case.utilization, "weights_gib": case.weights_gib, **case.changes, **changes}
    requested = demand(**{**logged, "weights_gib": logged["weights_gib"] * logged.get("tensor_parallel", 1)})
    return ledger(case.model, case.total_gib, requested, replace(OVERHEADS, weights_factor=1.0)).kv_cache_gib


@pytest.mark.parametrize("case", AVAILABLE.values(), ids=AVAILABLE.keys())
def test_available_memory_of_published_logs(case: Available) -> None:
    if case.either:
        planned = [planned_gib(case, **changes) for changes in case.either]
        assert min(planned) <= case.logged_gib <= max(planned), case.unknown
    else:
        assert planned_gib(case) == pytest.approx(case.logged_gib, rel=0.05)


@pytest.mark.parametrize("case", NOTHING_LEFT.values(), ids=NOTHING_LEFT.keys())
def test_where_no_memory_was_left_none_is_planned(case: Available) -> None:
    assert planned_gib(case) < 0
    assert planned_gib(case) == pytest.approx(case.logged_gib, abs=0.01 * case.total_gib)


def test_memory_besides_the_weights_does_not_grow_with_them() -> None:
    """KAITO adds 5 percent of the weights; the logs of 55 and 156 GiB on one GPU have 2.5 and 3.2 GiB in all."""
    model = CATALOG.models["Qwen/Qwen3-235B-A22B-Instruct-2507-FP8"]
    small, large = (account(model, 300.0, demand(weights_gib=size), OVERHEADS) for size in (60.0, 220.0))
    assert small.overhead == large.overhead
    unknown = replace(model, active_width=None)
    small, large = (account(unknown, 300.0, demand(weights_gib=size), OVERHEADS) for size in (60.0, 220.0))
    assert large.overhead.total_gib - small.overhead.total_gib == pytest.approx(0.05 * 160 * 1.007)


@pytest.mark.parametrize("case", FAILURES.values(), ids=FAILURES.keys())
def test_a_model_that_vllm_did_not_start_does_not_fit(case: Failure) -> None:
    found = answer(Question(model=case.model, gpu=case.gpu, **case.settings), CATALOG)
    assert isinstance(found, Answer)
    assert not found.memory.fits


def test_a_request_that_vllm_refused_and_the_longest_that_it_would_take() -> None:
    """vLLM 0.33: 40,960 tokens of Qwen3-32B, 1.25 GiB: `the estimated maximum model length is 5104`."""
    found = account(QWEN_32B, 1.0, demand(context_tokens=40960, available_kv_gib=1.25), OVERHEADS)
    assert not found.memory.fits
    assert found.longest_context == 5104
