"""What hardens a cluster beyond its defaults: Azure Policy, a cleaner of images, the nodes' group, a key for etcd.

Each is named only where it was decided: an add-on that is left out stays as it is (Azure/AKS#2904), and where the stack
file says nothing it may be a policy of the organisation that has switched it on.
"""

from pulumi_azure_native.containerservice import (
    ManagedClusterAddonProfileArgsDict,
    ManagedClusterNodeResourceGroupProfileArgsDict,
    ManagedClusterSecurityProfileArgsDict,
)

from components.azure.keys import Keys
from planning.plan import ClusterPlan

# ARM wants an interval also where the cleaner is off.
_LONGEST_HOURS = 2160


def azure_policy(plan: ClusterPlan) -> dict[str, ManagedClusterAddonProfileArgsDict]:
    """The add-on that enforces the policies assigned to the subscription; without any it changes nothing."""
    return {} if plan.azure_policy is None else {"azurepolicy": {"enabled": plan.azure_policy}}


def image_cleaner(plan: ClusterPlan) -> ManagedClusterSecurityProfileArgsDict:
    """The removal of images with known flaws that no container uses."""
    hours = plan.image_cleaner_hours
    if hours is None:
        return {}
    return {"image_cleaner": {"enabled": hours > 0, "interval_hours": hours or _LONGEST_HOURS}}


def etcd_key(plan: ClusterPlan, keys: Keys | None) -> ManagedClusterSecurityProfileArgsDict:
    """The vault's key that Secrets in etcd are encrypted with."""
    if keys is not None and keys.etcd is not None:
        return {
            "azure_key_vault_kms": {
                "enabled": True,
                "key_id": keys.etcd,
                "key_vault_network_access": "Private",
                "key_vault_resource_id": keys.vault_id,
            }
        }
    return {"azure_key_vault_kms": {"enabled": False}} if plan.etcd_key_off else {}


def node_resource_group(plan: ClusterPlan) -> ManagedClusterNodeResourceGroupProfileArgsDict | None:
    """Who may change what AKS makes for nodes, disks and load balancers; AKS itself always may."""
    if plan.read_only_nodes_group is None:
        return None
    return {"restriction_level": "ReadOnly" if plan.read_only_nodes_group else "Unrestricted"}
