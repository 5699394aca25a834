"""The memory ledger against published logs of vLLM, and what must hold for every model and device."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import catalog
from catalog import Model
from planning import hf_config
from planning.memory import (
    GIB,
    KV_BYTES,
    Demand,
    has_dense_cache,
    kv_bytes_per_token,
    ledger,
    longest_context,
    most_at_once,
)

CATALOG = catalog.load()
OVERHEADS = CATALOG.overheads
DENSE = [name for name, model in CATALOG.models.items() if has_dense_cache(model) and model.weights_gib is not None]


def dense(layers: int, heads: int, kv_heads: int, head_dim: int, weights_gib: float = 1.0) -> Model:
    config = {
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv_heads,
        "head_dim": head_dim, "hidden_size": heads * head_dim, "max_position_embeddings": 131072,
    }  # fmt: skip
    return replace(hf_config.read(config, "published"), weights_gib=weights_gib)


def demand(**changes: object) -> Demand:
    plain = Demand(
        tensor_parallel=1, context_tokens=4096, request_tokens=4096, concurrency=1, kv_cache_dtype="auto",
        utilization=0.92, block_tokens=16,
    )  # fmt: skip
    return replace(plain, **changes)


# Published logs of vLLM: available GiB, longest request, tokens and requests at once as logged. Where the log's two
# digits of GiB leave no doubt the tokens are exact, else within half a percent.
LLAMA_8B = dense(32, 32, 8, 128)
CASES = {
    "Llama-3.1-8B with an EAGLE layer, vllm-project/vllm#19996": (
        dense(33, 32, 8, 128), 51.63, 131072, 410_128, 3.13, "exact",
    ),
    "Llama-3.1-8B on RTX 3090, vllm-project/vllm#10517": (LLAMA_8B, 3.81, 20000, 31_232, 1.56, "near"),
    "the same, longer: vLLM refused it": (LLAMA_8B, 2.89, 29000, 23_648, 0.82, "near"),
    "Qwen2.5-7B-AWQ on 16 GB": (dense(28, 28, 4, 128), 8.0, 32768, 149_712, 4.57, "near"),
    "Qwen3-VL-30B-A3B-FP8 on 96 GB": (dense(48, 32, 4, 128), 33.59, 32768, 366_880, 11.2, "exact"),
    "Llama-3.1-8B on A100-40": (LLAMA_8B, 19.92, 32768, 163_168, 4.98, "near"),
    "a tiny Llama on CPU": (dense(2, 4, 2, 32), 1.0, 512, 2_097_152, 4096.0, "exact"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("model", "available", "context", "reported", "at_once", "nearness"), CASES.values(), ids=CASES.keys()
)
def test_tokens_of_published_logs(
    model: Model, available: float, context: int, reported: int, at_once: float, nearness: str
) -> None:
    found = ledger(model, 1.0, demand(context_tokens=context, available_kv_gib=available), OVERHEADS)
    assert abs(found.kv_tokens - reported) <= (0 if nearness == "exact" else reported * 0.005)
    assert found.max_concurrency == pytest.approx(at_once, abs=0.01)
    assert found.fits == (reported >= context)


@pytest.mark.parametrize(
    ("model", "context", "needed_gib"),
    [
        (dense(64, 40, 8, 128), 40960, 10.0),  # Qwen3-32B: "10.0 GiB KV cache is needed"
        (dense(64, 40, 8, 128), 4096, 1.0),  # Qwen2.5-32B-AWQ: "1.0 GiB KV cache is needed"
        (dense(36, 32, 8, 128), 32768, 4.5),  # Qwen3-VL-4B: "4.5 GiB KV cache is needed"
    ],
)
def test_memory_that_vllm_says_is_needed(model: Model, context: int, needed_gib: float) -> None:
    per_token = kv_bytes_per_token(model, demand())
    assert per_token * context == needed_gib * GIB
    # One block more than the request: vLLM keeps one for itself.
    block_gib = 16 * per_token / GIB
    asked = demand(context_tokens=context)
    assert not ledger(model, 1.0, replace(asked, available_kv_gib=needed_gib), OVERHEADS).fits
    assert ledger(model, 1.0, replace(asked, available_kv_gib=needed_gib + block_gib), OVERHEADS).fits


def test_a_request_that_vllm_refused_and_the_longest_that_it_would_take() -> None:
    """vLLM 0.33: 40,960 tokens of Qwen3-32B, 1.25 GiB: `the estimated maximum model length is 5104`."""
    found = ledger(dense(64, 40, 8, 128), 1.0, demand(context_tokens=40960, available_kv_gib=1.25), OVERHEADS)
    assert not found.fits
    assert longest_context(found, 40960, 16) == 5104


def test_the_identity_of_the_budget() -> None:
    found = ledger(CATALOG.models["Qwen/Qwen3-8B"], 46.38, demand(), OVERHEADS)
    assert found.budget_gib == pytest.approx(46.38 * 0.92, abs=0.01)
    assert found.weights_gib == pytest.approx(15.26 * 1.02, abs=0.01)
    assert found.overhead_gib == pytest.approx(2.3 + 0.05 * found.weights_gib, abs=0.01)
    assert found.kv_cache_gib == pytest.approx(found.budget_gib - found.weights_gib - found.overhead_gib, abs=0.02)


def test_bytes_per_token_agree_with_the_catalog() -> None:
    for name in DENSE:
        model = CATALOG.models[name]
        assert kv_bytes_per_token(model, demand()) == model.kv_bytes_per_token, name


def test_key_value_heads_are_replicated_beyond_their_number() -> None:
    model = dense(10, 32, 4, 128)
    per_token = {size: kv_bytes_per_token(model, demand(tensor_parallel=size)) for size in (1, 2, 4, 8, 16)}
    assert per_token[1] == 4 * per_token[4]
    assert per_token[4] == per_token[8] == per_token[16]


def test_uneven_stages_count_the_fullest() -> None:
    assert kv_bytes_per_token(dense(10, 8, 8, 64), demand(pipeline_parallel=3)) == 2 * 4 * 8 * 64 * 2


def test_unknown_weights_and_other_caches_are_refused() -> None:
    with pytest.raises(ValueError, match="not on file"):
        ledger(CATALOG.models["meta-llama/Llama-4-Scout-17B-16E-Instruct"], 80.0, demand(), OVERHEADS)
    with pytest.raises(ValueError, match="no plain key and value heads"):
        kv_bytes_per_token(CATALOG.models["deepseek-ai/DeepSeek-V3.2"], demand())


models = st.sampled_from(DENSE).map(lambda name: CATALOG.models[name])
sizes = st.sampled_from((1, 2, 4, 8))
demands = st.builds(
    lambda context, share, concurrency, dtype, size: demand(
        context_tokens=context, request_tokens=max(1, context * share // 100), concurrency=concurrency,
        kv_cache_dtype=dtype, tensor_parallel=size,
    ),
    st.integers(1, 262144), st.integers(1, 100), st.integers(1, 64), st.sampled_from(sorted(KV_BYTES)), sizes,
)  # fmt: skip


@given(models, demands, st.floats(1, 300), st.floats(0, 100))
def test_more_memory_never_unfits(model: Model, asked: Demand, device: float, more: float) -> None:
    before = ledger(model, device, asked, OVERHEADS)
    after = ledger(model, device + more, asked, OVERHEADS)
    assert after.fits or not before.fits
    assert after.kv_tokens >= before.kv_tokens


@given(models, demands, st.floats(1, 300))
def test_asking_less_never_unfits(model: Model, asked: Demand, device: float) -> None:
    if not ledger(model, device, asked, OVERHEADS).fits:
        return
    assert ledger(model, device, replace(asked, kv_cache_dtype="fp8"), OVERHEADS).fits
    assert ledger(model, device, replace(asked, concurrency=max(1, asked.concurrency - 1)), OVERHEADS).fits
    shorter = replace(asked, request_tokens=max(1, asked.request_tokens // 2))
    assert ledger(model, device, shorter, OVERHEADS).fits


@given(models, demands, st.floats(5, 300))
def test_a_ledger_tells_its_own_limits_exactly(model: Model, asked: Demand, device: float) -> None:
    """The longest context and the most requests that a ledger tells do fit, and one more doesn't."""
    found = ledger(model, device, asked, OVERHEADS)
    assume(found.kv_tokens > 0)
    alone = replace(asked, concurrency=1, request_tokens=1)
    longest = longest_context(found, asked.context_tokens, 16)
    if longest:
        assert ledger(model, device, replace(alone, context_tokens=longest), OVERHEADS).fits
    assert not ledger(model, device, replace(alone, context_tokens=longest + 1), OVERHEADS).fits
    most = most_at_once(found, asked.context_tokens, asked.request_tokens, 16)
    fits_alone = ledger(model, device, alone, OVERHEADS).fits
    if most:
        assert ledger(model, device, replace(asked, concurrency=most), OVERHEADS).fits == fits_alone
    assert not ledger(model, device, replace(asked, concurrency=most + 1), OVERHEADS).fits


@given(models, st.floats(0.01, 200), st.integers(1, 262144))
def test_a_given_cache_ignores_weights_and_device(model: Model, available: float, context: int) -> None:
    asked = demand(context_tokens=context, available_kv_gib=available)
    small, large = (ledger(model, device, asked, OVERHEADS) for device in (0.1, 1000.0))
    assert (small.kv_tokens, small.fits) == (large.kv_tokens, large.fits)
