"""What a model of the stack needs of its device, by its settings and by vLLM's own defaults."""

from collections.abc import Mapping
from typing import Any

from catalog import Gpu, ModelArchitecture, Speculation, VllmVersion
from config.models import ModelSettings
from planning.memory import Demand, Draft
from planning.vllm.batch import Batch
from planning.vllm.options import mapping, whole_number

UNKNOWN_DRAFT = Draft(tokens=0, layers=0)


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
    draft = drafting(options.get("speculative-config"), model, vllm.speculation)
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
        draft=draft,
    )


def drafting(value: Any, model: ModelArchitecture, methods: Speculation) -> Draft | None:
    """Speculative decoding as the value of `speculative-config` asks for it; None without.

    Layers count where they are known: an EAGLE head has one, with the heads of its model; multi-token prediction has
    the model's own.
    """
    wanted = mapping(value)
    if wanted is None:
        return None
    tokens, method = wanted.get("num_speculative_tokens", 0), str(wanted.get("method"))
    if not isinstance(tokens, int) or isinstance(tokens, bool):
        return UNKNOWN_DRAFT
    if method in methods.without_layers:
        return Draft(tokens=tokens, layers=0)
    if method in methods.one_layer:
        return Draft(tokens=tokens, layers=1)
    if method.endswith(methods.own_layers_suffix) and model.draft_layers == 1:
        return Draft(tokens=tokens, layers=1)
    return UNKNOWN_DRAFT
