"""Logs in Loki: what reads them on every node, what of them passes, and what keeps them."""

from msgspec import Struct

from planning.plan.system_pods import Requests

# Names of the objects, and of the pods' labels.
LOG_COLLECTOR, LOG_STORE = "log-collector", "log-store"
# Loki's only port: logs come in and are read there, and its metrics are there too.
LOKI_PORT = 3100


class LogCollectorPlan(Struct, frozen=True, kw_only=True):
    """The OpenTelemetry collector as a DaemonSet."""

    name: str
    """Name of its objects."""
    namespace: str
    """Its namespace, whose pods may see files of their nodes."""
    image: str
    """Its image."""
    settings: str
    """Its configuration, YAML."""
    config_map: str
    """Name of the ConfigMap with it, which changes when it does."""
    offsets: str
    """Folder of the node in which it remembers how far it has read."""
    requests: Requests
    """What a pod requests."""


class LogStorePlan(Struct, frozen=True, kw_only=True):
    """Loki: one pod with a disk."""

    name: str
    """Name of its objects."""
    namespace: str
    """Its namespace."""
    image: str
    """Its image."""
    user: int
    """The user that its image runs as."""
    settings: str
    """Its configuration, YAML."""
    config_map: str
    """Name of the ConfigMap with it."""
    storage_gib: int
    """Its disk."""
    requests: Requests
    """What the pod requests."""


class LogsPlan(Struct, frozen=True, kw_only=True):
    """All of it."""

    read: tuple[str, ...]
    """Whose logs are read, as patterns of files below /var/log/pods."""
    retention_days: int
    """Days for which they are kept."""
    collector: LogCollectorPlan
    """What reads and filters."""
    store: LogStorePlan
    """What keeps."""
    prometheus_namespace: str
    """Namespace of Prometheus and Grafana."""
