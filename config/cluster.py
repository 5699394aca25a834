"""The AKS cluster: version, access to its API server, system node pool and maintenance window."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.base import (
    NO_GUID,
    UNKNOWN_NAME,
    Guid,
    Network,
    Range,
    Section,
    SettingRefusedError,
    StandIn,
    Text,
    VnetId,
    Whole,
    Zone,
    pattern,
)


class ApiServer(Section):
    """How the API server is reached: from listed public ranges, or only from inside the network."""

    access: Annotated[Literal["authorized", "private"], StandIn("private")] = Field(
        description="`authorized` (public address, listed ranges only) or `private` (only from inside the network)"
    )
    authorized_ranges: tuple[Network, ...] = Field(
        default=(),
        max_length=5000,
        description="a list of public IPv4 ranges that may reach the API server, such as [203.0.113.0/24]",
    )
    runner_vnet: VnetId | None = Field(
        default=None,
        description="the id of the network from which secrets and weights are written, and where `pulumi up` runs if "
        "the API server is private: "
        "/subscriptions/…/resourceGroups/…/providers/Microsoft.Network/virtualNetworks/…; it is peered with the "
        "platform's",
    )

    @model_validator(mode="after")
    def _matches_access(self) -> "ApiServer":
        if self.access == "authorized" and not self.authorized_ranges:
            message = "access `authorized` without `authorized_ranges`: an API server open to everyone is not offered"
            raise SettingRefusedError(
                message, "add authorized_ranges, such as [203.0.113.0/24], or write access: private"
            )
        if self.access == "private" and self.authorized_ranges:
            message = "`authorized_ranges` is only valid with access `authorized`"
            raise SettingRefusedError(message, "leave authorized_ranges out, or write access: authorized")
        return self


class SystemPool(Section):
    """Nodes for the cluster's own workloads, the gateway and monitoring."""

    vm_size: Annotated[Text, UNKNOWN_NAME] = Field(
        description="an Azure VM size without GPUs, such as Standard_D4ds_v5"
    )
    nodes: Range = Field(description="the fewest and the most nodes, such as {min: 2, max: 4}; never zero")
    zones: tuple[Zone, ...] | None = Field(
        default=None,
        description='a list of availability zones in quotes, such as ["1", "2"]; without it Azure places the nodes',
    )
    capacity: Literal["on-demand", "spot"] = Field(
        default="on-demand", description="`on-demand`, the only one that Azure allows for a system node pool"
    )


class FirstPool(Section):
    """The one node that AKS requires when a cluster is created; it carries AKS's own pods and is never changed."""

    vm_size: Annotated[Text, UNKNOWN_NAME] = Field(
        default="Standard_D4ds_v5",
        description="an Azure VM size without GPUs, from 4 cores, such as Standard_D4ds_v5; fixed once the cluster is "
        "created",
    )


class Maintenance(Section):
    """When Azure may upgrade the cluster and the node images."""

    day: Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] = Field(
        default="Sunday", description="the day of the week on which the window opens"
    )
    start: Annotated[str, pattern(r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = Field(
        default="02:00", description='the time of day in quotes, such as "02:00"'
    )
    hours: Annotated[int, Field(ge=4, le=24, strict=True)] = Field(
        default=4, description="the window's length in hours, 4 (Azure's least) to 24"
    )
    utc_offset: Annotated[str, pattern(r"^(\+14:00|[+-](0[0-9]|1[0-3]):[0-5][0-9])$")] = Field(
        default="+00:00", description='the offset from UTC in quotes, such as "+01:00"'
    )


class Cluster(Section):
    """One AKS cluster."""

    kubernetes: Annotated[str, pattern(r"^1\.[0-9]{2}$"), StandIn("1.00")] = Field(
        description='a Kubernetes minor version in quotes, such as "1.36" (Azure picks the patch)'
    )
    tier: Annotated[Literal["Free", "Standard", "Premium"], StandIn("Free")] = Field(
        description="`Free` (no uptime agreement), `Standard` or `Premium`"
    )
    api_server: ApiServer = Field(
        description="who reaches the API server: {access: authorized, authorized_ranges: […]}"
    )
    admin_groups: Annotated[tuple[Guid, ...], Field(min_length=1, max_length=100), StandIn([NO_GUID])] = Field(
        description="a list of ids (GUIDs) of Entra groups that administer the cluster, at least one"
    )
    system_pool: SystemPool = Field(description="the cluster's own nodes: {vm_size: …, nodes: {min: 2, max: 4}}")
    first_pool: FirstPool = Field(
        default_factory=FirstPool,
        description="the one node that AKS requires at creation: {vm_size: Standard_D4ds_v5}",
    )
    maintenance: Maintenance = Field(
        default_factory=Maintenance, description='when Azure may upgrade: {day: Saturday, start: "01:00", hours: 8}'
    )
    upgrade_channel: Literal["none", "patch", "stable", "rapid", "node-image"] = Field(
        default="patch", description="what Azure upgrades by itself inside the maintenance window"
    )
    gpu_driver: Literal["aks", "operator"] = Field(
        default="aks",
        description="the owner of the NVIDIA driver on every GPU pool: `aks` (node image) or `operator` (GPU Operator)",
    )
    deployment_safeguards: Literal["off", "warn", "enforce"] = Field(
        default="off",
        description="`warn` or `enforce` for AKS's Deployment Safeguards in the models' namespace and in those that "
        "aren't the platform's (by `enforce` AKS refuses and changes objects), with security.azure_policy, or `off`",
    )
    signed_driver: Annotated[str, pattern(r"^[0-9]{3}\.[0-9]{1,3}(\.[0-9]{1,3})?$")] | None = Field(
        default=None,
        description="the version, in quotes, of NVIDIA's signed driver image for confidential GPU pools, such as "
        '"580.65.06"; the GPU Operator then installs it on every GPU pool',
    )
    login: Literal["azurecli", "workloadidentity", "spn", "msi"] = Field(
        default="azurecli", description="how kubelogin signs in where Pulumi runs"
    )
    max_pods: Annotated[int, Field(ge=30, le=250, strict=True)] = Field(
        default=110, description="pods per node, 30 to 250"
    )
    storage_drivers: tuple[Literal["blob", "file", "snapshot"], ...] = Field(
        default=(),
        max_length=3,
        description="a list of AKS's storage drivers beside that for disks, for workloads of your own: [file]",
    )


Quota = dict[str, Whole]
