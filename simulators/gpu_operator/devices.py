"""What the GPUs of a node become once the GPU Operator has been there: device plugin resources, or none and why not.

Reads what the operator would read: the chart's values, the node's labels and taints, the pool's driver and GPU
instance profile. Where the operator would wait for ever or fail, the node gets no devices, and a pod stays pending.

Source: NVIDIA/gpu-operator v26.7.0 deployments/gpu-operator/values.yaml and controllers/object_controls.go
(`applyMIGConfiguration`), NVIDIA/mig-parted v0.15.0 api/spec/v1 and pkg/mig/reconfigure/reconfigure.go (the label of
the state; a GPU in use is not partitioned, and nobody is evicted for it), NVIDIA/gpu-operator#2670 (whole GPUs until
the manager is done). What the device plugin makes of them is in `device_plugin`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from catalog import Catalog, MigGpu, VmSize
from simulators.gpu_operator import device_plugin
from simulators.gpu_operator.device_plugin import WHOLE, NoDevicesError
from simulators.gpu_operator.mig_placement import fits

MIG_CONFIG: Final = "nvidia.com/mig.config"
MIG_STATE: Final = "nvidia.com/mig.config.state"
PENDING, SUCCESS, FAILED = "pending", "success", "failed"
PLUGIN_CONFIG: Final = "nvidia.com/device-plugin.config"
# The chart's own defaults of the values read here: NVIDIA/gpu-operator deployments/gpu-operator/values.yaml.
_GPU_TOLERATION: Final = ({"key": WHOLE, "operator": "Exists", "effect": "NoSchedule"},)
# Kubernetes' own DaemonSet controller tolerates these for every DaemonSet.
_ALWAYS_TOLERATED: Final = "node.kubernetes.io/"

Taint = Mapping[str, str]


@dataclass(frozen=True)
class Devices:
    """Extended resources of one node; empty with a reason where it has GPUs and still offers none.

    `labels` are those that the operator gives to the node.
    """

    resources: Mapping[str, int] = field(default_factory=dict)
    withheld: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GpuNode:
    """One node as the operator finds it: the pool's wire inputs, the VM size, its labels and taints."""

    pool: Mapping[str, Any]
    vm: VmSize
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    # What the MIG manager's label of the state says; it changes nothing on nodes that have no such manager.
    state: str = SUCCESS


def devices(node: GpuNode, operator: Mapping[str, Any] | None, catalog: Catalog) -> Devices:
    """What one node offers; `operator` are the values of the GPU Operator's chart, None while it is not installed."""
    if node.vm.gpu is None:
        return Devices()
    by_manager = MIG_CONFIG in node.labels and operator is not None
    try:
        return Devices(_offered(node, operator, catalog), labels={MIG_STATE: node.state} if by_manager else {})
    except NoDevicesError as error:
        return Devices(withheld=str(error), labels={MIG_STATE: FAILED} if by_manager else {})


def _value(values: Mapping[str, Any], path: str, default: Any) -> Any:
    found: Any = values
    for key in path.split("."):
        if not isinstance(found, Mapping) or found.get(key) is None:
            return default
        found = found[key]
    return found


def _offered(node: GpuNode, operator: Mapping[str, Any] | None, catalog: Catalog) -> dict[str, int]:
    if operator is None:
        raise NoDevicesError("no device plugin: the GPU Operator is not installed")
    _require_driver(node, operator)
    _require_toleration("GPU Operator's", node.taints, _value(operator, "daemonsets.tolerations", _GPU_TOLERATION))
    workers = _value(operator, "node-feature-discovery.worker.tolerations", _GPU_TOLERATION)
    _require_toleration("node feature discovery's", node.taints, workers)
    layouts = _layouts(node, operator, catalog)
    name = node.labels.get(PLUGIN_CONFIG) or _value(operator, "devicePlugin.config.default", "")
    config = device_plugin.configuration(name, _value(operator, "devicePlugin.config.data", {}))
    # Empty leaves it to the node's configuration; a key that isn't given has the chart's default.
    strategy = (operator.get("mig") or {}).get("strategy", "single")
    return device_plugin.resources(layouts, config, strategy or None)


def _require_driver(node: GpuNode, operator: Mapping[str, Any]) -> None:
    by_aks = _value(node.pool, "gpuProfile.driver", "Install") == "Install"
    by_operator = bool(_value(operator, "driver.enabled", True))
    if by_aks and by_operator:
        raise NoDevicesError("two drivers: AKS has installed one and the GPU Operator is set to install another")
    if not by_aks and not by_operator:
        raise NoDevicesError("no driver: neither AKS nor the GPU Operator is set to install it")


def _require_toleration(whose: str, taints: tuple[Taint, ...], tolerations: Any) -> None:
    for taint in taints:
        if taint["effect"] == "PreferNoSchedule" or taint["key"].startswith(_ALWAYS_TOLERATED):
            continue
        if not any(tolerates(toleration, taint) for toleration in tolerations):
            raise NoDevicesError(f"the {whose} DaemonSets do not tolerate {taint['key']}={taint.get('value', '')}")


def tolerates(toleration: Mapping[str, Any], taint: Taint) -> bool:
    """Whether a toleration matches a taint: k8s.io/api/core/v1 Toleration.ToleratesTaint."""
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("key") not in (None, "", taint["key"]):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == taint.get("value", "")


def _layouts(node: GpuNode, operator: Mapping[str, Any], catalog: Catalog) -> list[tuple[str, ...]]:
    """Slices of each GPU; an empty tuple is a whole one."""
    whole: list[tuple[str, ...]] = [()] * node.vm.gpu_count
    geometry = catalog.mig.get(node.vm.gpu or "")
    profile, wanted = node.pool.get("gpuInstanceProfile"), node.labels.get(MIG_CONFIG)
    if profile is None and wanted is None:
        return whole
    if geometry is None:
        raise NoDevicesError(f"{node.vm.gpu} has no MIG")
    if profile is not None and wanted is not None:
        raise NoDevicesError(f"AKS cuts the GPUs ({profile}) and so does the MIG manager ({wanted})")
    if profile is not None:
        return [_by_aks(profile, geometry)] * node.vm.gpu_count
    layouts = list(whole)
    for indices, slices in _parted(str(wanted), operator, geometry, node.vm.gpu_count):
        if slices and not fits(geometry, slices):
            raise NoDevicesError(f"{node.vm.gpu} can't be cut into {', '.join(slices)}")
        for index in indices:
            layouts[index] = slices
    return layouts if node.state == SUCCESS else whole


def _by_aks(profile: str, geometry: MigGpu) -> tuple[str, ...]:
    """AKS fills the whole GPU with one profile."""
    if profile not in geometry.aks_profiles:
        raise NoDevicesError(f"AKS knows no {profile} on {geometry.name}")
    name = geometry.aks_profiles[profile]
    return (name,) * geometry.profiles[name].max


def _parted(
    name: str, operator: Mapping[str, Any], geometry: MigGpu, gpus: int
) -> Iterator[tuple[list[int], tuple[str, ...]]]:
    """Entries of one mig-parted configuration that are meant for this GPU: NVIDIA/mig-parted api/spec/v1."""
    if not _value(operator, "migManager.enabled", True):
        raise NoDevicesError(f"{MIG_CONFIG}={name}, but the MIG manager is off")
    text = _value(operator, "migManager.config.data", {}).get("config.yaml")
    if not _value(operator, "migManager.config.create", False) or text is None:
        raise NoDevicesError(f"{MIG_CONFIG}={name}, and the chart brings no MIG configuration of its own")
    entries = yaml.safe_load(text)["mig-configs"].get(name)
    if entries is None:
        raise NoDevicesError(f"{MIG_CONFIG}={name} is not in the MIG manager's configuration")
    for entry in entries:
        only = entry.get("device-filter") or geometry.pci_ids
        if not {*([only] if isinstance(only, str) else only)} & {*geometry.pci_ids}:
            continue
        indices = list(range(gpus)) if entry["devices"] == "all" else list(entry["devices"])
        if any(index >= gpus for index in indices):
            raise NoDevicesError(f"{MIG_CONFIG}={name} names GPU {max(indices)}, the node has {gpus}")
        slices = Counter(entry.get("mig-devices") or {}) if entry["mig-enabled"] else Counter()
        if entry["mig-enabled"] and not slices:
            raise NoDevicesError(f"{MIG_CONFIG}={name} switches MIG on and makes no slices")
        yield indices, tuple(sorted(slices.elements()))
