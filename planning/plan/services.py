"""What runs in the cluster for all models: releases, secrets, operator, gateway, metrics."""

from typing import Literal

from msgspec import Struct

from planning.plan.azure import GrantPlan, IdentityPlan
from planning.plan.base import Json


class ChartPlan(Struct, frozen=True, kw_only=True):
    """One Helm release: chart, version, where from and where to."""

    release: str
    namespace: str
    chart: str
    version: str
    repository: str | None
    timeout_seconds: int


class SecretsPlan(Struct, frozen=True, kw_only=True):
    """External Secrets Operator and the one store that reads the vault."""

    chart: ChartPlan
    store: str
    identity: IdentityPlan
    read_vault: GrantPlan
    namespaces: tuple[str, ...]


class GpuOperatorPlan(Struct, frozen=True, kw_only=True):
    """GPU Operator: `values` is the whole tuple of one ownership mode, never half of it."""

    chart: ChartPlan
    mode: Literal["aks", "operator"]
    values: dict[str, Json]


class ServingPlan(Struct, frozen=True, kw_only=True):
    """The namespace of all models and what they share."""

    namespace: str
    hugging_face_secret: str | None
    hugging_face_key: str | None


class AutoscalingPlan(Struct, frozen=True, kw_only=True):
    """KEDA."""

    chart: ChartPlan


class ClientPlan(Struct, frozen=True, kw_only=True):
    """A caller of the gateway and the vault's secret with its key."""

    name: str
    key_secret: str


class GatewayPlan(Struct, frozen=True, kw_only=True):
    """Envoy Gateway, Envoy AI Gateway and the one Gateway object."""

    envoy: ChartPlan
    ai_crds: ChartPlan
    ai: ChartPlan
    namespace: str
    gateway: str
    hostname: str
    certificate: str
    public: bool
    subnet: str
    clients: tuple[ClientPlan, ...]
    request_timeout_seconds: int
    min_replicas: int
    max_replicas: int


class MonitoringPlan(Struct, frozen=True, kw_only=True):
    """Prometheus, what it scrapes and when it tells someone."""

    chart: ChartPlan
    server: str
    models_namespace: str
    operator_namespace: str
    retention_days: int
    storage_gib: int
    replicas: int
    waiting_requests: int
    first_token_seconds: float
