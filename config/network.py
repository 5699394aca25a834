"""The address plan: one virtual network, its subnets, and the ranges of pods and services."""

from typing import Literal

from pydantic import Field

from config.base import Flag, Network, Section, Zone


class Subnets(Section):
    """Ranges inside the virtual network, one per purpose."""

    nodes: Network = Field(
        default="10.20.0.0/18",
        description="an IPv4 range for the nodes of every pool, one address each, such as 10.20.0.0/18",
    )
    api_server: Network = Field(
        default="10.20.64.0/28",
        description="an IPv4 range for the AKS API server, /28 or larger, such as 10.20.64.0/28",
    )
    gateway: Network = Field(
        default="10.20.65.0/24", description="an IPv4 range for the gateway's load balancer, such as 10.20.65.0/24"
    )
    private_endpoints: Network = Field(
        default="10.20.66.0/24",
        description="an IPv4 range for the endpoints of vault, registry and model store, such as 10.20.66.0/24",
    )


class NetworkSection(Section):
    """Addresses; pods and services live in overlay ranges outside the virtual network."""

    address_space: Network = Field(
        default="10.20.0.0/16", description="the virtual network's IPv4 range, such as 10.20.0.0/16"
    )
    subnets: Subnets = Field(default_factory=Subnets, description="the ranges of the subnets: {nodes: 10.20.0.0/18, …}")
    pods: Network = Field(
        default="10.244.0.0/16", description="the pods' IPv4 range, a /24 per node, such as 10.244.0.0/16"
    )
    services: Network = Field(default="10.96.0.0/16", description="the services' IPv4 range, such as 10.96.0.0/16")
    egress: Literal["addresses", "fqdn"] = Field(
        default="addresses",
        description="how models are kept from the internet: by `addresses` (weights from the store: Azure's token "
        "service alone), or by the names of hosts, `fqdn`, which AKS charges for",
    )
    nat_zones: tuple[Zone, ...] | None = Field(
        default=None,
        description='the zones of the outbound address, in quotes, such as ["1", "2", "3"]; without it Azure chooses. '
        "Azure can't change them once the address exists",
    )
    encryption: Flag = Field(
        default=False,
        description="true: Azure encrypts what passes between nodes, pods' traffic included, where the sizes of both "
        "can; existing nodes begin when they are replaced",
    )
