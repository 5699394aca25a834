"""The address plan: one virtual network, its subnets, and the ranges of pods and services."""

from pydantic import Field

from config.base import Network, Section


class Subnets(Section):
    """Ranges inside the virtual network, one per purpose."""

    nodes: Network = Field(default="10.20.0.0/18", description="Nodes of every pool; one address per node.")
    api_server: Network = Field(
        default="10.20.64.0/28", description="Delegated to the AKS API server; /28 is the smallest Azure takes."
    )
    gateway: Network = Field(default="10.20.65.0/24", description="Internal load balancer of the gateway.")
    private_endpoints: Network = Field(
        default="10.20.66.0/24", description="Private endpoints of vault, registry and model store."
    )


class NetworkSection(Section):
    """Addresses; pods and services live in overlay ranges outside the virtual network."""

    address_space: Network = Field(default="10.20.0.0/16", description="Range of the virtual network.")
    subnets: Subnets = Field(default_factory=Subnets)
    pods: Network = Field(default="10.244.0.0/16", description="Overlay range of pods.")
    services: Network = Field(default="10.96.0.0/16", description="Range of cluster services.")
