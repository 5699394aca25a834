"""Host memory of vLLM while it serves: its processes, and what it keeps there instead of on the GPU."""

from catalog import Overheads
from planning.resolving.releases import ReleaseView
from planning.vllm.options import mapping, number, whole_number

_BYTES_PER_GIB = 1024**3


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
    return together + each * ranks + _connector_gib(release, ranks) + _layers_gib(release)


def _connector_gib(release: ReleaseView, ranks: int) -> float:
    transfer = mapping(release.options.values.get("kv-transfer-config")) or {}
    extra = mapping(transfer.get("kv_connector_extra_config")) or {}
    each, together = number(extra.get("cpu_bytes_to_use_per_rank")), number(extra.get("cpu_bytes_to_use"))
    total = each * ranks if each is not None else together or 0.0
    # LMCache counts GiB of each rank.
    cache = number(extra.get("lmcache.max_local_cpu_size")) or 0.0
    return total / _BYTES_PER_GIB + cache * ranks


def _layers_gib(release: ReleaseView) -> float:
    """Weights of the layers that are kept on the host; a size that isn't known counts as 0 (rule MODEL-CONFIG)."""
    options, model = release.options.values, release.architecture
    group = whole_number(options.get("offload-group-size")) or 0
    if group <= 0 or model is None or model.weights_gib is None:
        return 0.0
    kept = whole_number(options.get("offload-num-in-group")) or 1
    return model.weights_gib * min(1.0, kept / group)
