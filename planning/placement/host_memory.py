"""Host memory of vLLM while it serves: its processes, and what it keeps there instead of on the GPU."""

from collections.abc import Mapping
from typing import Any

from catalog import Overheads
from planning.memory import adapter_gib
from planning.resolving.releases import ReleaseView
from planning.vllm.adapters import BY_MODALITY, MAX_LORA_RANK, MAX_LORAS, adapters
from planning.vllm.options import mapping, number, whole_number

_BYTES_PER_GIB = 1024**3
# Default of vLLM 0.33: simple_cpu_offload_connector.py DEFAULT_CPU_CAPACITY_BYTES, in
# vllm/distributed/kv_transfer/kv_connector/v1.
_SIMPLE_CONNECTOR, _SIMPLE_CONNECTOR_BYTES = "SimpleCPUOffloadConnector", 8 * _BYTES_PER_GIB


def processes_gib(release: ReleaseView, overheads: Overheads) -> float:
    """Host memory of all processes of a replica in GiB: one for each rank, the engine and its API servers.

    The base is the engine and one API server, half each. A cache of images that the stack file sizes is kept by the
    engine and by each API server (vLLM 0.33 vllm/config/multimodal.py).
    """
    options, ranks = release.options.values, release.settings.engine.tensor_parallel
    servers = max(1, whole_number(options.get("api-server-count")) or 1)
    base = overheads.vllm_host_memory_base_gib * (1 + servers) / 2
    cache = number(options.get("mm-processor-cache-gb"), suffixes=False) or 0.0
    return base + cache * (1 + servers) + overheads.vllm_host_memory_per_rank_gib * ranks


def offloaded_gib(release: ReleaseView) -> float:
    """Host memory to which vLLM offloads, GiB of one replica.

    `kv-offloading-size` counts all ranks together, `cpu-offload-gb` each (vLLM 0.33 vllm/config/cache.py,
    vllm/config/offload.py); a connector's bytes count all ranks, unless they are given for each. Of every
    `offload-group-size` layers, `offload-num-in-group` are kept on the host. A value that is not a number counts as 0:
    rule ENGINE-VALUE refuses it.
    """
    options, ranks = release.options.values, release.settings.engine.tensor_parallel
    together = number(options.get("kv-offloading-size"), suffixes=False) or 0.0
    each = number(options.get("cpu-offload-gb"), suffixes=False) or 0.0
    transfer = mapping(options.get("kv-transfer-config")) or {}
    return (
        together + each * ranks + _connector_gib(transfer, ranks) + _encoder_cache_gib(release) + _layers_gib(release)
    )


def adapters_gib(release: ReleaseView) -> float:
    """Host memory of adapters (LoRA) in GiB of one replica: every rank keeps whole ones, the latest `max-cpu-loras`.

    One more is there while it replaces another. Each is counted at `max-lora-rank`, the most that it may have. Models
    whose sizes aren't known count as 0 (rule MODEL-CONFIG). Source: vLLM 0.33 vllm/lora/worker_manager.py
    LRUCacheWorkerLoRAManager.add_adapter, vllm/lora/model_manager.py.
    """
    options, model = release.options.values, release.architecture
    named = len(adapters(release.options)) + len(mapping(options.get(BY_MODALITY)) or {})
    if options.get("enable-lora") is not True or model is None or not named:
        return 0.0
    kept = whole_number(options.get("max-cpu-loras")) or whole_number(options.get("max-loras")) or MAX_LORAS
    rank = whole_number(options.get("max-lora-rank")) or MAX_LORA_RANK
    return release.settings.engine.tensor_parallel * min(kept + 1, named) * adapter_gib(model, rank)


def _connector_gib(transfer: Mapping[str, Any], ranks: int) -> float:
    """What a connector of the KV cache keeps on the host; several may be inside one (MultiConnector)."""
    extra = mapping(transfer.get("kv_connector_extra_config")) or {}
    each, together = number(extra.get("cpu_bytes_to_use_per_rank")), number(extra.get("cpu_bytes_to_use"))
    if together is None and transfer.get("kv_connector") == _SIMPLE_CONNECTOR:
        together = _SIMPLE_CONNECTOR_BYTES
    total = each * ranks if each is not None else together or 0.0
    # LMCache counts GiB of each rank.
    cache = number(extra.get("lmcache.max_local_cpu_size")) or 0.0
    inner = extra.get("connectors")
    members = [found for item in inner if (found := mapping(item)) is not None] if isinstance(inner, list) else []
    return total / _BYTES_PER_GIB + cache * ranks + sum(_connector_gib(member, ranks) for member in members)


def _encoder_cache_gib(release: ReleaseView) -> float:
    """What an encoder's cache keeps on the host, in one region of all ranks (vLLM 0.33 ec_connector/cpu/common.py)."""
    transfer = mapping(release.options.values.get("ec-transfer-config")) or {}
    extra = mapping(transfer.get("ec_connector_extra_config")) or {}
    return (number(extra.get("ec_cpu_bytes")) or 0.0) / _BYTES_PER_GIB


def _layers_gib(release: ReleaseView) -> float:
    """Weights of the layers that are kept on the host; a size that isn't known counts as 0 (rule MODEL-CONFIG)."""
    options, model = release.options.values, release.architecture
    group = whole_number(options.get("offload-group-size")) or 0
    if group <= 0 or model is None or model.weights_gib is None:
        return 0.0
    kept = whole_number(options.get("offload-num-in-group")) or 1
    return model.weights_gib * min(1.0, kept / group)
