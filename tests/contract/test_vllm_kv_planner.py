"""vLLM's own planner of the KV cache, run in this process, agrees exactly with the ledger on the same layers.

What is compared comes out of get_global_kv_cache_groups, get_kv_cache_configs and get_kv_cache_capacity. Which kernel a
GPU gets, and with it a block's size where that isn't 16, is a number in the cases: without a GPU vLLM can't compute it.
"""

import importlib
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from kv_layers import CASES, CATALOG, Case, specs, torch
from msgspec.structs import replace

from planning.memory import account

planning_of_vllm: Any = importlib.import_module("vllm.v1.core.kv_cache_planning")
utils_of_vllm: Any = importlib.import_module("vllm.v1.core.kv_cache_utils")
platform: Any = importlib.import_module("vllm.platforms.interface").Platform
multiple_of: Any = importlib.import_module("vllm.v1.attention.backend").MultipleOf
LAYER_BY_LAYER: Any = importlib.import_module("vllm.v1.kv_cache_layout").KVCacheLayout.LBNHC
GIB = 1024**3
WITH_STATES = {name: case for name, case in CASES.items() if any(group.state for group in case.model.caches)}


def configuration(case: Case) -> Any:
    """The configuration that vLLM's planner reads."""
    return SimpleNamespace(
        model_config=SimpleNamespace(
            max_model_len=case.context, original_max_model_len=case.context, supports_kv_cache_grouping=False
        ),
        parallel_config=SimpleNamespace(
            decode_context_parallel_size=1, tensor_parallel_size=case.tensor_parallel,
            pipeline_parallel_size=case.pipeline_parallel,
        ),
        cache_config=SimpleNamespace(
            mamba_cache_mode="align" if case.prefix_caching else "none", num_gpu_blocks_override=None,
            prefix_cache_retention_interval=None, get_resolved_kv_cache_layout=lambda: LAYER_BY_LAYER,
            kv_cache_layout="LBNHC",
        ),
        scheduler_config=SimpleNamespace(disable_hybrid_kv_cache_manager=False),
        attention_config=SimpleNamespace(hisparse_config=None),
        speculative_config=None, kv_transfer_config=None, num_prefill_lookahead_tokens=0,
        device_config=SimpleNamespace(device_type="cuda"),
        max_in_flight_tokens=(case.pipeline_parallel + 1) * case.batched_tokens,
    )  # fmt: skip


def workers(case: Case) -> list[dict[str, Any]]:
    """The layers of every pipeline stage, distributed as in vLLM; drafts follow the last."""
    layers = dict(case.layers(case))
    if case.pipeline_parallel == 1:
        return [layers]
    indices: Any = importlib.import_module("vllm.distributed.utils").get_pp_indices
    stages = []
    for rank in range(case.pipeline_parallel):
        first, last = indices(case.model.layers, rank, case.pipeline_parallel)
        stages.append({f"layers.{index}": layers[f"layers.{index}"] for index in range(first, last)})
    return stages


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_vllm_and_the_ledger_plan_the_same_cache(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = planning_of_vllm.DefaultKVCacheConfigBuilder()
    monkeypatch.setattr("vllm.v1.core.kv_cache_config_builder.get_kv_cache_config_builder", lambda _: builder)
    vllm_config, stages = configuration(case), workers(case)
    available = int(case.available_gib * GIB)
    groups = planning_of_vllm.get_global_kv_cache_groups(vllm_config, stages)
    configs = planning_of_vllm.get_kv_cache_configs(vllm_config, stages, [available] * len(stages), groups)
    tokens, concurrency = utils_of_vllm.get_kv_cache_capacity(vllm_config, configs[0])
    ours = account(case.model, 1.0, case.demand, CATALOG.overheads)
    assert ours.blocks == configs[0].num_blocks
    assert len(ours.pool.tables) == len(configs[0].kv_cache_groups)
    needed = max(
        planning_of_vllm._max_memory_usage_bytes_from_groups(
            builder, vllm_config, planning_of_vllm._project_kv_cache_groups_to_worker(groups, stage)
        )
        for stage in stages
    )
    assert ours.pool.blocks_of(case.context) * ours.pool.block_bytes == needed
    assert (ours.memory.kv_tokens, ours.memory.max_concurrency) == (tokens, round(concurrency, 2))
    assert ours.context_fits


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_vllm_and_the_ledger_refuse_the_same_and_name_the_same_longest_request(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = planning_of_vllm.DefaultKVCacheConfigBuilder()
    monkeypatch.setattr("vllm.v1.core.kv_cache_config_builder.get_kv_cache_config_builder", lambda _: builder)
    vllm_config, stages = configuration(case), workers(case)
    groups = planning_of_vllm.get_global_kv_cache_groups(vllm_config, stages)
    ours = account(case.model, 1.0, case.demand, CATALOG.overheads)
    # Exactly enough, and one byte less: the request and the null block.
    enough = (ours.pool.blocks_of(case.context) + 1) * ours.pool.block_bytes
    planning_of_vllm.get_kv_cache_configs(vllm_config, stages, [enough] * len(stages), groups)
    short = enough - 1
    tight = replace(case.demand, available_kv_gib=short / GIB)
    refused = account(case.model, 1.0, tight, CATALOG.overheads)
    assert not refused.context_fits
    longest_text = f"the estimated maximum model length is {refused.longest_context}."
    words = longest_text if refused.longest_context else "KV cache is needed"
    with pytest.raises(ValueError, match="To serve at least one request") as caught:
        planning_of_vllm.get_kv_cache_configs(vllm_config, stages, [short] * len(stages), groups)
    assert words in str(caught.value)


class _Kernel:
    """An attention kernel that takes any multiple of 16 tokens and packs nothing, such as FlashAttention."""

    @staticmethod
    def get_supported_kernel_block_sizes() -> list[Any]:
        return [multiple_of(16)]

    @staticmethod
    def customize_spec(spec: Any) -> Any:
        return spec


@pytest.mark.parametrize("case", WITH_STATES.values(), ids=WITH_STATES.keys())
def test_vllm_and_the_ledger_align_blocks_to_states_equally(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    state = next(spec for _, spec in case.layers(case) if isinstance(spec, specs.MambaSpec))
    attention = next(spec for _, spec in case.layers(case) if isinstance(spec, specs.FullAttentionSpec))
    model = SimpleNamespace(
        get_mamba_state_shape_from_config=lambda _: state.shapes,
        get_mamba_state_dtype_from_config=lambda _: state.dtypes,
    )
    registry = SimpleNamespace(resolve_model_cls=lambda *_, **__: (model, None))
    monkeypatch.setattr("vllm.model_executor.models.ModelRegistry", registry)
    monkeypatch.setattr("vllm.config.vllm.set_current_vllm_config", lambda _: nullcontext())
    monkeypatch.setattr(
        "vllm.model_executor.layers.mamba.abstract.get_mamba_prefill_checkpoint_alignment",
        lambda _: case.step if case.checkpoints else None,
    )
    monkeypatch.setattr(platform, "_find_non_ssm_backends", classmethod(lambda *_: [_Kernel]))
    cache = SimpleNamespace(
        cache_dtype=case.dtype, block_size=16, mamba_cache_mode="align" if case.prefix_caching else "none",
        mamba_block_size=None, mamba_page_size_padded=None, kv_cache_dtype_skip_layers=[],
    )  # fmt: skip
    vllm_config = SimpleNamespace(
        cache_config=cache,
        parallel_config=None,
        model_config=SimpleNamespace(
            dtype=torch.bfloat16, use_mla=False, architecture="", get_num_kv_heads=lambda _: attention.num_kv_heads,
            get_head_size=lambda: attention.head_size,
        ),
    )  # fmt: skip
    platform._align_hybrid_block_size(vllm_config, _Kernel)
    ours = account(case.model, 1.0, case.demand, CATALOG.overheads).pool
    assert cache.block_size == ours.block_tokens == attention.block_size
    assert (cache.mamba_page_size_padded or state.page_size_bytes) == state.page_size_bytes
