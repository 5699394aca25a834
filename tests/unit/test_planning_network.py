"""The network of any stack: what each subnet lets in, from where, and which order its rules have."""

from typing import Any

import pytest
from planning_stacks import plan

from planning.plan.azure_network import SecurityRulePlan, SubnetPlan

SUBNET = "10.20.67.0/27"


def behind(sku: str, exposure: str) -> dict[str, Any]:
    service = {
        "sku": sku,
        "exposure": exposure,
        "subnet": SUBNET,
        "publisher_name": "A",
        "publisher_email": "a@b.example",
    }
    return {"gateway.api_management": service}


PUBLIC = {"gateway.exposure": "public"}
REDIS = {
    "limiter": {"redis": "azure"},
    "tenants[0].limits": {"tokens_per_minute": {"input": 9000, "output": 1000}},
}
PRIVATE = {"cluster.api_server": {"access": "private"}}
STACKS: dict[str, dict[str, Any]] = {
    "dev": {},
    "public": PUBLIC,
    "redirected": {"gateway.http_redirect": True},
    "public and redirected": {**PUBLIC, "gateway.http_redirect": True},
    "Redis of Azure": REDIS,
    "private": PRIVATE,
    "API Management inside": behind("Premium", "internal"),
    "API Management inside, public": behind("Developer", "public"),
    "API Management that reaches out": behind("StandardV2", "public"),
}


def subnets(stack: str) -> dict[str, SubnetPlan]:
    return {subnet.role: subnet for subnet in plan(STACKS[stack]).foundation.network.subnets}


def let_in(subnet: SubnetPlan) -> dict[str, str]:
    """Sources of what may come in, by port."""
    return {rule.port: rule.source for rule in subnet.rules or () if rule.access == "Allow"}


@pytest.mark.parametrize("stack", STACKS)
def test_rules_have_an_order_and_what_is_refused_comes_last(stack: str) -> None:
    """Azure takes priorities from 100 to 4096, each once; what follows a rule that refuses the same has no effect."""
    for subnet in subnets(stack).values():
        rules = subnet.rules or ()
        assert (subnet.security_group is None) == (subnet.rules is None)
        assert [rule.priority for rule in rules] == sorted({rule.priority for rule in rules}), subnet.role
        assert len({rule.name for rule in rules}) == len(rules)
        assert all(100 <= rule.priority <= 4096 for rule in rules)
        assert [rule.access for rule in rules] == sorted(rule.access for rule in rules), subnet.role
        # The name says what a rule does to whom, and is what an operator sees in the portal.
        assert all(rule.name.startswith(f"{rule.access.lower()}-") for rule in rules)


@pytest.mark.parametrize("stack", STACKS)
def test_subnets_of_the_platforms_own_addresses_refuse_the_rest(stack: str) -> None:
    """Azure's own AllowVnetInBound lets every peered network reach every port."""
    for role in {"gateway", "private_endpoints", "api_management"} & set(subnets(stack)):
        rest = list(subnets(stack)[role].rules or ())[-1]
        assert rest == SecurityRulePlan(
            name="deny-rest", priority=4096, access="Deny", source="*", destination="*", port="*"
        )


@pytest.mark.parametrize("stack", STACKS)
def test_nodes_take_kubelets_callers_and_nobodys_ssh(stack: str) -> None:
    nodes = subnets(stack)["nodes"]
    kubelet = [rule for rule in nodes.rules or () if rule.port == "10250"]
    assert [(rule.access, rule.source) for rule in kubelet] == [
        ("Allow", "10.20.0.0/18"), ("Allow", "10.20.64.0/28"), ("Allow", "10.244.0.0/16"), ("Deny", "VirtualNetwork"),
    ]  # fmt: skip
    ssh = [(rule.access, rule.source) for rule in nodes.rules or () if rule.port == "22"]
    assert ssh == [("Deny", "VirtualNetwork")]
    assert {rule.destination for rule in nodes.rules or () if rule.port in ("10250", "22")} == {"10.20.0.0/18"}


@pytest.mark.parametrize(
    ("stack", "role", "ports"),
    [
        ("dev", "gateway", {"443": "VirtualNetwork"}),
        ("redirected", "gateway", {"443": "VirtualNetwork", "80": "VirtualNetwork"}),
        ("public", "nodes", {"443": "Internet"}),
        ("public and redirected", "nodes", {"443": "Internet", "80": "Internet"}),
        ("dev", "nodes", {}),
        ("dev", "private_endpoints", {"443": "VirtualNetwork"}),
        ("Redis of Azure", "private_endpoints", {"443": "VirtualNetwork", "10000": "VirtualNetwork"}),
        # https://learn.microsoft.com/azure/api-management/virtual-network-reference
        ("API Management inside", "api_management",
         {"443": "VirtualNetwork", "3443": "ApiManagement", "6390": "AzureLoadBalancer"}),
        ("API Management inside, public", "api_management",
         {"443": "Internet", "3443": "ApiManagement", "6390": "AzureLoadBalancer"}),
        ("API Management that reaches out", "api_management", {}),
    ],
)  # fmt: skip
def test_what_a_subnet_lets_in(stack: str, role: str, ports: dict[str, str]) -> None:
    found = {port: source for port, source in let_in(subnets(stack)[role]).items() if port != "10250"}
    assert found == ports


def test_subnets_that_azure_takes_over_are_delegated_and_go_out_by_one_address() -> None:
    delegated = {
        (stack, role): (subnet.delegation, subnet.nat, subnet.cidr)
        for stack in STACKS
        for role, subnet in subnets(stack).items()
    }
    for stack in STACKS:
        assert delegated[stack, "nodes"] == (None, True, "10.20.0.0/18")
        assert delegated[stack, "api_server"] == ("Microsoft.ContainerService/managedClusters", False, "10.20.64.0/28")
        assert delegated[stack, "gateway"] == (None, False, "10.20.65.0/24")
        assert delegated[stack, "private_endpoints"] == (None, False, "10.20.66.0/24")
    # A service inside has an address of its own; one that only reaches out by the subnet goes out as nodes do.
    assert delegated["API Management inside", "api_management"] == (None, False, SUBNET)
    assert delegated["API Management that reaches out", "api_management"] == ("Microsoft.Web/serverFarms", True, SUBNET)


def test_only_what_has_a_private_address_has_a_private_zone() -> None:
    zones = {
        stack: {service for service, _ in plan(changes).foundation.network.private_zones}
        for stack, changes in STACKS.items()
    }
    assert zones["dev"] == {"vault", "registry", "blob"}
    assert zones["private"] == {"vault", "registry", "blob", "api_server"}
    assert zones["Redis of Azure"] == {"vault", "registry", "blob", "redis"}
    assert dict(plan(PRIVATE).foundation.network.private_zones)["api_server"] == "privatelink.eastus.azmk8s.io"
