"""The contract between thinking and building: everything that is decided about a stack, as frozen plain values.

Names that Azure or Kubernetes will see are literal strings here. Ids and everything else that is born in the
graph (principal ids, the OIDC issuer) are not: components pass those on as outputs.
"""

from msgspec import Struct

from planning.plan.azure import (
    ClusterIdentityPlan,
    ClusterPlan,
    GrantPlan,
    IdentityPlan,
    MaintenancePlan,
    ModelStorePlan,
    NetworkPlan,
    PlatformPlan,
    PoolPlan,
    RegistryPlan,
    RunnerPlan,
    SecurityRulePlan,
    SubnetPlan,
    SystemPoolPlan,
    VaultPlan,
)
from planning.plan.base import Json, Pairs
from planning.plan.cost import (
    BreakEvenPlan,
    CapacityCost,
    CostLine,
    CostPlan,
    ModelCost,
    TokenCost,
)
from planning.plan.devices import DeviceClaim, DeviceRequest, ExtendedResource
from planning.plan.models import (
    HandoverPlan,
    MemoryPlan,
    ModelPlan,
    PodPlan,
    ReleasePlan,
    ReplicaRange,
    RolloutPlan,
    ScalingPlan,
    WorkloadPlan,
)
from planning.plan.services import (
    AutoscalingPlan,
    ChartPlan,
    ClientPlan,
    GatewayPlan,
    GpuOperatorPlan,
    MonitoringPlan,
    SecretsPlan,
    ServingPlan,
)

__all__ = [
    "AutoscalingPlan",
    "BreakEvenPlan",
    "CapacityCost",
    "ChartPlan",
    "ClientPlan",
    "ClusterIdentityPlan",
    "ClusterPlan",
    "CostLine",
    "CostPlan",
    "DeviceClaim",
    "DeviceRequest",
    "ExtendedResource",
    "GatewayPlan",
    "GpuOperatorPlan",
    "GrantPlan",
    "HandoverPlan",
    "IdentityPlan",
    "Json",
    "MaintenancePlan",
    "MemoryPlan",
    "ModelCost",
    "ModelPlan",
    "ModelStorePlan",
    "MonitoringPlan",
    "NetworkPlan",
    "Pairs",
    "Plan",
    "PlatformPlan",
    "PodPlan",
    "PoolPlan",
    "RegistryPlan",
    "ReleasePlan",
    "ReplicaRange",
    "RolloutPlan",
    "RunnerPlan",
    "ScalingPlan",
    "SecretsPlan",
    "SecurityRulePlan",
    "ServingPlan",
    "SubnetPlan",
    "SystemPoolPlan",
    "TokenCost",
    "VaultPlan",
    "WorkloadPlan",
]


class Plan(Struct, frozen=True, kw_only=True):
    """A whole platform, decided."""

    platform: PlatformPlan
    network: NetworkPlan
    identity: ClusterIdentityPlan
    cluster: ClusterPlan
    pools: tuple[PoolPlan, ...]
    vault: VaultPlan
    registry: RegistryPlan
    model_store: ModelStorePlan
    secrets: SecretsPlan
    gpu_operator: GpuOperatorPlan
    serving: ServingPlan
    models: tuple[ModelPlan, ...]
    autoscaling: AutoscalingPlan
    gateway: GatewayPlan
    monitoring: MonitoringPlan
    cost: CostPlan
