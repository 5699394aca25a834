"""What a model of the stack asks of its device, by its settings and by what vLLM does when told nothing."""

import json
from collections.abc import Mapping
from typing import Any

from catalog import Model, Speculation, VllmVersion
from config.models import Model as ModelSettings
from planning.gpus.devices import Device
from planning.memory import Demand, Draft
from planning.vllm.batch import batch
from planning.vllm.flags import number

UNKNOWN_DRAFT = Draft(tokens=0, layers=0)


def demand(
    settings: ModelSettings,
    asked: Mapping[str, Any],
    known: Model,
    vllm: VllmVersion,
    device: Device,
    utilization: float,
) -> Demand | None:
    """The demand on one device; None where the layers of a draft aren't known (rule FIT-DRAFT tells that).

    `asked` are the options that the stack file gives, by their first spelling without dashes.
    """
    draft = drafting(asked.get("speculative-config"), known, vllm.speculation)
    if draft is UNKNOWN_DRAFT:
        return None
    sizes = batch(vllm, device, known, settings.context, asked)
    return Demand(
        tensor_parallel=settings.engine.tensor_parallel,
        expert_parallel=asked.get("enable-expert-parallel") is True,
        context_tokens=settings.context,
        request_tokens=settings.typical_tokens or settings.context,
        concurrency=settings.concurrency,
        kv_cache_dtype=settings.engine.kv_cache_dtype,
        kv_formats=tuple(vllm.kv_cache_bytes.items()),
        utilization=utilization,
        block_tokens=number(asked.get("block-size")) or vllm.block_size_tokens,
        batched_tokens=sizes.tokens,
        sequences=sizes.requests,
        prefix_caching=asked.get("enable-prefix-caching") is not False,
        hybrid_cache=asked.get("disable-hybrid-kv-cache-manager") is not True,
        pooling=known.task == "embed",
        capability=device.gpu.compute_capability,
        draft=draft,
    )


def drafting(wanted: Any, known: Model, methods: Speculation) -> Draft | None:
    """Speculative decoding as `speculative-config` asks for it; None without.

    Layers count where they are known: an EAGLE head has one, with the heads of its model; multi-token prediction has
    the model's own.
    """
    if isinstance(wanted, str):
        wanted = _parsed(wanted)
    if not isinstance(wanted, Mapping):
        return None
    tokens, method = wanted.get("num_speculative_tokens", 0), str(wanted.get("method"))
    if not isinstance(tokens, int) or isinstance(tokens, bool):
        return UNKNOWN_DRAFT
    if method in methods.without_layers:
        return Draft(tokens=tokens, layers=0)
    if method in methods.one_layer:
        return Draft(tokens=tokens, layers=1)
    if method.endswith(methods.own_layers_suffix) and known.draft_layers == 1:
        return Draft(tokens=tokens, layers=1)
    return UNKNOWN_DRAFT


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
