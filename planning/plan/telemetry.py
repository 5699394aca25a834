"""Traces: what collects the spans of a request, what it keeps of them, and where they go."""

from msgspec import Struct

from planning.plan.base import Pairs
from planning.plan.secrets import SecretStorePlan
from planning.plan.system_pods import Requests

# Names of the objects, and of the pods' labels.
TRACE_COLLECTOR, TRACE_STORE = "trace-collector", "trace-store"
# What the gateway calls itself in traces.
GATEWAY_SERVICE = "gateway"
# OTLP over gRPC; what a collector says of itself; its health.
OTLP_PORT, COLLECTOR_METRICS_PORT, COLLECTOR_HEALTH_PORT = 4317, 8888, 13133


class CollectorPlan(Struct, frozen=True, kw_only=True):
    """The OpenTelemetry collector: equal pods, each of which keeps the same traces."""

    name: str
    """Name of its objects."""
    image: str
    """Its image."""
    replicas: int
    """Pods."""
    settings: str
    """Its configuration, YAML."""
    config_map: str
    """Name of the ConfigMap with it, which changes when it does."""
    requests: Requests
    """What a pod requests."""


class StorePlan(Struct, frozen=True, kw_only=True):
    """What keeps traces in the cluster: one pod."""

    name: str
    """Name of its objects."""
    kind: str
    """Tempo or Jaeger, for people."""
    image: str
    """Its image."""
    user: int
    """The user that its image runs as."""
    arguments: tuple[str, ...]
    """Arguments of its program."""
    variables: Pairs
    """Environment variables."""
    settings: str | None
    """Its configuration, YAML; None where it needs none."""
    config_map: str | None
    """Name of the ConfigMap with it."""
    query_port: int
    """Port on which people read traces."""
    ready_path: str
    """Path on that port that answers 200 when it is ready."""
    storage_gib: int | None
    """Its disk; None where everything is lost with the pod."""
    requests: Requests
    """What the pod requests."""


class DestinationPlan(Struct, frozen=True, kw_only=True):
    """A server that takes OTLP over HTTP, which is none of this platform's."""

    host: str
    """Its name or address."""
    port: int
    """Its port."""
    namespace: str | None
    """The namespace that it is in; None where it is outside the cluster."""
    address: bool
    """Whether the host is an address, and no name."""
    by_name: bool
    """Whether network policies name it; else its port is open to every address that isn't `never`."""
    never: tuple[str, ...]
    """Address ranges that no pod may reach, such as the service that hands out the node's identity."""
    authorization: str | None
    """The vault's secret with its header `authorization`; None where it asks for none."""
    secret_store: SecretStorePlan | None
    """Store that it comes from."""


class TelemetryPlan(Struct, frozen=True, kw_only=True):
    """All of it: who sends spans, what collects them, and who keeps them."""

    namespace: str
    """Its namespace."""
    collector: CollectorPlan
    """What collects."""
    store: StorePlan | None
    """What keeps traces in the cluster; None where another server does."""
    destination: DestinationPlan | None
    """That other server."""
    sampling: float
    """The part of traces that is kept, above 0 to 1."""
    retention: str
    """How long they are kept, for people."""
    retention_days: int | None
    """Days for which they are kept; None where no number of days says it."""
    recorded_tenants: tuple[str, ...]
    """Tenants whose prompts and answers are kept with their traces."""
    gateway: str
    """Name of the Gateway whose proxies send spans."""
    gateway_namespace: str
    """Namespace of that Gateway."""
    proxies_namespace: str
    """Namespace of its proxies."""
    models_namespace: str
    """Namespace of the models, which send spans too."""
    prometheus_namespace: str
    """Namespace of Prometheus."""


class GatewayTracingPlan(Struct, frozen=True, kw_only=True):
    """What the gateway's proxies and their processor send spans to."""

    host: str
    """Name of the collector's Service."""
    namespace: str
    """Its namespace."""
    captures: bool
    """Whether the AI gateway's processor puts prompts and answers into its spans."""
