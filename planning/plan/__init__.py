"""The contract between planning and building: everything that is decided about a stack, as frozen plain values.

Names that Azure or Kubernetes will see are literal strings here. Ids and everything else that is born in the
graph (principal ids, the OIDC issuer) are not: components pass those on as outputs.
"""

from msgspec import Struct

from planning.plan.access import AccessPlan, AzureAccessPlan
from planning.plan.alerting import AlertingPlan, EmailPlan, ReceiverPlan
from planning.plan.api_management import ApiManagementPlan, ProductPlan
from planning.plan.azure import (
    AgentPoolPlan,
    AzurePlan,
    AzureScopePlan,
    ClusterIdentityPlan,
    ClusterPlan,
    FirstPoolPlan,
    MaintenancePlan,
    ModelStorePlan,
    NodeSecurityPlan,
    VaultPlan,
)
from planning.plan.azure_audit import AuditPlan, ContainerLogsPlan, RecordedPlan
from planning.plan.azure_grants import AdminGrantPlan, GrantPlan
from planning.plan.azure_identities import PodIdentityPlan
from planning.plan.azure_keys import DiskKeyPlan, EtcdKeyPlan, KeysPlan, StoreKeyPlan
from planning.plan.azure_monitor import ActionsPlan, AzureMonitorPlan, GrafanaPlan, RemoteWritePlan
from planning.plan.azure_network import NetworkPlan, RunnerPlan, SecurityRulePlan, SubnetPlan
from planning.plan.azure_redis import ManagedRedisPlan
from planning.plan.azure_registry import CachePlan, RegistryAccountPlan, RegistryPlan
from planning.plan.azure_safeguards import SafeguardsPlan
from planning.plan.base import Json, Pairs
from planning.plan.certificates import CertificatesPlan
from planning.plan.chart_traffic import ChartTrafficPlan
from planning.plan.cost import (
    BreakEvenPlan,
    CapacityCost,
    CostLine,
    CostPlan,
    ModelCost,
    TokenCost,
)
from planning.plan.cost_watch import CostWatchPlan, WatchedModelCost, WatchedPoolCost
from planning.plan.dashboards import (
    DashboardsPlan,
    ShownMetricPlan,
    ShownModelPlan,
    ShownOtherPoolPlan,
    ShownPoolPlan,
    ShownWorkloadPlan,
)
from planning.plan.devices import DeviceClaim, DeviceRequest, ExtendedResource
from planning.plan.fallback import FallbackPlan
from planning.plan.gpu_metrics import GpuMetricsPlan
from planning.plan.image_admission import ImageAdmissionPlan
from planning.plan.limiter import LimiterPlan, RedisPlan
from planning.plan.logs import LogCollectorPlan, LogsPlan, LogStorePlan
from planning.plan.models import (
    HandoverPlan,
    MemoryPlan,
    ModelPlan,
    PodPlan,
    ReleasePlan,
    ReplicaRange,
    RolloutPlan,
    ScalingPlan,
    WeightsCheckPlan,
    WorkloadPlan,
)
from planning.plan.monitoring import MonitoringPlan
from planning.plan.objectives import ModelObjectivesPlan, ObjectivePlan
from planning.plan.platform import NodeSelection, PlatformPlan, PoolPlan, SystemLoadPlan
from planning.plan.request_path import (
    ModelPath,
    ProbePath,
    ProxyPath,
    RequestPathPlan,
    ServerPath,
    TcpKeepalivePath,
    UpstreamPath,
)
from planning.plan.safety import ContentSafetyPlan, SafetyPlan
from planning.plan.secrets import SecretStorePlan
from planning.plan.services import (
    AutoscalingPlan,
    ChartCrdsPlan,
    ChartPlan,
    ControllerPlan,
    GatewayPlan,
    GpuOperatorPlan,
    MovePlan,
    RoutePlan,
    SecretsPlan,
    ServingPlan,
    TrafficPlan,
)
from planning.plan.surface import DnsNamePlan, IssuerPlan, PublicAddressPlan, SurfacePlan
from planning.plan.telemetry import CollectorPlan, DestinationPlan, GatewayTracingPlan, StorePlan, TelemetryPlan
from planning.plan.tenants import CounterPlan, RouteGroupPlan, TenantLimitPlan, TenantPlan
from planning.plan.tokens import IdentityPlan, TokensPlan
from planning.plan.usage import UsageExportPlan, UsageRecordsPlan
from planning.plan.watch import WatchedPool, WatchedWorkload, WatchPlan

__all__ = [
    "AccessPlan",
    "ActionsPlan",
    "AdminGrantPlan",
    "AgentPoolPlan",
    "AlertingPlan",
    "ApiManagementPlan",
    "AuditPlan",
    "AutoscalingPlan",
    "AzureAccessPlan",
    "AzureMonitorPlan",
    "AzurePlan",
    "AzureScopePlan",
    "BreakEvenPlan",
    "CachePlan",
    "CapacityCost",
    "CertificatesPlan",
    "ChartCrdsPlan",
    "ChartPlan",
    "ChartTrafficPlan",
    "ClusterIdentityPlan",
    "ClusterPlan",
    "CollectorPlan",
    "ContainerLogsPlan",
    "ContentSafetyPlan",
    "ControllerPlan",
    "CostLine",
    "CostPlan",
    "CostWatchPlan",
    "CounterPlan",
    "DashboardsPlan",
    "DestinationPlan",
    "DeviceClaim",
    "DeviceRequest",
    "DiskKeyPlan",
    "DnsNamePlan",
    "EmailPlan",
    "EtcdKeyPlan",
    "ExtendedResource",
    "FallbackPlan",
    "FirstPoolPlan",
    "GatewayPlan",
    "GatewayTracingPlan",
    "GpuMetricsPlan",
    "GpuOperatorPlan",
    "GrafanaPlan",
    "GrantPlan",
    "HandoverPlan",
    "IdentityPlan",
    "ImageAdmissionPlan",
    "IssuerPlan",
    "Json",
    "KeysPlan",
    "LimiterPlan",
    "LogCollectorPlan",
    "LogStorePlan",
    "LogsPlan",
    "MaintenancePlan",
    "ManagedRedisPlan",
    "MemoryPlan",
    "ModelCost",
    "ModelObjectivesPlan",
    "ModelPath",
    "ModelPlan",
    "ModelStorePlan",
    "MonitoringPlan",
    "MovePlan",
    "NetworkPlan",
    "NodeSecurityPlan",
    "NodeSelection",
    "ObjectivePlan",
    "Pairs",
    "Plan",
    "PlatformPlan",
    "PodIdentityPlan",
    "PodPlan",
    "PoolPlan",
    "ProbePath",
    "ProductPlan",
    "ProxyPath",
    "PublicAddressPlan",
    "ReceiverPlan",
    "RecordedPlan",
    "RedisPlan",
    "RegistryAccountPlan",
    "RegistryPlan",
    "ReleasePlan",
    "RemoteWritePlan",
    "ReplicaRange",
    "RequestPathPlan",
    "RolloutPlan",
    "RouteGroupPlan",
    "RoutePlan",
    "RunnerPlan",
    "SafeguardsPlan",
    "SafetyPlan",
    "ScalingPlan",
    "SecretStorePlan",
    "SecretsPlan",
    "SecurityRulePlan",
    "ServerPath",
    "ServingPlan",
    "ShownMetricPlan",
    "ShownModelPlan",
    "ShownOtherPoolPlan",
    "ShownPoolPlan",
    "ShownWorkloadPlan",
    "StoreKeyPlan",
    "StorePlan",
    "SubnetPlan",
    "SurfacePlan",
    "SystemLoadPlan",
    "TcpKeepalivePath",
    "TelemetryPlan",
    "TenantLimitPlan",
    "TenantPlan",
    "TokenCost",
    "TokensPlan",
    "TrafficPlan",
    "UpstreamPath",
    "UsageExportPlan",
    "UsageRecordsPlan",
    "VaultPlan",
    "WatchPlan",
    "WatchedModelCost",
    "WatchedPool",
    "WatchedPoolCost",
    "WatchedWorkload",
    "WeightsCheckPlan",
    "WorkloadPlan",
]


class Plan(Struct, frozen=True, kw_only=True):
    """A whole platform, decided."""

    platform: PlatformPlan
    """Region, protection and system nodes: what every platform has."""
    foundation: AzurePlan
    """What is below Kubernetes; the type's tag names its kind."""
    pools: tuple[PoolPlan, ...]
    """The GPU node pools as pods see them."""
    system_load: SystemLoadPlan
    """What the system nodes have to carry."""
    image_admission: ImageAdmissionPlan
    """Which images may run."""
    access: AccessPlan | None
    """Roles of people who don't administer the platform; None where there are none."""
    secrets: SecretsPlan
    """External Secrets Operator."""
    gpu_operator: GpuOperatorPlan
    """NVIDIA's GPU Operator."""
    serving: ServingPlan
    """The namespace of the models."""
    models: tuple[ModelPlan, ...]
    """Everything that is served."""
    autoscaling: AutoscalingPlan
    """KEDA."""
    certificates: CertificatesPlan
    """cert-manager."""
    gateway: GatewayPlan
    """The gateway that receives requests."""
    safety: SafetyPlan | None
    """What judges prompts and answers; None where nothing does."""
    request_path: RequestPathPlan
    """Every time and limit on the way of a request, from which the slices above have theirs."""
    monitoring: MonitoringPlan
    """Prometheus."""
    telemetry: TelemetryPlan | None
    """Traces; None where none are kept."""
    logs: LogsPlan | None
    """Logs in Loki; None where it keeps none."""
    dashboards: DashboardsPlan
    """Grafana's dashboards."""
    cost: CostPlan
    """What the nodes cost."""
