"""How long a pod reads stored weights to compare them with their manifest, before its server starts.

It reads everything once, a thread for each file: SHA-256 is computed from a file's beginning to its end.
"""

import math

from planning.placement.requests import resources
from planning.resolving.pools import PoolView
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution

# More connections at once bring nothing, each with a buffer of some megabytes.
_MOST_THREADS = 32
_BYTES_PER_GIB = 1024**3
_BYTES_PER_MB = 1_000_000
_BITS = 8


def threads(cpu: int) -> int:
    """Files that are read at once by a pod with so many cores."""
    return min(cpu, _MOST_THREADS)


def check_seconds(stack: Resolution, release: ReleaseView, pool: PoolView) -> float:
    """Seconds of the check on a node of a pool; 0 without a manifest, or where the weights' size isn't known.

    With files as large as vLLM may meet, so that few of them are read at once.
    """
    source, overheads = release.settings.source, stack.catalog.overheads
    weights = release.architecture.weights_gib if release.architecture is not None else None
    if source.blob is None or source.manifest_sha256 is None or weights is None:
        return 0.0
    cpu, _ = resources(release)
    files = math.ceil(weights / overheads.safetensors_file_gib)
    speed = min(threads(cpu), files) * overheads.weights_check_mb_s
    network = pool.vm.network_mbps / _BITS if pool.vm is not None and pool.vm.network_mbps is not None else math.inf
    return weights * _BYTES_PER_GIB / (min(speed, network) * _BYTES_PER_MB)
