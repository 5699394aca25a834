"""What runs in the cluster for all models: releases, secrets, operator, gateway, metrics."""

from dataclasses import dataclass
from typing import Literal

from planning.plan.azure import GrantPlan, IdentityPlan
from planning.plan.base import Json


@dataclass(frozen=True, kw_only=True)
class ChartPlan:
    """One Helm release: chart, version, where from and where to."""

    release: str
    namespace: str
    chart: str
    version: str
    repository: str | None
    timeout_seconds: int


@dataclass(frozen=True, kw_only=True)
class SecretsPlan:
    """External Secrets Operator and the one store that reads the vault."""

    chart: ChartPlan
    store: str
    identity: IdentityPlan
    read_vault: GrantPlan
    namespaces: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GpuOperatorPlan:
    """GPU Operator: `values` is the whole tuple of one ownership mode, never half of it."""

    chart: ChartPlan
    mode: Literal["aks", "operator"]
    values: dict[str, Json]


@dataclass(frozen=True, kw_only=True)
class ServingPlan:
    """The namespace of all models and what they share."""

    namespace: str
    hugging_face_secret: str | None
    hugging_face_key: str | None


@dataclass(frozen=True, kw_only=True)
class AutoscalingPlan:
    """KEDA."""

    chart: ChartPlan


@dataclass(frozen=True, kw_only=True)
class ClientPlan:
    """A caller of the gateway and the vault's secret with its key."""

    name: str
    key_secret: str


@dataclass(frozen=True, kw_only=True)
class GatewayPlan:
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


@dataclass(frozen=True, kw_only=True)
class MonitoringPlan:
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
