"""The Node objects that AKS makes of an agent pool: names, labels, taints, zones, capacity, and what pods get of it.

Source: https://learn.microsoft.com/azure/aks/concepts-network-azure-cni-overlay (pods of a node),
https://learn.microsoft.com/azure/aks/concepts-storage#default-os-disk-sizing,
https://learn.microsoft.com/azure/aks/use-labels, https://learn.microsoft.com/azure/aks/spot-node-pool for spot nodes,
kubernetes-sigs/cloud-provider-azure pkg/provider/azure_vmss.go (`getScaleSetVMInstanceID`: the last six characters of a
machine's name). VM sizes are the catalog's. What differs: not all reserved labels are set, and a pool that names no
disk gets the size of a managed one, where AKS since March 2025 prefers an ephemeral one as large as the VM's temporary
storage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from catalog import Catalog, VmSize, load
from simulators.aks.allocatable import allocatable
from simulators.azure.assigned_values import guid
from simulators.gpu_operator.devices import SUCCESS, Devices, GpuNode, devices

# Why a node with GPUs offers none: for whoever looks at the nodes of a failed test.
WITHHELD: Final = "simulators/devices-withheld"
CLUSTER_LABEL: Final = "kubernetes.azure.com/cluster"
POOL_LABEL: Final = "kubernetes.azure.com/agentpool"
SPOT_TAINT: Final = "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"
# Taints that Kubernetes itself puts on nodes and takes off again.
OWN_TAINTS: Final = "node.kubernetes.io/"
# AKS with Azure CNI Overlay: https://learn.microsoft.com/azure/aks/concepts-network-azure-cni-overlay.
_DEFAULT_MAX_PODS: Final = 250
# GiB of a managed disk by the most cores that get it: https://learn.microsoft.com/azure/aks/concepts-storage#default-os-disk-sizing.
_DEFAULT_DISKS: Final = ((7, 128), (15, 256), (63, 512))
_LARGEST_DEFAULT_DISK: Final = 1024
_BASE_36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Surroundings:
    """What a node takes from its cluster: subscription, region, the group that holds the machines, AKS's number."""

    subscription: str
    region: str
    node_group: str
    number: str
    kubernetes: str

    @classmethod
    def of(cls, cluster_id: str, inputs: Mapping[str, Any], node_group: str) -> "Surroundings":
        """The surroundings that a managed cluster gives to its nodes."""
        return cls(
            subscription=cluster_id.split("/")[2],
            region=str(inputs["location"]),
            node_group=node_group,
            number=f"{int(guid(cluster_id, 'nodes')[:8], 16) % 10**8:08d}",
            kubernetes=str(inputs.get("kubernetesVersion") or "1.36"),
        )


def pool_name(pool: Mapping[str, Any]) -> str:
    """Name of a pool on the wire: an AgentPool's or that of a cluster's inline profile."""
    return str(pool.get("agentPoolName") or pool["name"])


def node_name(pool: Mapping[str, Any], index: int, where: Surroundings) -> str:
    """Name of the machine: the instance's number in base 36 with six digits, as scale sets count."""
    digits = ""
    rest = index
    while rest or not digits:
        rest, digit = divmod(rest, len(_BASE_36))
        digits = _BASE_36[digit] + digits
    return f"aks-{pool_name(pool)}-{where.number}-vmss{digits:0>6}"


def labels(pool: Mapping[str, Any], vm: VmSize, index: int, where: Surroundings) -> dict[str, str]:
    """Labels of a node: those that AKS gives, then the pool's own."""
    name, hostname = pool_name(pool), node_name(pool, index, where)
    zones = sorted(pool.get("availabilityZones") or [])
    found = {
        "agentpool": name,
        CLUSTER_LABEL: where.node_group,
        POOL_LABEL: name,
        "kubernetes.azure.com/mode": str(pool.get("mode") or "User").lower(),
        "kubernetes.azure.com/nodepool-type": "VirtualMachineScaleSets",
        "kubernetes.azure.com/os-sku": str(pool.get("osSKU") or "Ubuntu"),
        "kubernetes.azure.com/role": "agent",
        "kubernetes.io/arch": vm.arch,
        "kubernetes.io/hostname": hostname,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": vm.name,
        "topology.kubernetes.io/region": where.region,
        # A node outside the zones carries its fault domain here.
        "topology.kubernetes.io/zone": f"{where.region}-{zones[index % len(zones)]}" if zones else "0",
    }
    if pool.get("scaleSetPriority") == "Spot":
        found["kubernetes.azure.com/scalesetpriority"] = "spot"
    if vm.gpu is not None:
        found |= {"accelerator": "nvidia", "kubernetes.azure.com/accelerator": "nvidia"}
    return {**found, **(pool.get("nodeLabels") or {})}


def taints(pool: Mapping[str, Any]) -> list[dict[str, str]]:
    """Taints of a node: the pool's, and Azure's own on spot nodes."""
    wanted = [str(taint) for taint in pool.get("nodeTaints") or []]
    if pool.get("scaleSetPriority") == "Spot" and SPOT_TAINT not in wanted:
        wanted.append(SPOT_TAINT)
    return [_taint(text) for text in wanted]


def _taint(text: str) -> dict[str, str]:
    pair, _, effect = text.rpartition(":")
    key, _, value = pair.partition("=")
    return {"key": key, **({"value": value} if value else {}), "effect": effect}


def os_disk_gib(pool: Mapping[str, Any], vm: VmSize) -> int:
    """Size of the system disk: the pool's, else AKS's own by the number of cores."""
    if pool.get("osDiskSizeGB"):
        return int(pool["osDiskSizeGB"])
    return next((gib for cores, gib in _DEFAULT_DISKS if vm.vcpu <= cores), _LARGEST_DEFAULT_DISK)


def max_pods(pool: Mapping[str, Any]) -> int:
    """Pods that a node of the pool takes."""
    return int(pool.get("maxPods") or _DEFAULT_MAX_PODS)


def capacity(pool: Mapping[str, Any], vm: VmSize) -> dict[str, str]:
    """What the machine has."""
    return {
        "cpu": str(vm.vcpu),
        "memory": f"{vm.memory_gib}Gi",
        "ephemeral-storage": f"{os_disk_gib(pool, vm)}Gi",
        "pods": str(max_pods(pool)),
    }


def node_devices(
    pool: Mapping[str, Any],
    vm: VmSize,
    index: int,
    where: Surroundings,
    operator: Mapping[str, Any] | None,
    catalog: Catalog,
    mig_state: str = SUCCESS,
) -> Devices:
    """What the GPUs of a node are to pods; `operator` are the values of the GPU Operator's chart."""
    found = GpuNode(pool, vm, labels(pool, vm, index, where), tuple(taints(pool)), mig_state)
    return devices(found, operator, catalog)


def node_manifest(
    pool: Mapping[str, Any],
    vm: VmSize,
    index: int,
    where: Surroundings,
    *,
    operator: Mapping[str, Any] | None = None,
    catalog: Catalog | None = None,
    mig_state: str = SUCCESS,
) -> dict[str, Any]:
    """One node of a pool, ready to take pods; where there is a MIG manager, `mig_state` is how far it is.

    `pool` are the wire inputs of an AgentPool or of a cluster's inline profile, `vm` is its size, `index` counts the
    machines that the pool has ever had.
    """
    catalog = catalog or load()
    name = node_name(pool, index, where)
    gpus = node_devices(pool, vm, index, where, operator, catalog, mig_state)
    extended = {resource: str(count) for resource, count in gpus.resources.items()}
    scale_set = (
        f"/subscriptions/{where.subscription}/resourceGroups/{where.node_group.lower()}/providers/Microsoft.Compute/"
        f"virtualMachineScaleSets/aks-{pool_name(pool)}-{where.number}-vmss"
    )
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {**labels(pool, vm, index, where), **gpus.labels},
            "annotations": {WITHHELD: gpus.withheld} if gpus.withheld else {},
        },
        "spec": {"providerID": f"azure://{scale_set}/virtualMachines/{index}", "taints": taints(pool)},
        "status": {
            "capacity": {**capacity(pool, vm), **extended},
            "allocatable": {**allocatable(vm, os_disk_gib(pool, vm), max_pods(pool), catalog), **extended},
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready"}
            ],
            "nodeInfo": _system(vm, where, name),
        },
    }


def node_manifests(
    pool: Mapping[str, Any],
    vm: VmSize,
    count: int,
    where: Surroundings,
    *,
    operator: Mapping[str, Any] | None = None,
    catalog: Catalog | None = None,
) -> list[dict[str, Any]]:
    """The first nodes of a pool."""
    return [node_manifest(pool, vm, index, where, operator=operator, catalog=catalog) for index in range(count)]


def _system(vm: VmSize, where: Surroundings, name: str) -> dict[str, str]:
    version = where.kubernetes if where.kubernetes.count(".") > 1 else f"{where.kubernetes}.0"
    return {
        "architecture": vm.arch,
        "bootID": guid(name, "boot"),
        "containerRuntimeVersion": "containerd://2.0.0",
        "kernelVersion": "6.8.0-azure",
        "kubeProxyVersion": "",
        "kubeletVersion": f"v{version}",
        "machineID": guid(name, "machine").replace("-", ""),
        "operatingSystem": "linux",
        "osImage": "Ubuntu 24.04 LTS",
        "systemUUID": guid(name, "system"),
    }
