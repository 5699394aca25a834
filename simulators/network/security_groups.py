"""What network security groups let into subnets, Azure's own rules included; what is not understood is refused.

Source: https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulators.azure.cloud import AzureObject, Cloud
from simulators.network.port_sets import ALL, LAST_PORT, NONE, PROTOCOLS, NotUnderstoodError, Ports

# Azure's words for where something comes from. `VirtualNetwork` has every peered network in it.
SOURCES: Final = ("Internet", "VirtualNetwork", "AzureLoadBalancer")
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

    Raises:
        NotUnderstoodError: a rule has something whose meaning is not written down here.

    """
    for subnet in (resource for resource in cloud.azure if resource.token == "network:Subnet"):
        group = subnet.inputs.get("networkSecurityGroup")
        rules = None if group is None else _group(cloud, group["id"]).inputs.get("securityRules") or []
        for source in SOURCES:
            yield source, str(subnet.inputs["subnetName"]), ALL if rules is None else _admitted(rules, source)


def _group(cloud: Cloud, id_: str) -> AzureObject:
    group = cloud.find(id_)
    if group is None:
        raise NotUnderstoodError(f"there is no security group {id_}")
    return group


def _admitted(rules: list[Mapping[str, Any]], source: str) -> Ports:
    """The first rule that speaks of a port decides, by priority."""
    admitted, undecided = NONE, ALL
    for rule in sorted([*rules, *_AZURES_OWN], key=lambda one: one["priority"]):
        if not _speaks_of(rule, source):
            continue
        ports = _ports(rule) & undecided
        undecided = undecided - ports
        if rule["access"] == "Allow":
            admitted |= ports
    return admitted


def _speaks_of(rule: Mapping[str, Any], source: str) -> bool:
    prefix = rule["sourceAddressPrefix"]
    anywhere = all(rule.get(key, "*") == "*" for key in ("sourcePortRange", "destinationAddressPrefix"))
    inbound = rule.get("direction", "Inbound") == "Inbound"
    if set(rule) - _UNDERSTOOD or prefix not in ("*", *SOURCES) or not (anywhere and inbound):
        raise NotUnderstoodError(f"security rule {dict(rule)}")
    return prefix in ("*", source)


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
