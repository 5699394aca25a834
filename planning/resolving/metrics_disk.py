"""The disk of Prometheus: what metrics may take of it, and what the replicas of models alone surely take."""

from config.settings import Settings
from planning.plan import metrics
from planning.resolving.resolution import Resolution

# Blocks are deleted by age and by size: a full disk stops Prometheus, and so alerts and autoscaling. Kept this full, it
# stays clear of KubePersistentVolumeFillingUp, which warns below 15 % of free space.
_SHARE_PERCENT = 80
_DAY_SECONDS, _GIB = 24 * 3600, 1024**3


def most_metrics_gib(settings: Settings) -> int:
    """GiB of a disk that metrics may take."""
    return settings.observability.storage_gib * _SHARE_PERCENT // 100


def least_replica_gib(stack: Resolution) -> float:
    """GiB that samples of the fewest replicas of models surely take within the days that metrics are kept.

    Only these have a number of series that is known beforehand; nodes, proxies and the API server come on top.
    """
    series = sum(
        model.settings.replicas.min * release.vllm.replica_series
        for model in stack.models
        for release in model.releases[:1]
        if release.vllm is not None
    )
    samples = series * stack.settings.observability.retention_days * _DAY_SECONDS / metrics.VLLM_SCRAPE_SECONDS
    return samples * stack.catalog.limits.bytes_per_sample[0] / _GIB
