"""Plans logs in Loki: what is read on every node, and what keeps it."""

from config.logs import Logs
from planning import yaml_text
from planning.deciding import log_filter
from planning.deciding.images import image
from planning.deciding.releases import NAMESPACE as MODELS_NAMESPACE
from planning.deciding.safeguards import within_safeguards
from planning.naming import content_hash
from planning.plan import Json
from planning.plan.logs import LOG_COLLECTOR, LOG_STORE, LOKI_PORT, LogCollectorPlan, LogsPlan, LogStorePlan
from planning.plan.system_pods import LOG_COLLECTOR as COLLECTOR_REQUESTS
from planning.plan.system_pods import LOKI
from planning.resolving.logs import (
    COLLECTOR_NAMESPACE,
    LOKI_DAYS,
    LOKI_GIB,
    LOKI_IMAGE,
    STORE_NAMESPACE,
    in_loki,
)
from planning.resolving.resolution import ResolvedStack
from planning.resolving.safety import safety_namespaces
from planning.resolving.telemetry import COLLECTOR_IMAGE
from planning.resolving.usage_export import USAGE_EXPORT

# grafana/loki cmd/loki/Dockerfile.
_USER = 10001
_DATA = "/var/loki"
_OFFSETS = "/var/lib/llm-log-collector"
# Loki's first day of this form of its index, before any log of any stack.
_INDEX_SINCE = "2024-01-01"


def logged_namespaces(stack: ResolvedStack) -> tuple[str, ...]:
    """Namespaces whose pods' logs are kept: those that requests pass, and that of what controls them."""
    charts = stack.catalog.charts
    control = (charts["gateway-helm"].namespace, charts["ai-gateway-helm"].namespace)
    return tuple(sorted({*control, MODELS_NAMESPACE, *safety_namespaces(stack.resolution)}))


def logs(stack: ResolvedStack) -> LogsPlan | None:
    """Plan it; None where Loki keeps no logs."""
    settings = in_loki(stack.settings)
    if settings is None:
        return None
    monitoring = stack.catalog.charts["kube-prometheus-stack"].namespace
    read = tuple(f"{namespace}_*/*/*.log" for namespace in logged_namespaces(stack))
    if stack.settings.observability.usage_export is not None:
        read += (f"{monitoring}_{USAGE_EXPORT}-*/*/*.log",)
    collector = log_filter.configuration(
        read=read,
        offsets=_OFFSETS,
        endpoint=f"http://{LOG_STORE}.{STORE_NAMESPACE}.svc.cluster.local:{LOKI_PORT}/otlp",
        memory_limit_mib=COLLECTOR_REQUESTS.memory_limit_mib,
    )
    store = yaml_text.dump(_loki(settings))
    return LogsPlan(
        read=read,
        retention_days=settings.retention_days or LOKI_DAYS,
        collector=LogCollectorPlan(
            name=LOG_COLLECTOR,
            namespace=COLLECTOR_NAMESPACE,
            image=image(stack, COLLECTOR_IMAGE),
            settings=collector,
            config_map=f"{LOG_COLLECTOR}-{content_hash(collector)}",
            offsets=_OFFSETS,
            requests=COLLECTOR_REQUESTS,
        ),
        store=LogStorePlan(
            name=LOG_STORE,
            namespace=STORE_NAMESPACE,
            image=image(stack, LOKI_IMAGE),
            user=_USER,
            settings=store,
            config_map=f"{LOG_STORE}-{content_hash(store)}",
            storage_gib=settings.storage_gib or LOKI_GIB,
            requests=within_safeguards(stack, LOKI),
        ),
        prometheus_namespace=monitoring,
    )


def _loki(logs: Logs) -> dict[str, Json]:
    """Loki as one process: https://grafana.com/docs/loki/latest/configure/."""
    index: Json = {
        "from": _INDEX_SINCE,
        "store": "tsdb",
        "object_store": "filesystem",
        "schema": "v13",
        "index": {"prefix": "index_", "period": "24h"},
    }
    labels: Json = ["k8s.namespace.name", "k8s.pod.name", "k8s.container.name"]
    return {
        # Network policies say who reaches it.
        "auth_enabled": False,
        "server": {"http_listen_port": LOKI_PORT, "log_format": "json", "log_level": "warn"},
        "common": {
            "path_prefix": _DATA,
            "replication_factor": 1,
            "instance_addr": "127.0.0.1",
            "ring": {"kvstore": {"store": "inmemory"}},
            "storage": {"filesystem": {"chunks_directory": f"{_DATA}/chunks", "rules_directory": f"{_DATA}/rules"}},
        },
        "schema_config": {"configs": [index]},
        # Without it, logs are kept for ever (docs/sources/operations/storage/retention.md).
        "compactor": {"retention_enabled": True, "delete_request_store": "filesystem"},
        "limits_config": {
            # Whoever reads lines, as Grafana does, doesn't delete them: there are no users to tell apart.
            "deletion_mode": "disabled",
            "retention_period": f"{24 * (logs.retention_days or LOKI_DAYS)}h",
            # A collector that was away for long sends what kubelet has kept; Loki refuses what is a week old by itself.
            "reject_old_samples": False,
            "allow_structured_metadata": True,
            "max_line_size_truncate": True,
            # One stream a container of a pod, whose lines come in their order.
            "otlp_config": {
                "resource_attributes": {
                    "ignore_defaults": True,
                    "attributes_config": [{"action": "index_label", "attributes": labels}],
                }
            },
        },
        "analytics": {"reporting_enabled": False},
    }
