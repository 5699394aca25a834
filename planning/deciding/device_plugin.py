"""The configurations of NVIDIA's device plugin: one for each sharing mode of the pools, by name.

Source: NVIDIA/k8s-device-plugin v0.20.0, api/config/v1/sharing.go and replicas.go.
"""

from collections.abc import Iterable

from planning import naming, yaml_text
from planning.gpus import mig
from planning.gpus.devices import WHOLE_GPU
from planning.resolving.resolution import PoolView

# What nodes without the label get: whole GPUs or slices, each for one pod.
PLAIN = "plain"
_VERSION = {"version": "v1"}
# The plugin's keys of the sharing modes.
_KEYS = {"time-slicing": "timeSlicing", "mps": "mps"}


def sharing_name(pool: PoolView) -> str | None:
    """Name of a pool's configuration, a label's value; None where no device is shared."""
    gpu = pool.settings.gpu
    if not gpu.shared or pool.gpu is None:
        return None
    return "-".join([gpu.sharing, str(gpu.replicas), *(name.replace("+", ".") for name in _slices(pool))])


def _slices(pool: PoolView) -> list[str]:
    return sorted({name for layout in pool.layouts for name in layout})


def configuration(pool: PoolView) -> str:
    """The configuration of a pool with shared devices, as YAML.

    Shared devices have a resource name of their own, and a pod that requests two of them is refused: they may be
    replicas of the same device, and two replicas of one device give no more time than one.
    """
    gpu = pool.settings.gpu
    resources = [mig.resource_name(name) for name in _slices(pool)] or [WHOLE_GPU]
    return yaml_text.dump(
        _VERSION
        | {
            "sharing": {
                _KEYS[gpu.sharing]: {
                    "renameByDefault": True,
                    "failRequestsGreaterThanOne": True,
                    "resources": [{"name": name, "replicas": gpu.replicas} for name in resources],
                }
            }
        }
    )


def configurations(pools: Iterable[PoolView]) -> dict[str, str]:
    """All configurations that the pools need, by name; empty where no pool shares a device."""
    named = {name: configuration(pool) for pool in pools if (name := sharing_name(pool)) is not None}
    return {PLAIN: yaml_text.dump(_VERSION), **dict(sorted(named.items()))} if named else {}


def config_map(named: dict[str, str]) -> str:
    """Name of their ConfigMap; a new name for new content, since the plugin doesn't notice a change."""
    content = "".join(f"{name}\n{text}" for name, text in named.items())
    return f"llm-platform-device-plugin-{naming.content_hash(content)}"
