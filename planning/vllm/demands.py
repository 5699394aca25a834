"""What a model of the stack needs of its device, by its settings and by vLLM's own defaults."""

from collections.abc import Mapping
from typing import Any

from catalog import Gpu, ModelArchitecture, VllmVersion
from config.models import ModelSettings
from planning.memory import Demand
from planning.vllm.adapters import slots
from planning.vllm.batch import Batch
from planning.vllm.drafts import UNKNOWN_DRAFT, drafting, speculative
from planning.vllm.options import mapping, whole_number

__all__ = ["UNKNOWN_DRAFT", "demand", "drafting"]


def demand(
    settings: ModelSettings,
    options: Mapping[str, Any],
    model: ModelArchitecture,
    vllm: VllmVersion,
    gpu: Gpu,
    batch: Batch,
    utilization: float,
) -> Demand | None:
    """The demand on one device; None where the layers of a draft aren't known (rule FIT-DRAFT reports that).

    `options` are the values that the stack file gives, by the first spelling of their flags without dashes; `batch`
    are the sizes in force on the device.
    """
    draft = drafting(speculative(options, vllm), model, vllm.speculation)
    if draft is UNKNOWN_DRAFT:
        return None
    return Demand(
        tensor_parallel=settings.engine.tensor_parallel,
        expert_parallel=options.get("enable-expert-parallel") is True,
        context_tokens=settings.context,
        request_tokens=settings.typical_tokens or settings.context,
        concurrency=settings.concurrency,
        kv_cache_dtype=settings.engine.kv_cache_dtype,
        kv_formats=tuple(vllm.kv_cache_bytes.items()),
        utilization=utilization,
        block_tokens=whole_number(options.get("block-size")) or vllm.block_size_tokens,
        batched_tokens=batch.tokens,
        sequences=batch.requests,
        prefix_caching=options.get("enable-prefix-caching") is not False,
        hybrid_cache=options.get("disable-hybrid-kv-cache-manager") is not True,
        pooling=model.task == "embed",
        capability=gpu.compute_capability,
        nvlink=gpu.nvlink,
        images=options.get("language-model-only") is not True,
        eager=options.get("enforce-eager") is True,
        sparse_workspace_factor=_workspace_factor(options),
        draft=draft,
        adapters=slots(options),
    )


def _workspace_factor(options: Mapping[str, Any]) -> int | None:
    found = (mapping(options.get("attention-config")) or {}).get("sparse_mla_prefill_workspace_factor")
    return found if isinstance(found, int) and not isinstance(found, bool) else None
