"""The memory ledger: the sum of its parts, and what must hold for every model and device."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from kv_cases import (
    CATALOG,
    GIB,
    VLLM,
    demand,
    dense,
)
from msgspec.structs import replace

from catalog import ModelArchitecture
from planning.memory import (
    Demand,
    Draft,
    account,
    activation_bytes,
    attention_layers,
    block_pool,
    captured_graphs,
    ledger,
    legal_tensor_parallel,
)  # fmt: skip
from planning.vllm.demands import drafting

OVERHEADS = CATALOG.overheads
KNOWN = [name for name, model in CATALOG.models.items() if attention_layers(model) and model.weights_gib is not None]
PLAIN = [name for name in KNOWN if CATALOG.models[name].attention_kind == "full"]


def per_token(model: ModelArchitecture, **changes: object) -> int:
    return block_pool(model, demand(**changes)).token_bytes


def test_the_identity_of_the_budget() -> None:
    found = ledger(CATALOG.models["Qwen/Qwen3-8B"], 46.38, demand(), OVERHEADS)
    assert found.budget_gib == pytest.approx(46.38 * 0.92, abs=0.01)
    assert found.weights_gib == pytest.approx(15.26 * 1.007, abs=0.01)
    # 256 sequences of 151,936 logits at ten bytes and a batch's hidden states, CUDA's context, 86 graphs of 36 layers.
    parts = (256 * 151936 * 10 + 2048 * 4096 * 2) / GIB, OVERHEADS.context_gib, 86 * 36 * 0.3 / 1024
    assert found.overhead_gib == pytest.approx(sum(parts), abs=0.01)
    assert found.kv_cache_gib == pytest.approx(found.budget_gib - found.weights_gib - found.overhead_gib, abs=0.02)


def test_equal_ledgers_are_computed_once() -> None:
    """A stack of a thousand models has only a few different ledgers."""
    first, second, other = (
        account(CATALOG.models["Qwen/Qwen3-8B"], 46.38, demand(context_tokens=tokens), OVERHEADS)
        for tokens in (4096, 4096, 4097)
    )
    assert first is second
    assert first is not other


def test_large_batches_outgrow_the_reserve() -> None:
    """Activations are counted, not only reserved: 65,536 tokens through one layer of a 70B model."""
    model = CATALOG.models["meta-llama/Llama-3.3-70B-Instruct"]
    assert activation_bytes(model, demand(batched_tokens=65536, tensor_parallel=2)) == 65536 * 3 * (14336 + 8192) * 2
    small, large = (
        account(model, 93.12, demand(tensor_parallel=2, batched_tokens=tokens), OVERHEADS) for tokens in (8192, 65536)
    )
    grown = large.overhead.activation_gib - small.overhead.activation_gib
    assert grown > 7
    assert small.memory.kv_cache_gib - large.memory.kv_cache_gib == pytest.approx(grown, abs=0.02)


def test_many_sequences_outgrow_a_batch() -> None:
    """1024 rows of logits at ten bytes each, while the batch's hidden states wait, and the experts' workspace stays."""
    model = CATALOG.models["Qwen/Qwen3-30B-A3B-Instruct-2507"]
    requested = demand(batched_tokens=8192, sequences=1024)
    # Two buffers for 8 experts of each token, each as wide as the hidden states: both halves of a gate are narrower.
    hidden, workspace = 8192 * 2048 * 2, 8192 * 8 * (2048 + 2048) * 2
    assert activation_bytes(model, requested) == 1024 * 151936 * 10 + hidden + workspace
    assert activation_bytes(replace(model, experts=None), requested) == 1024 * 151936 * 10 + hidden
    assert activation_bytes(model, replace(requested, pooling=True)) == workspace + 3 * hidden
    assert activation_bytes(replace(model, expert_width=4096), replace(requested, pooling=True)) == (
        8192 * 8 * (4096 + 2 * 4096) * 2 + 3 * hidden
    )


def test_graphs_are_captured_for_every_size_of_batch() -> None:
    """As logs of vLLM count them: `PIECEWISE=51 (largest=512), FULL=35 (largest=256)`, and 35 with 19 for 128."""
    assert captured_graphs(demand(batched_tokens=8192, sequences=256)) == 51 + 35
    assert captured_graphs(demand(batched_tokens=2048, sequences=128)) == 35 + 19
    assert captured_graphs(demand(batched_tokens=8192, sequences=32)) == 11 + 7
    assert captured_graphs(demand(batched_tokens=8192, sequences=8)) == 5 + 4
    assert captured_graphs(demand(batched_tokens=8192, sequences=1024, capability="10.3")) == 2 * 83
    assert captured_graphs(demand(batched_tokens=64, sequences=64)) == 2 * 11


def test_several_gpus_need_communication_buffers() -> None:
    model = CATALOG.models["meta-llama/Llama-3.3-70B-Instruct"]
    alone, shared, staged = (
        account(model, 93.12, demand(**changes), OVERHEADS).overhead.context_gib
        for changes in ({}, {"tensor_parallel": 2}, {"pipeline_parallel": 2})
    )
    assert shared == alone + OVERHEADS.communication_gib
    by_pcie = account(model, 93.12, demand(tensor_parallel=2, nvlink=False), OVERHEADS).overhead.context_gib
    assert by_pcie == alone + OVERHEADS.communication_without_nvlink_gib < shared
    assert staged == alone


def test_bytes_per_token_agree_with_the_catalog() -> None:
    for name in KNOWN:
        model = CATALOG.models[name]
        # DeepSeek-V3.2's row is of its packed 8-bit cache, without the index.
        if model.kv_bytes_per_token is not None and name != "deepseek-ai/DeepSeek-V3.2":
            assert per_token(model) == model.kv_bytes_per_token, name
    sparse = CATALOG.models["deepseek-ai/DeepSeek-V3.2"]
    assert sparse.kv_bytes_per_token == 61 * 656
    assert per_token(sparse, kv_cache_dtype="fp8", capability="9.0") == 61 * (656 + 132)
    assert per_token(sparse, kv_cache_dtype="fp8", capability="10.0") == 61 * (576 + 132)
    assert per_token(sparse) == 61 * (1152 + 132)


def test_key_value_heads_are_replicated_beyond_their_number() -> None:
    model = dense(10, 32, 4, 128)
    rates = {size: per_token(model, tensor_parallel=size) for size in (1, 2, 4, 8, 16)}
    assert rates[1] == 4 * rates[4]
    assert rates[4] == rates[8] == rates[16]
    held = {size: ledger(model, 80.0, demand(tensor_parallel=size, weights_gib=40.0), OVERHEADS) for size in (4, 8)}
    spare = 10 * 2 * 32 * 128 * 128 / 2 * 2 / GIB
    assert held[8].weights_gib == pytest.approx(held[4].weights_gib / 2 + spare, abs=0.01)


def test_latent_attention_is_on_every_gpu() -> None:
    model = CATALOG.models["deepseek-ai/DeepSeek-R1-0528"]
    assert {per_token(model, tensor_parallel=size) for size in (1, 8, 16)} == {61 * 576 * 2}


def test_uneven_stages_count_the_fullest() -> None:
    assert per_token(dense(10, 8, 8, 64), pipeline_parallel=3) == 2 * 4 * 8 * 64 * 2


def test_rows_of_the_vocabulary_are_padded() -> None:
    bare = dense(10, 32, 4, 128)
    padded = replace(bare, vocab=1)
    more = [ledger(model, 80.0, demand(tensor_parallel=8), OVERHEADS).weights_gib for model in (bare, padded)]
    assert more[1] - more[0] == pytest.approx(2 * (64 * 8 - 1) * 4096 * 2 / 8 / GIB, abs=0.01)


def test_whole_experts_take_more_memory_where_they_do_not_divide() -> None:
    model = replace(dense(10, 32, 8, 128), weights_gib=100.0, experts=6, expert_share=0.9)
    even, whole = (
        ledger(model, 200.0, demand(tensor_parallel=4, expert_parallel=by), OVERHEADS).weights_gib
        for by in (False, True)
    )
    assert whole - even == pytest.approx(100.7 * 0.9 * (2 / 6 - 1 / 4), abs=0.02)


def test_blocks_of_a_state_and_what_makes_them_longer() -> None:
    """Qwen3.8-27B's log: `Setting attention block size to 784 tokens`; FlashInfer's kernel wants steps of 64."""
    model = CATALOG.models["Qwen/Qwen3.6-27B"]
    assert block_pool(model, demand()).block_tokens == 784
    hopper = block_pool(model, demand(capability="9.0"))
    assert hopper.block_tokens == 832
    # Three states a request and table: the running one, the last one stored, and one that a prompt stores on its way.
    assert hopper.blocks_of(1) == 1 + 3 * 3
    assert block_pool(model, demand(capability="8.0")).block_tokens == 784


def test_states_of_64_heads() -> None:
    """Qwen3.5-122B: a state of 4,268,032 bytes in pages of 2 x 2 heads x 256 x 2 bytes a token."""
    model = CATALOG.models["Qwen/Qwen3.5-122B-A10B-GPTQ-Int4"]
    assert block_pool(model, demand()).block_tokens == 16 * -(-4_268_032 // (16 * 2048))
    # Its figures add up to its name, which they wouldn't with half of the heads.
    experts = 48 * 3 * (256 + 1) * 1024 * model.hidden
    states = 36 * model.hidden * (2 * 16 * 128 + 3 * 64 * 128)
    attention = 12 * model.hidden * (3 * 32 * 256 + 2 * 2 * 256)
    assert round((experts + states + attention + 2 * 248320 * model.hidden) / 1e9) == model.params_b


@pytest.mark.parametrize("name", ["Qwen/Qwen3.6-27B", "Qwen/Qwen3.6-35B-A3B-FP8", "Qwen/Qwen3.5-122B-A10B-GPTQ-Int4"])
def test_qwen_predicts_with_one_more_layer_of_attention(name: str) -> None:
    model = CATALOG.models[name]
    draft = drafting({"method": "mtp", "num_speculative_tokens": 2}, model, VLLM.speculation)
    assert draft == Draft(tokens=2, layers=1)
    plain, guessing = (block_pool(model, demand(draft=drafting)) for drafting in (None, draft))
    attending = next(group.layers for group in model.caches if group.kind == "full")
    assert guessing.token_bytes * attending == plain.token_bytes * (attending + 1)
    # Each of the three tables of states holds the guessed ones as well.
    assert guessing.blocks_of(1) == plain.blocks_of(1) + 3 * 2


def test_windows_hold_tokens_in_flight() -> None:
    model = CATALOG.models["openai/gpt-oss-20b"]
    quiet = block_pool(model, demand(batched_tokens=1024)).blocks_of(131072)
    busy = block_pool(model, demand(batched_tokens=8192)).blocks_of(131072)
    pooling = block_pool(model, demand(batched_tokens=1024, pooling=True)).blocks_of(131072)
    assert pooling < quiet < busy
    everything = block_pool(model, demand(hybrid_cache=False))
    assert everything.blocks_of(131072) * everything.block_bytes == 131072 * 24 * 2 * 8 * 64 * 2


def test_unknown_weights_and_unknown_caches_are_refused() -> None:
    with pytest.raises(ValueError, match="not in the catalog"):
        ledger(CATALOG.models["meta-llama/Llama-4-Scout-17B-16E-Instruct"], 80.0, demand(), OVERHEADS)
    unknown = replace(CATALOG.models["Qwen/Qwen3-8B"], attention_kind="hybrid")
    with pytest.raises(ValueError, match="not in the catalog"):
        block_pool(unknown, demand())


def test_an_encoder_needs_its_weights_and_what_a_batch_takes() -> None:
    encoder = CATALOG.models["BAAI/bge-m3"]
    whole = demand(context_tokens=8192, request_tokens=8192, batched_tokens=8192, sequences=256, pooling=True)
    memory = ledger(encoder, 20.0, whole, OVERHEADS)
    assert (memory.kv_cache_gib, memory.kv_tokens, memory.kv_bytes_per_token, memory.fits) == (0, 0, 0, True)
    # Four bytes a number in the file, two on the GPU.
    assert memory.weights_gib == pytest.approx(1.06, abs=0.03)
    assert memory.max_concurrency == 1
    many = ledger(encoder, 20.0, replace(whole, context_tokens=512), OVERHEADS)
    assert many.max_concurrency == 16
    small = ledger(encoder, 2.0, whole, OVERHEADS)
    assert not small.fits
    assert small.kv_cache_gib == pytest.approx(small.budget_gib - small.weights_gib - small.overhead_gib, abs=0.02)


models = st.sampled_from(KNOWN).map(lambda name: CATALOG.models[name])
sizes = st.sampled_from((1, 2, 4, 8))
demands = st.builds(
    lambda context, share, concurrency, dtype, size, batched, caching: demand(
        context_tokens=context, request_tokens=max(1, context * share // 100), concurrency=concurrency,
        kv_cache_dtype=dtype, tensor_parallel=size, batched_tokens=batched, prefix_caching=caching, sequences=64,
    ),
    st.integers(1, 262144), st.integers(1, 100), st.integers(1, 64), st.sampled_from(sorted(VLLM.kv_cache_bytes)),
    sizes, st.sampled_from((512, 2048, 8192)), st.booleans(),
)  # fmt: skip


@given(models, demands, st.floats(1, 300), st.floats(0, 100))
def test_more_memory_never_makes_a_model_not_fit(
    model: ModelArchitecture, requested: Demand, device: float, more: float
) -> None:
    before = ledger(model, device, requested, OVERHEADS)
    after = ledger(model, device + more, requested, OVERHEADS)
    assert after.fits or not before.fits
    assert after.kv_tokens >= before.kv_tokens


@given(st.sampled_from(PLAIN).map(lambda name: CATALOG.models[name]), demands, st.floats(1, 300))
def test_a_smaller_demand_never_makes_a_model_not_fit(
    model: ModelArchitecture, requested: Demand, device: float
) -> None:
    if not ledger(model, device, requested, OVERHEADS).fits:
        return
    assert ledger(model, device, replace(requested, kv_cache_dtype="fp8"), OVERHEADS).fits
    assert ledger(model, device, replace(requested, concurrency=max(1, requested.concurrency - 1)), OVERHEADS).fits
    shorter = replace(requested, request_tokens=max(1, requested.request_tokens // 2))
    assert ledger(model, device, shorter, OVERHEADS).fits


@given(models, demands, st.floats(5, 300))
def test_fewer_tokens_never_take_more_blocks(model: ModelArchitecture, requested: Demand, device: float) -> None:
    pool = block_pool(model, requested)
    assert pool.blocks_of(max(1, requested.context_tokens // 2)) <= pool.blocks_of(requested.context_tokens)
    small = replace(requested, batched_tokens=256)
    assert ledger(model, device, small, OVERHEADS).kv_tokens >= ledger(model, device, requested, OVERHEADS).kv_tokens


@given(st.sampled_from(PLAIN).map(lambda name: CATALOG.models[name]), demands, st.floats(5, 300))
def test_more_gpus_never_make_a_model_not_fit(model: ModelArchitecture, requested: Demand, device: float) -> None:
    more = requested.tensor_parallel * 2
    assume(legal_tensor_parallel(model.heads, model.kv_heads, more))
    before, after = (
        ledger(model, device, variant, OVERHEADS) for variant in (requested, replace(requested, tensor_parallel=more))
    )
    assert after.fits or not before.fits
    assert after.kv_tokens >= before.kv_tokens


@given(models, demands, st.floats(5, 300))
def test_the_limits_of_a_ledger_are_exact(model: ModelArchitecture, requested: Demand, device: float) -> None:
    """A ledger's longest context and most requests fit, and one more doesn't."""
    requested = replace(requested, sequences=1)
    found = account(model, device, requested, OVERHEADS)
    assume(found.blocks > 0)
    longest = found.longest_context
    alone = replace(requested, concurrency=1, request_tokens=1)
    if longest:
        assert ledger(model, device, replace(alone, context_tokens=longest), OVERHEADS).fits
    if longest < requested.context_tokens:
        assert not ledger(model, device, replace(alone, context_tokens=longest + 1), OVERHEADS).fits
    most = found.most_at_once
    if most and found.context_fits:
        assert ledger(model, device, replace(requested, concurrency=most), OVERHEADS).fits
    assert not ledger(model, device, replace(requested, concurrency=most + 1), OVERHEADS).fits


@given(models, st.floats(0.01, 200), st.integers(1, 262144))
def test_a_given_cache_ignores_weights_and_device(model: ModelArchitecture, available: float, context: int) -> None:
    requested = demand(context_tokens=context, available_kv_gib=available)
    small, large = (ledger(model, device, requested, OVERHEADS) for device in (0.1, 1000.0))
    assert (small.kv_tokens, small.fits) == (large.kv_tokens, large.fits)
