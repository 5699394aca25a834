"""NVIDIA's device plugin: the resources that it makes of a node's GPUs under its configuration, or why it ends.

Source: NVIDIA/k8s-device-plugin v0.20.0: internal/rm/device_map.go (`buildDeviceMapFromConfigResources`,
`assertAllMigDevicesAreValid`, `updateDeviceMapWithReplicas`), api/config/v1/replicas.go (`disableResoureRenaming`: own
names are ignored), api/config/v1/flags.go (the environment wins over the file), cmd/nvidia-device-plugin/main.go and
internal/plugin/mps.go (MPS), cmd/config-manager/main.go (`updateConfigName`: a configuration that is missing).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

WHOLE: Final = "nvidia.com/gpu"
_MODES: Final = ("timeSlicing", "mps")
_FEWEST_REPLICAS: Final = 2


class NoDevicesError(Exception):
    """The node offers no GPU to pods; the message says what keeps the operator from making it do so."""


def configuration(name: str, data: Mapping[str, str]) -> Mapping[str, Any]:
    """The configuration that a node names, else the default; without any an empty one.

    Raises:
        NoDevicesError: there is none of this name.

    """
    if not name:
        return {}
    if name not in data:
        raise NoDevicesError(f"the device plugin has no configuration {name}")
    return yaml.safe_load(data[name]) or {}


def resources(layouts: Sequence[tuple[str, ...]], config: Mapping[str, Any], environment: str | None) -> dict[str, int]:
    """Extended resources of a node; `layouts` has the slices of each GPU, `environment` the strategy set there, if any.

    Raises:
        NoDevicesError: the plugin ends with an error.

    """
    strategy = environment or (config.get("flags") or {}).get("migStrategy") or "none"
    sharing = config.get("sharing") or {}
    if sharing.get("mps") and strategy == "mixed":
        raise NoDevicesError("the device plugin offers no MPS under MIG strategy `mixed`")
    found = _named(layouts, strategy)
    sliced = strategy != "none" and any(layouts)
    for mode in _MODES:
        replicated = sharing.get(mode) or {}
        for entry in replicated.get("resources") or []:
            if entry["replicas"] < _FEWEST_REPLICAS:
                raise NoDevicesError(f"the device plugin takes no fewer than {_FEWEST_REPLICAS} replicas")
            if entry["name"] not in found:
                continue
            if mode == "mps" and sliced:
                raise NoDevicesError("the device plugin offers no MPS on MIG slices")
            name = f"{entry['name']}.shared" if replicated.get("renameByDefault") else entry["name"]
            found[name] = found.pop(entry["name"]) * entry["replicas"]
    return found


def _named(layouts: Sequence[tuple[str, ...]], strategy: str) -> dict[str, int]:
    slices = [name for layout in layouts for name in layout]
    if strategy == "none":
        return {WHOLE: len(layouts)}
    if strategy == "mixed":
        named = Counter(f"nvidia.com/mig-{name.replace('+', '.')}" for name in slices)
        whole = sum(1 for layout in layouts if not layout)
        return {**({WHOLE: whole} if whole else {}), **dict(sorted(named.items()))}
    if strategy != "single":
        raise NoDevicesError(f"the device plugin knows no MIG strategy {strategy}")
    if not slices:
        return {WHOLE: len(layouts)}
    if len({*slices}) > 1 or not all(layouts):
        raise NoDevicesError("MIG strategy `single` takes one profile on every GPU of a node")
    return {WHOLE: len(slices)}
