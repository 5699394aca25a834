"""Which replica runs on which pool, and whether the pools hold all of them, in whatever order pods are created."""

from planning.placement.pools import (
    PoolLoad,
    load,
    minimum_loads,
    placements,
    unscheduled_replicas,
)
from planning.placement.requests import (
    PodRequest,
    cache_gib,
    fits_empty_node,
    least_memory_gib,
    pod_request,
    resources,
    share,
    shared_memory_gib,
    traces_gib,
)

__all__ = [
    "PodRequest",
    "PoolLoad",
    "cache_gib",
    "fits_empty_node",
    "least_memory_gib",
    "load",
    "minimum_loads",
    "placements",
    "pod_request",
    "resources",
    "share",
    "shared_memory_gib",
    "traces_gib",
    "unscheduled_replicas",
]
