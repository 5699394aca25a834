"""What network security groups let into subnets, Azure's own rules included; what is not understood is refused.

Source: https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview, and for pods
https://learn.microsoft.com/azure/aks/azure-cni-overlay (network security groups): with Azure's own rules alone pods
reach each other, so their range counts as part of the virtual network.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulators.azure.cloud import AzureObject, Cloud
from simulators.network.port_sets import ALL, LAST_PORT, NONE, PROTOCOLS, NotUnderstoodError, Ports

# Azure's words for where something comes from. `VirtualNetwork` has every peered network in it.
SOURCES: Final = ("Internet", "VirtualNetwork", "AzureLoadBalancer")
PODS: Final = "pods of the cluster"
_AZURES_OWN: Final = (
    {"priority": 65000, "access": "Allow", "protocol": "*", "sourceAddressPrefix": "VirtualNetwork"},
    {"priority": 65001, "access": "Allow", "protocol": "*", "sourceAddressPrefix": "AzureLoadBalancer"},
    {"priority": 65500, "access": "Deny", "protocol": "*", "sourceAddressPrefix": "*"},
)
_UNDERSTOOD: Final = {
    "name", "priority", "access", "direction", "protocol", "sourceAddressPrefix", "sourcePortRange",
    "destinationAddressPrefix", "destinationPortRange",
}  # fmt: skip


def let_in(cloud: Cloud) -> Iterator[tuple[str, str, Ports]]:
    """What may enter every subnet of the cloud: source, subnet's name, ports. Without a group all may.

    A source is one of Azure's words, or a range that a rule of the group names: a subnet by its name, or the pods.

    Raises:
        NotUnderstoodError: a rule has something whose meaning is not written down here.

    """
    subnets = [resource for resource in cloud.azure if resource.token == "network:Subnet"]
    named = {str(subnet.inputs["addressPrefix"]): str(subnet.inputs["subnetName"]) for subnet in subnets}
    clusters = (resource for resource in cloud.azure if resource.token == "containerservice:ManagedCluster")
    named |= {str(cluster.inputs["networkProfile"]["podCidr"]): PODS for cluster in clusters}
    for subnet in subnets:
        group = subnet.inputs.get("networkSecurityGroup")
        name, own = str(subnet.inputs["subnetName"]), str(subnet.inputs["addressPrefix"])
        rules = None if group is None else _group(cloud, group["id"]).inputs.get("securityRules") or []
        for source in SOURCES:
            yield source, name, ALL if rules is None else _admitted(rules, source, own)
        for source in sorted({rule["sourceAddressPrefix"] for rule in rules or ()} & named.keys()):
            yield named[source], name, _admitted(rules or [], source, own)


def _group(cloud: Cloud, id_: str) -> AzureObject:
    group = cloud.find(id_)
    if group is None:
        raise NotUnderstoodError(f"there is no security group {id_}")
    return group


def _admitted(rules: list[Mapping[str, Any]], source: str, subnet: str) -> Ports:
    """The first rule that speaks of a port decides, by priority; `subnet` is the range of the addresses behind it."""
    admitted, undecided = NONE, ALL
    for rule in sorted([*rules, *_AZURES_OWN], key=lambda one: one["priority"]):
        if not _speaks_of(rule, source, subnet):
            continue
        ports = _ports(rule) & undecided
        undecided = undecided - ports
        if rule["access"] == "Allow":
            admitted |= ports
    return admitted


def _speaks_of(rule: Mapping[str, Any], source: str, subnet: str) -> bool:
    prefix, is_range = rule["sourceAddressPrefix"], source not in SOURCES
    everywhere = rule.get("sourcePortRange", "*") == "*" and rule.get("destinationAddressPrefix", "*") in ("*", subnet)
    inbound = rule.get("direction", "Inbound") == "Inbound"
    known = prefix in ("*", *SOURCES) or "/" in prefix
    if set(rule) - _UNDERSTOOD or not (known and everywhere and inbound):
        raise NotUnderstoodError(f"security rule {dict(rule)}")
    return prefix in ("*", source) or (is_range and prefix == "VirtualNetwork")


def _ports(rule: Mapping[str, Any]) -> Ports:
    range_text = rule.get("destinationPortRange", "*")
    first, _, last = ("1", "-", str(LAST_PORT)) if range_text == "*" else range_text.partition("-")
    ports = NONE
    for protocol in PROTOCOLS:
        if rule["protocol"] in ("*", protocol.title()):
            ports |= Ports.of(protocol, int(first), int(last or first))
    if not ports:
        raise NotUnderstoodError(f"security rule {dict(rule)}")
    return ports
