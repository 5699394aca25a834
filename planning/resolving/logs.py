"""Logs as the stack file has them: which backend keeps them, and where its pods are."""

from config.logs import Logs
from config.settings import Settings

# Those of the store, and of what reads on every node: only the latter may see a node's files.
STORE_NAMESPACE, COLLECTOR_NAMESPACE = "llm-logs", "llm-log-collector"
LOKI_DAYS, LOKI_GIB = 30, 64
# Image of the catalog that runs only with logs in Loki.
LOKI_IMAGE = "loki"


def in_loki(settings: Settings) -> Logs | None:
    """The section of logs where Loki keeps them; None elsewhere."""
    logs = settings.observability.logs
    return logs if logs is not None and logs.backend == "loki" else None


def log_namespaces(settings: Settings) -> tuple[str, ...]:
    """Namespaces of the pods that collect and keep logs, if there are any."""
    return () if in_loki(settings) is None else (COLLECTOR_NAMESPACE, STORE_NAMESPACE)


def json_logs(settings: Settings) -> bool:
    """Whether models write their logs as JSON: where somebody keeps them."""
    return settings.observability.logs is not None
