"""Which replica goes on which pool, and whether the pools hold them all, in every order in which they may come."""

from planning.placement.pools import (
    PoolLoad,
    fewest,
    left_over,
    load,
    placements,
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
)

__all__ = [
    "PodRequest",
    "PoolLoad",
    "cache_gib",
    "fewest",
    "fits_empty_node",
    "least_memory_gib",
    "left_over",
    "load",
    "placements",
    "pod_request",
    "resources",
    "share",
    "shared_memory_gib",
]
