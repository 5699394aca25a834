"""The configurations of NVIDIA's device plugin, by name: how slices are named, and how many pods share a device.

The operator's own `mig.strategy` stays empty, since it would override the configurations of all pools
(NVIDIA/gpu-operator controllers/object_controls.go, applyMIGConfiguration; k8s-device-plugin api/config/v1/flags.go:
command line, environment, file). Source of the form: NVIDIA/k8s-device-plugin v0.20.0, api/config/v1/sharing.go,
replicas.go and flags.go.
"""

from collections.abc import Iterable
from typing import Any

from planning import naming, yaml_text
from planning.gpus import mig
from planning.gpus.devices import WHOLE_GPU
from planning.resolving.resolution import PoolView

# What nodes without the label get: whole GPUs, or slices under names of their own.
PLAIN = "plain"
# Slices of one profile, each of them an nvidia.com/gpu.
SINGLE = "mig-single"
# The plugin's keys of the sharing modes.
_KEYS = {"time-slicing": "timeSlicing", "mps": "mps"}


def configuration_name(pool: PoolView) -> str | None:
    """Name of a pool's configuration, a label's value; None where the one for nodes without the label will do.

    Where the names of the slices make it longer than a label's value may be, a hash of them stands for them.
    """
    gpu = pool.settings.gpu
    if pool.gpu is None:
        return None
    if not gpu.shared:
        return SINGLE if pool.mig_strategy == "single" else None
    slices = [SINGLE] if pool.mig_strategy == "single" else _dotted(pool)
    name = "-".join([gpu.sharing, f"x{gpu.replicas}", *slices])
    if len(name) <= naming.LABEL_VALUE_LONGEST:
        return name
    return "-".join([gpu.sharing, f"x{gpu.replicas}", naming.content_hash("-".join(slices))])


def _slices(pool: PoolView) -> list[str]:
    return sorted({name for layout in pool.layouts for name in layout})


def _dotted(pool: PoolView) -> list[str]:
    return [name.replace("+", ".") for name in _slices(pool)]


def configuration(pool: PoolView) -> str:
    """The configuration of a pool, as YAML.

    A pod that requests two shares is refused: they may be of the same device, and two shares of one device give no
    more time than one. Shares keep the name of the device, so that they are GPUs to the cluster autoscaler; pods select
    the nodes of their pool, so none gets a share instead of a device.
    """
    gpu = pool.settings.gpu
    slices = _slices(pool) if pool.mig_strategy == "mixed" else []
    resources = [mig.resource_name(name) for name in slices] or [WHOLE_GPU]
    sharing = _sharing(pool, resources, renamed=False) if gpu.shared else {}
    return _text(pool.mig_strategy, sharing)


def _sharing(pool: PoolView, resources: list[str], *, renamed: bool) -> dict[str, Any]:
    gpu = pool.settings.gpu
    return {
        _KEYS[gpu.sharing]: {
            "renameByDefault": renamed,
            "failRequestsGreaterThanOne": True,
            "resources": [{"name": name, "replicas": gpu.replicas} for name in resources],
        }
    }


def _text(strategy: str, sharing: dict[str, Any]) -> str:
    return yaml_text.dump(
        {"version": "v1", "flags": {"migStrategy": strategy}, **({"sharing": sharing} if sharing else {})}
    )


def _former(pool: PoolView) -> tuple[str, str] | None:
    """Name and content of the configuration by which version 0.1.0 labelled a shared pool's nodes.

    Their label stays until the pods have moved to the new pool, and without its configuration the plugin would stop
    (k8s-device-plugin cmd/config-manager/main.go, updateConfigName). MPS has none: version 0.1.0 gave the plugin
    strategy `mixed`, under which it refuses MPS (cmd/nvidia-device-plugin/main.go).
    """
    if pool.settings.gpu.sharing != "time-slicing":
        return None
    name = "-".join([pool.settings.gpu.sharing, str(pool.settings.gpu.replicas), *_dotted(pool)])
    if len(name) > naming.LABEL_VALUE_LONGEST:
        return None  # Azure refused such a pool, so no node has the label.
    resources = [mig.resource_name(slice_) for slice_ in _slices(pool)] or [WHOLE_GPU]
    return name, _text("mixed", _sharing(pool, resources, renamed=True))


def configurations(pools: Iterable[PoolView]) -> dict[str, str]:
    """All configurations that nodes may name, those of a pool that is being replaced among them as far as is known.

    Nodes without the label have strategy `mixed`: whole GPUs are the same as under `none`, and nodes of version 0.1.0
    keep the names of their slices until they are gone.
    """
    named = {SINGLE: _text("single", {})}
    for pool in pools:
        if (name := configuration_name(pool)) is not None:
            named[name] = configuration(pool)
        if (former := _former(pool)) is not None:
            named[former[0]] = former[1]
    return {PLAIN: _text("mixed", {}), **dict(sorted(named.items()))}


def config_map(named: dict[str, str]) -> str:
    """Name of their ConfigMap; a new name for new content, since the plugin doesn't notice a change."""
    content = "".join(f"{name}\n{text}" for name, text in named.items())
    return f"llm-platform-device-plugin-{naming.content_hash(content)}"
