"""The network of a foundation on Azure: subnets with their rules, outbound address, private DNS."""

from typing import Literal

from msgspec import Struct

from planning.plan.base import Pairs


class SecurityRulePlan(Struct, frozen=True, kw_only=True):
    """One inbound rule of a network security group."""

    name: str
    """Name of the rule."""
    priority: int
    """Priority; rules with a lower number are evaluated first."""
    access: Literal["Allow", "Deny"]
    """What happens to traffic that matches."""
    source: str
    """Service tag or address range that traffic comes from; `*` is anywhere."""
    destination: str
    """Address range that it goes to; `*` is any of the subnet's, pods of its nodes included."""
    port: str
    """Port that it goes to; `*` is any."""


class SubnetPlan(Struct, frozen=True, kw_only=True):
    """One subnet of the virtual network."""

    role: str
    """What it is for: nodes, api_server, gateway, private_endpoints or api_management."""
    name: str
    """Azure's name for it."""
    cidr: str
    """Address range."""
    delegation: str | None
    """Azure service to which the subnet is delegated."""
    nat: bool
    """Whether outbound traffic leaves through the NAT gateway."""
    rules: tuple[SecurityRulePlan, ...] | None
    """Rules of its security group; None where it has no group."""
    security_group: str | None
    """Name of its security group."""


class RunnerPlan(Struct, frozen=True, kw_only=True):
    """The network where `pulumi up` runs, peered with ours."""

    vnet_id: str
    """Resource id of that network."""
    vnet: str
    """Name of that network."""
    resource_group: str
    """Resource group of that network."""


class NetworkPlan(Struct, frozen=True, kw_only=True):
    """Virtual network, subnets, outbound address and private DNS zones."""

    vnet: str
    """Name of the virtual network."""
    address_space: str
    """Address range of the virtual network."""
    encryption: bool
    """Whether Azure encrypts traffic between its machines, where both can; no machine is refused."""
    subnets: tuple[SubnetPlan, ...]
    """Subnets, in the order in which they are created."""
    nat_gateway: str
    """Name of the NAT gateway."""
    nat_address: str
    """Name of the NAT gateway's public address."""
    nat_zones: tuple[str, ...]
    """Zones of that address."""
    private_zones: Pairs
    """Private DNS zones: service in the graph and name of the zone."""
    runner: RunnerPlan | None
    """Network to be peered with; None where Pulumi reaches the cluster otherwise."""
