"""A cluster and pools on the wire for tests of the small Azure, as small as ARM takes them."""

from typing import Any, Final

GROUP: Final = "rg-small"
NAME: Final = "aks-small"
ZONES: Final = ["1", "2", "3"]

group: Final[dict[str, Any]] = {"resourceGroupName": GROUP, "location": "eastus"}


def cluster(**changes: Any) -> dict[str, Any]:
    """A managed cluster with one system node."""
    profile = {
        "name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5", "maxPods": 110,
        "type": "VirtualMachineScaleSets",
        "nodeTaints": ["CriticalAddonsOnly=true:NoSchedule"], "osDiskSizeGB": 128,
    }  # fmt: skip
    return {
        "resourceGroupName": GROUP,
        "resourceName": NAME,
        "location": "eastus",
        "dnsPrefix": "small",
        "kubernetesVersion": "1.36",
        "identity": {"type": "SystemAssigned"},
        "agentPoolProfiles": [profile],
        **changes,
    }


def pool(name: str, **changes: Any) -> dict[str, Any]:
    """A pool of one to three nodes with one H100 each, cut into two slices by AKS."""
    return {
        "resourceGroupName": GROUP,
        "resourceName": NAME,
        "agentPoolName": name,
        "mode": "User",
        "type": "VirtualMachineScaleSets",
        "vmSize": "Standard_NC40ads_H100_v5",
        "enableAutoScaling": True,
        "count": 1,
        "minCount": 1,
        "maxCount": 3,
        "maxPods": 110,
        "osDiskSizeGB": 512,
        "gpuInstanceProfile": "MIG3g",
        "nodeLabels": {"own": name},
        "nodeTaints": ["nvidia.com/gpu=present:NoSchedule"],
        **changes,
    }
