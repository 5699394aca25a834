"""Plans traces: the collector with its configuration, the store in the cluster or the server elsewhere."""

from config.telemetry import Traces
from planning import yaml_text
from planning.deciding import azure_objects, collector
from planning.deciding.images import image
from planning.deciding.releases import NAMESPACE as MODELS_NAMESPACE
from planning.deciding.safeguards import within_safeguards
from planning.deciding.secret_stores import secret_store
from planning.deciding.traffic import GATEWAY, GATEWAY_NAMESPACE, LINK_LOCAL
from planning.naming import content_hash
from planning.plan import Json
from planning.plan.system_pods import JAEGER, TEMPO, TRACE_COLLECTOR_REPLICAS, TRACES
from planning.plan.telemetry import (
    OTLP_PORT,
    TRACE_COLLECTOR,
    TRACE_STORE,
    CollectorPlan,
    DestinationPlan,
    StorePlan,
    TelemetryPlan,
)
from planning.resolving.resolution import ResolvedStack
from planning.resolving.telemetry import (
    COLLECTOR_IMAGE,
    NAMESPACE,
    STORE_IMAGES,
    TEMPO_DAYS,
    TEMPO_GIB,
    endpoint_of,
    recorded_tenants,
)

# Users of the images (grafana/tempo cmd/tempo/Dockerfile, jaegertracing/jaeger scripts/build/docker).
_USER = 10001
_TEMPO_PORT, _JAEGER_PORT = 3200, 16686
_DATA = "/var/tempo"


def telemetry(stack: ResolvedStack) -> TelemetryPlan | None:
    """Plan it; None where no traces are kept."""
    traces = stack.settings.observability.traces
    if traces is None:
        return None
    charts, recorded = stack.catalog.charts, recorded_tenants(stack.resolution)
    destination = _destination(stack, traces)
    exporter = (
        collector.in_cluster_exporter(f"{TRACE_STORE}.{NAMESPACE}.svc.cluster.local", OTLP_PORT)
        if traces.endpoint is None
        else collector.http_exporter(traces.endpoint, authorized=traces.authorization_secret is not None)
    )
    settings = collector.configuration(
        sampling=traces.sampling,
        recorded_tenants=recorded,
        exporter=exporter,
        memory_limit_mib=TRACES.memory_limit_mib,
    )
    return TelemetryPlan(
        namespace=NAMESPACE,
        collector=CollectorPlan(
            name=TRACE_COLLECTOR,
            image=image(stack, COLLECTOR_IMAGE),
            replicas=TRACE_COLLECTOR_REPLICAS,
            settings=settings,
            config_map=f"{TRACE_COLLECTOR}-{content_hash(settings)}",
            requests=within_safeguards(stack, TRACES),
        ),
        store=_store(stack, traces),
        destination=destination,
        sampling=traces.sampling,
        retention=_retention(traces),
        retention_days=(traces.retention_days or TEMPO_DAYS) if traces.backend == "tempo" else None,
        recorded_tenants=recorded,
        gateway=GATEWAY,
        gateway_namespace=GATEWAY_NAMESPACE,
        proxies_namespace=charts["gateway-helm"].namespace,
        models_namespace=MODELS_NAMESPACE,
        prometheus_namespace=charts["kube-prometheus-stack"].namespace,
    )


def _destination(stack: ResolvedStack, traces: Traces) -> DestinationPlan | None:
    if traces.endpoint is None:
        return None
    endpoint = endpoint_of(traces.endpoint)
    return DestinationPlan(
        host=endpoint.host,
        port=endpoint.port,
        namespace=endpoint.namespace,
        address=endpoint.is_address,
        by_name=stack.settings.network.egress == "fqdn",
        never=(azure_objects.PLATFORM_ADDRESS, LINK_LOCAL),
        authorization=traces.authorization_secret,
        secret_store=secret_store(stack, NAMESPACE) if traces.authorization_secret is not None else None,
    )


def _retention(traces: Traces) -> str:
    if traces.backend == "tempo":
        days = traces.retention_days or TEMPO_DAYS
        return f"{days} {'day' if days == 1 else 'days'} in Tempo"
    return "until its pod ends, in Jaeger's memory" if traces.backend == "jaeger" else "as its server keeps them"


def _store(stack: ResolvedStack, traces: Traces) -> StorePlan | None:
    if traces.backend == "otlp":
        return None
    is_tempo = traces.backend == "tempo"
    settings = yaml_text.dump(_tempo(traces)) if is_tempo else None
    return StorePlan(
        name=TRACE_STORE,
        kind="Tempo" if is_tempo else "Jaeger",
        image=image(stack, STORE_IMAGES[traces.backend]),
        user=_USER,
        arguments=("-config.file=/etc/telemetry/settings.yaml",) if is_tempo else (),
        # Jaeger listens on loopback alone without it (jaegertracing/jaeger v2 cmd/jaeger/internal/all-in-one.yaml).
        variables=() if is_tempo else (("JAEGER_LISTEN_HOST", "0.0.0.0"),),  # noqa: S104 - a pod's own address
        settings=settings,
        config_map=None if settings is None else f"{TRACE_STORE}-{content_hash(settings)}",
        query_port=_TEMPO_PORT if is_tempo else _JAEGER_PORT,
        ready_path="/ready" if is_tempo else "/",
        storage_gib=(traces.storage_gib or TEMPO_GIB) if is_tempo else None,
        requests=within_safeguards(stack, TEMPO if is_tempo else JAEGER),
    )


def _tempo(traces: Traces) -> dict[str, Json]:
    """Tempo as one process: https://grafana.com/docs/tempo/latest/configuration/."""
    hours = 24 * (traces.retention_days or TEMPO_DAYS)
    grpc: Json = {"endpoint": f"0.0.0.0:{OTLP_PORT}"}
    return {
        "server": {"http_listen_port": _TEMPO_PORT, "log_format": "json"},
        "usage_report": {"reporting_enabled": False},
        "distributor": {"receivers": {"otlp": {"protocols": {"grpc": grpc}}}},
        "compactor": {"compaction": {"block_retention": f"{hours}h"}},
        "storage": {
            "trace": {
                "backend": "local",
                "local": {"path": f"{_DATA}/blocks"},
                "wal": {"path": f"{_DATA}/wal"},
            }
        },
    }
