"""What the configurations of all OpenTelemetry collectors of the platform have alike."""

from planning.plan import Json
from planning.plan.telemetry import COLLECTOR_HEALTH_PORT, COLLECTOR_METRICS_PORT

# The pod's own addresses.
EVERYWHERE = "0.0.0.0"  # noqa: S104 - network policies say who reaches it
_LIMIT_PERCENT, _SPIKE_PERCENT, _PER_HUNDRED = 80, 20, 100


def health_check() -> Json:
    """The extension that kubelet's probes ask."""
    return {"endpoint": f"{EVERYWHERE}:{COLLECTOR_HEALTH_PORT}"}


def memory_limiter(limit_mib: int) -> Json:
    """The processor that refuses data before the container, of so much memory, is ended."""
    return {
        "check_interval": "1s",
        "limit_mib": limit_mib * _LIMIT_PERCENT // _PER_HUNDRED,
        "spike_limit_mib": limit_mib * _SPIKE_PERCENT // _PER_HUNDRED,
    }


def own_telemetry() -> Json:
    """The collector's own logs, as JSON, and its own metrics, for Prometheus."""
    return {
        "logs": {"level": "info", "encoding": "json"},
        "metrics": {
            "readers": [{"pull": {"exporter": {"prometheus": {"host": EVERYWHERE, "port": COLLECTOR_METRICS_PORT}}}}]
        },
    }
