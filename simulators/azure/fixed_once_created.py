"""What Azure refuses to change, or silently keeps, of a vault, a store, a registry, a subnet and a cluster.

Source: vaults, MicrosoftDocs/azure-docs#110047 and hashicorp/terraform-provider-azurerm#7822 (retention: set once),
Azure/azure-rest-api-specs#18106 and #8075 (purge protection: never false; left out, it stays on); storage,
Azure/azure-rest-api-specs Microsoft.Storage StorageAccountUpdateParameters (`sku`, `kind`); registry,
MicrosoftDocs/azure-docs articles/reliability/reliability-container-registry.md; subnets,
hashicorp/terraform-provider-azurerm#11211 and MicrosoftDocs/azure-docs#20572 (ranges of a network that hold subnets);
cluster, rancher/rancher#24071 (no downgrade, in the words of AKS), MicrosoftDocs/azure-docs#110428 (private zone) and
Azure/AKS#2904 (add-ons that are no longer named).
What differs: Azure changes the range of a subnet that nothing uses; here none is changed.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, Final

from simulators.provider_protocol.calls import RefusedError

_PURGE_PROTECTION: Final = "enablePurgeProtection"
# Paths of inputs that keep the value with which they were first set, and how Azure refuses another one.
_SET_ONCE: Final[dict[str, dict[str, str]]] = {
    "containerregistry:Registry": {"zoneRedundancy": "InvalidRequest: zone redundancy is configured at creation only"},
    "containerservice:ManagedCluster": {
        "apiServerAccessProfile.privateDNSZone": "PropertyChangeNotAllowed: changing the private zone is not allowed"
    },
    "keyvault:Vault": {
        "properties.softDeleteRetentionInDays": "BadRequest: softDeleteRetentionInDays is set already, it stays"
    },
    "network:Subnet": {"addressPrefix": "InUsePrefixCannotBeDeleted: the prefix has active allocations"},
    "storage:StorageAccount": {
        "kind": "AccountPropertyCannotBeUpdated: the kind of this account can't be changed",
        "sku.name": "AccountTypeChangeNotAllowed: accounts of this SKU can't be updated to another one, or to this one",
    },
}


def refuse(token: str, old: Mapping[str, Any], new: Mapping[str, Any], subnets: Iterable[str] = ()) -> None:
    """Refuse an update as Azure does; `subnets` are the ranges of those that a virtual network has.

    Raises:
        RefusedError: something is fixed.
    """
    for path, why in _SET_ONCE.get(token, {}).items():
        before = _at(old, path)
        if before is not None and before != _at(new, path):
            raise RefusedError(why)
    if token == "keyvault:Vault" and _at(new, f"properties.{_PURGE_PROTECTION}") is False:
        raise RefusedError(f'BadRequest: The property "{_PURGE_PROTECTION}" cannot be set to false')
    if token == "containerservice:ManagedCluster":
        _refuse_downgrade(_at(old, "kubernetesVersion"), _at(new, "kubernetesVersion"))
    if token == "network:VirtualNetwork":
        _refuse_outside(_at(new, "addressSpace.addressPrefixes") or (), subnets)


def kept(token: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that hold after an update: what Azure keeps although it is left out is there again."""
    if token == "containerservice:ManagedCluster" and old.get("addonProfiles"):
        return {**new, "addonProfiles": {**old["addonProfiles"], **(new.get("addonProfiles") or {})}}
    if token != "keyvault:Vault" or not _at(old, f"properties.{_PURGE_PROTECTION}"):
        return dict(new)
    return {**new, "properties": {**new.get("properties", {}), _PURGE_PROTECTION: True}}


def _refuse_downgrade(old: Any, new: Any) -> None:
    if isinstance(old, str) and isinstance(new, str) and _numbers(new) < _numbers(old)[: len(_numbers(new))]:
        raise RefusedError(f"OperationNotAllowed: Downgrading Kubernetes version {old} to {new} is not allowed")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _refuse_outside(prefixes: Iterable[str], subnets: Iterable[str]) -> None:
    ranges = [ipaddress.ip_network(prefix) for prefix in prefixes]
    for subnet in subnets:
        inner = ipaddress.IPv4Network(subnet)
        if not any(isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer) for outer in ranges):
            raise RefusedError(f"InUsePrefixCannotBeDeleted: the subnet {subnet} would be outside the address space")


def _at(inputs: Any, path: str) -> Any:
    for key in path.split("."):
        inputs = inputs.get(key) if isinstance(inputs, Mapping) else None
    return inputs
