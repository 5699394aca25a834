"""What every platform has on any foundation: region, protection, system nodes, pools."""

from typing import Any

from msgspec import Struct

from planning.plan.base import Json, Pairs


class PlatformPlan(Struct, frozen=True, kw_only=True):
    """Where the platform runs, and whether it may be destroyed."""

    region: str
    """Region whose prices and quota count."""
    protect: bool
    """Whether `destroy` is refused before anything is touched."""


class NodeSelection(Struct, frozen=True, kw_only=True):
    """How pods select a set of nodes that is tainted against other pods."""

    labels: Pairs
    """Labels of the nodes."""
    taint_key: str
    """Key of the taint that keeps other pods away."""
    taint_effect: str
    """Effect of that taint."""
    revision: Pairs
    """Label of the nodes' revision, which pods select so that they move to new nodes; empty where there are none."""

    def helm_values(self, *, any_effect: bool = False, ends: bool = False) -> dict[str, Json]:
        """`nodeSelector` and `tolerations` as a chart takes them, and every object that is written in JSON.

        `any_effect` leaves the effect out, which tolerates all of them. The GPU Operator's values have always been
        written so; another text would upgrade the operator on every stack, and gain nothing. `ends` is for pods that
        end by themselves: they have nothing to move, so they run on system nodes of any revision.
        """
        return {
            "nodeSelector": dict(self.labels if ends else (*self.labels, *self.revision)),
            "tolerations": [dict(self._toleration(any_effect=any_effect))],
        }

    def pod_spec(self) -> dict[str, Any]:
        """`node_selector` and `tolerations` as a typed pod spec takes them, of a pod that ends by itself.

        Without the revision: a Job that has ended has nothing to move, and its template can't change.
        """
        return {"node_selector": dict(self.labels), "tolerations": [dict(self._toleration(any_effect=False))]}

    def _toleration(self, *, any_effect: bool) -> Pairs:
        toleration = (("key", self.taint_key), ("operator", "Exists"))
        return toleration if any_effect else (*toleration, ("effect", self.taint_effect))


class SystemLoadPlan(Struct, frozen=True, kw_only=True):
    """What runs on the system nodes, charts, proxies and the cluster's own pods together, and what one node offers it.

    Pods that every node has are taken off what the node offers.
    """

    node_cpu_millicores: int
    """CPU that one node offers."""
    node_memory_mib: int
    """Memory that one node offers."""
    min_cpu_millicores: int
    """CPU requested at the fewest proxies."""
    min_memory_mib: int
    """Memory requested at the fewest proxies."""
    max_cpu_millicores: int
    """CPU requested at the most proxies."""
    max_memory_mib: int
    """Memory requested at the most proxies."""
    min_nodes: int
    """Fewest system nodes."""
    spare: bool
    """Whether everything still fits with one node, or zone, away."""


class PoolPlan(Struct, frozen=True, kw_only=True):
    """One node pool as pods and people see it."""

    name: str
    """Name in the stack file."""
    revision: str
    """Name and hash of the settings that can't change in place: a new revision is a new pool, and pods select it."""
    vm_size: str
    """Machine type, by the cloud's name."""
    min_nodes: int
    """Fewest nodes that run."""
    max_nodes: int
    """Most nodes that may run."""
    zones: tuple[str, ...]
    """Zones of the nodes; empty where none are named."""
    spot: bool
    """Whether the nodes are spot capacity, which may be evicted at half a minute's notice."""
    labels: Pairs
    """Labels of the nodes."""
    taints: tuple[str, ...]
    """Taints of the nodes, each `key=value:Effect`."""
    resources: tuple[tuple[str, int], ...]
    """Devices of one node: extended resource and its count."""
    devices: tuple[str, ...]
    """What the devices of each of these resources are: `GPU`, a MIG profile, or a share of one, such as `GPU/2`."""

    @property
    def offers(self) -> tuple[tuple[str, int], ...]:
        """What one node offers, as people call it, and how many of each."""
        return tuple((name, count) for name, (_, count) in zip(self.devices, self.resources, strict=True))
