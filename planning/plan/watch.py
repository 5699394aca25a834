"""What alerts compare metrics with: what this platform is meant to have, and how long things may take."""

from msgspec import Struct


class WatchedWorkload(Struct, frozen=True, kw_only=True):
    """A Deployment of a model."""

    name: str
    """Name of the Deployment."""
    pool: str
    """Name of its pool."""
    model: str
    """Label `model_name` of its metrics."""
    start_seconds: int
    """Seconds until a pod must be ready."""


class WatchedPool(Struct, frozen=True, kw_only=True):
    """A node pool with GPUs."""

    name: str
    """Its name in the stack file, which its nodes have as a label."""
    min_nodes: int
    """Fewest nodes that run."""
    max_nodes: int
    """Most nodes that may run."""
    resources: tuple[tuple[str, int], ...]
    """Devices of one node: extended resource and its count."""


class WatchPlan(Struct, frozen=True, kw_only=True):
    """What is compared with what metrics say."""

    workloads: tuple[WatchedWorkload, ...]
    """Deployments of all models."""
    pools: tuple[WatchedPool, ...]
    """Node pools with GPUs."""
    next_token_seconds: float
    """95th percentile of the time between two tokens above which an alert fires."""
    request_seconds: int
    """Longest request, after which the gateway ends it."""
