"""The AKS cluster: version, who reaches its API server, its system pool and when it may be upgraded."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.base import Guid, Network, Positive, Range, Section, Text, Zone, pattern

VNET_ID = r"^/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/Microsoft\.Network/virtualNetworks/[^/]+$"


class ApiServer(Section):
    """How the API server is reached: from listed public ranges, or only from inside the network."""

    access: Literal["authorized", "private"] = Field(description="`authorized`: public address, listed ranges only.")
    authorized_ranges: tuple[Network, ...] = Field(
        default=(), description="Public ranges that may reach the API server."
    )
    runner_vnet: Annotated[str, pattern(VNET_ID)] | None = Field(
        default=None, description="Id of the network where `pulumi up` runs; peered with the platform's network."
    )

    @model_validator(mode="after")
    def _matches_access(self) -> "ApiServer":
        if self.access == "authorized" and not self.authorized_ranges:
            message = "access `authorized` needs authorized_ranges: an open API server is not offered"
            raise ValueError(message)
        if self.access == "private" and self.authorized_ranges:
            message = "authorized_ranges have no meaning with access `private`"
            raise ValueError(message)
        if self.access == "authorized" and self.runner_vnet:
            message = "runner_vnet has no meaning with access `authorized`"
            raise ValueError(message)
        return self


class SystemPool(Section):
    """Nodes for the cluster's own workloads, the gateway and monitoring."""

    vm_size: Text = Field(description="Azure VM size.")
    nodes: Range = Field(description="Autoscaling bounds; a system pool never scales to zero.")
    zones: tuple[Zone, ...] | None = Field(
        default=None, description="Availability zones. Default: none; Azure places the nodes."
    )
    capacity: Literal["on-demand", "spot"] = Field(
        default="on-demand", description="Azure takes on-demand only for a system pool."
    )


class Maintenance(Section):
    """When Azure may upgrade the cluster and the node images."""

    day: Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] = "Sunday"
    start: Annotated[str, pattern(r"^([01]\d|2[0-3]):[0-5]\d$")] = Field(default="02:00", description="HH:MM.")
    hours: Annotated[int, Field(ge=4, le=24, strict=True)] = Field(default=4, description="Azure takes 4 at least.")
    utc_offset: Annotated[str, pattern(r"^[+-](0\d|1[0-4]):[0-5]\d$")] = "+00:00"


class Cluster(Section):
    """One AKS cluster."""

    kubernetes: Annotated[str, pattern(r"^1\.\d{2}$")] = Field(description="Minor version; Azure picks the patch.")
    tier: Literal["Free", "Standard", "Premium"] = Field(description="Free has no uptime agreement.")
    api_server: ApiServer
    admin_groups: tuple[Guid, ...] = Field(min_length=1, description="Entra groups that administer the cluster.")
    system_pool: SystemPool
    maintenance: Maintenance = Field(default_factory=Maintenance)
    upgrade_channel: Literal["none", "patch", "stable", "rapid", "node-image"] = Field(
        default="patch", description="What Azure upgrades by itself inside the maintenance window."
    )
    gpu_driver: Literal["aks", "operator"] = Field(
        default="aks",
        description="Who owns the NVIDIA driver on every GPU pool: the AKS node image or the GPU Operator.",
    )
    login: Literal["azurecli", "workloadidentity", "spn", "msi"] = Field(
        default="azurecli", description="How kubelogin signs in where Pulumi runs."
    )
    max_pods: Annotated[int, Field(ge=30, le=250, strict=True)] = Field(default=110, description="Pods per node.")


Quota = dict[str, Positive]
