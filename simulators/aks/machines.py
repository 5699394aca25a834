"""The machines of Azure's node pools: they follow what Azure has stored, and a test may scale, evict and lose them.

Source: https://learn.microsoft.com/azure/aks/cluster-autoscaler for the bounds, which also hold after an eviction, and
https://learn.microsoft.com/azure/aks/delete-node-pool: the nodes of a deleted pool are neither cordoned nor drained.
What differs: the nodes of a pool that a test scales down are not drained here either, where AKS cordons and drains them
first (https://learn.microsoft.com/azure/aks/scale-cluster).
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from catalog import Catalog
from simulators.aks.autoscaler import (
    Growing,
    Limits,
    additions,
    from_scale_set,
    is_aborted,
    is_healthy,
    is_stopped,
    template,
)
from simulators.aks.draining import await_ending, drained
from simulators.aks.fleet import Fleet, PoolFacts
from simulators.aks.node_api import NodeApi, UnreachableError
from simulators.aks.nodes import Surroundings, pool_name
from simulators.aks.scale_down import Profile, Shrinking, removable
from simulators.api_server.background import QUIET_SECONDS
from simulators.azure.cloud import AzureObject, Cloud

POOL_TOKEN: Final = "containerservice:AgentPool"
CLUSTER_TOKEN: Final = "containerservice:ManagedCluster"
INLINE: Final = "agentPoolProfiles"
# Pause of the thread that simulates machines which register late, and the autoscaler.
_PAUSE_SECONDS: Final = 0.2


@dataclass(frozen=True)
class NodePoolState:
    """One pool as a test sees it: `nodes` are the names of its machines, oldest first."""

    id: str
    name: str
    nodes: tuple[str, ...]
    fewest: int
    most: int
    autoscaled: bool
    spot: bool
    labels: Mapping[str, str]


class Machines:
    """All machines of one `Cloud`. Pools go by their name in AKS.

    With `autoscales` a thread adds nodes for pods that fit nowhere; without it a test calls `autoscale` or `scale`.
    The autoscaler gets no node for the pools in `exhausted`: Azure has no machine of the kind to give away.
    """

    def __init__(self, cloud: Cloud, nodes: NodeApi, catalog: Catalog) -> None:
        self.autoscales = False
        self.exhausted: set[str] = set()
        self._cloud, self._nodes, self._catalog = cloud, nodes, catalog
        self._fleet = Fleet(nodes, catalog)
        # One at a time looks at the cloud and moves machines by it.
        self._turn = threading.RLock()
        self._over = threading.Event()
        # Something has changed that the autoscaler should look at.
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._broken: BaseException | None = None

    def pools(self) -> dict[str, NodePoolState]:
        """Every pool, the system pool included, by name."""
        views = {}
        for id_, facts in self._fleet.pools().items():
            fewest, most = facts.bounds
            name = pool_name(facts.inputs)
            views[name] = NodePoolState(
                id=id_,
                name=name,
                nodes=tuple(self._fleet.machines(id_)),
                fewest=fewest,
                most=most,
                autoscaled=bool(facts.inputs.get("enableAutoScaling")),
                spot=facts.inputs.get("scaleSetPriority") == "Spot",
                labels=dict(facts.inputs.get("nodeLabels") or {}),
            )
        return dict(sorted(views.items()))

    def pool(self, name: str) -> NodePoolState:
        """One pool.

        Raises:
            KeyError: there is none of this name; the message says which there are.

        """
        self._fleet.named(name)
        return self.pools()[name]

    def scale(self, pool: str, count: int) -> None:
        """Scale as the autoscaler does: a pool gets so many nodes; the youngest go first, undrained.

        Raises:
            ValueError: the pool's bounds forbid it.

        """
        with self._turn:
            view = self.pool(pool)
            if view.autoscaled and not view.fewest <= count <= view.most:
                raise ValueError(f"{pool} has {view.fewest} to {view.most} nodes, not {count}")
            self._fleet.resize(view.id, count)
            self._count()

    def evict(self, pool: str) -> list[str]:
        """Azure wants its spot machines back: all nodes of a pool go at once, with their pods; their names."""
        with self._turn:
            view = self.pool(pool)
            if not view.spot:
                raise ValueError(f"{pool} is no spot pool: Azure evicts none of its machines")
            self._fleet.drop(view.id, view.nodes)
            self._count()
            self._news.set()
            return list(view.nodes)

    def lose(self, node: str) -> None:
        """A machine breaks and is gone, with its pods; `Kubelets.lose` is for one that merely falls silent."""
        with self._turn:
            self._fleet.drop(self._fleet.pool_of(node), [node])
            self._count()
            self._news.set()

    def gpu_operator(self, values: Mapping[str, Any] | None) -> None:
        """The GPU Operator is installed with these values, or gone (None): nodes have devices by them from now on."""
        with self._turn:
            self._fleet.operator(values)

    def autoscale(self) -> dict[str, int]:
        """One round of the autoscaler on the way up: nodes added by pool.

        None where too many nodes are unready for it, or one without its GPUs is in no autoscaled pool. A pool that has
        lost machines gets its fewest again, wanted or not: AKS since its release of 2021-07-22.

        Raises:
            UnreachableError: the API server doesn't answer.

        """
        with self._turn:
            limits, nodes = Limits.of(self._profile()), self._nodes.nodes()
            autoscaled = {name for view in self.pools().values() if view.autoscaled for name in view.nodes}
            if is_stopped(nodes, limits) or is_aborted(nodes, autoscaled):
                return {}
            ready = {pool_name(facts.inputs) for facts in self._fleet.pools().values() if facts.ready}
            short = {
                name: view.fewest - len(view.nodes)
                for name, view in self.pools().items()
                if view.autoscaled and name in ready - self.exhausted and len(view.nodes) < view.fewest
            }
            for name in short:
                self.scale(name, self.pools()[name].fewest)
            if short:
                nodes = self._nodes.nodes()
            growing = [
                Growing(name, self._expected(view, own), view.most - len(view.nodes))
                for name, view in self.pools().items()
                for own in ([node for node in nodes if node["metadata"]["name"] in view.nodes],)
                if view.autoscaled and name not in self.exhausted and is_healthy(own, len(view.nodes), limits)
            ]
            wanted = additions(self._nodes.pods(), nodes, growing)
            for name, more in sorted(wanted.items()):
                self.scale(name, len(self.pools()[name].nodes) + more)
            return dict(sorted((wanted + Counter(short)).items()))

    def _expected(self, view: NodePoolState, own: list[dict[str, Any]]) -> Mapping[str, Any]:
        inputs = self._fleet.pools()[view.id].inputs
        gpus = self._catalog.vm_sizes[inputs["vmSize"]].gpu_count
        return template(own, from_scale_set(self._fleet.blank(view.id), gpus, inputs.get("tags") or {}))

    def _profile(self) -> Mapping[str, Any]:
        """The cluster's settings for its autoscaler."""
        with self._cloud.lock:
            found = [cluster.inputs for cluster in self._cloud.azure if cluster.token == CLUSTER_TOKEN]
        return (found[0].get("autoScalerProfile") if found else None) or {}

    def remove_node(self) -> str | None:
        """One round of the autoscaler on the way down: the node that it has drained and removed, if any.

        Evictions that disruption budgets refuse are tried again, as long as the pods on it may be moved at all. A pod
        that is ending still takes its place on a node, so those are awaited first.

        Raises:
            UnreachableError: the API server doesn't answer.

        """
        await_ending(self._nodes)
        while (chosen := self._removable()) is not None:
            if drained(self._nodes, chosen):
                with self._turn:
                    self._fleet.drop(self._fleet.pool_of(chosen), [chosen])
                    self._count()
                return chosen
        return None

    def _removable(self) -> str | None:
        with self._turn:
            profile, nodes = self._profile(), self._nodes.nodes()
            if is_stopped(nodes, Limits.of(profile)):
                return None
            pools = [Shrinking(view.nodes, view.fewest) for view in self.pools().values() if view.autoscaled]
            return removable(self._nodes.pods(), nodes, pools, self._nodes.budgets(), Profile.of(profile))

    def follow(self) -> None:
        """Let machines come and go with the pools that Azure has now."""
        with self._turn:
            self._fleet.follow(dict(self._facts()))
            self._count()
            self._news.set()

    def _facts(self) -> Iterator[tuple[str, PoolFacts]]:
        with self._cloud.lock:
            for cluster in self._cloud.azure:
                if cluster.token != CLUSTER_TOKEN:
                    continue
                where = Surroundings.of(cluster.id, cluster.inputs, str(cluster.outputs["nodeResourceGroup"]))
                for profile in cluster.inputs.get(INLINE) or []:
                    yield _inline_id(cluster, profile), PoolFacts(dict(profile), where, _is_done(cluster))
                for pool in self._cloud.below(cluster.id):
                    if pool.token == POOL_TOKEN:
                        yield pool.id, PoolFacts(dict(pool.inputs), where, _is_done(pool))

    def _count(self) -> None:
        """Azure reports the number of machines as the pool's `count`."""
        with self._cloud.lock:
            for resource in self._cloud.azure:
                if not _is_done(resource):
                    continue
                if resource.token == POOL_TOKEN:
                    resource.inputs = self._counted(resource.id, resource.inputs)
                    resource.outputs |= self._counted(resource.id, {"count": 0})
                elif resource.token == CLUSTER_TOKEN and resource.inputs.get(INLINE):
                    counted = [self._counted(_inline_id(resource, pool), pool) for pool in resource.inputs[INLINE]]
                    resource.inputs = {**resource.inputs, INLINE: counted}
                    resource.outputs |= {INLINE: counted}

    def _counted(self, id_: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        # A cluster may have become ready since the pools were looked at: what has not begun yet keeps its count.
        begun = self._fleet.has_begun(id_)
        return {**inputs, **({"count": len(self._fleet.machines(id_))} if begun and "count" in inputs else {})}

    def start(self) -> None:
        """Let machines that could not register try again, and the autoscaler look."""
        self._over.clear()
        self._thread = threading.Thread(target=self._run, name="machines", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and raise what it ended with, if it did."""
        self._over.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._broken is not None:
            error, self._broken = self._broken, None
            raise error

    def paused(self) -> threading.RLock:
        """A lock: while it is held nothing here touches the API server."""
        return self._turn

    def _run(self) -> None:
        try:
            with self._nodes.watching(self._news.set):
                while not self._over.wait(_PAUSE_SECONDS):
                    if not self._fleet.is_behind:
                        self._news.wait(QUIET_SECONDS)
                    self._news.clear()
                    self._look()
        except Exception as error:  # noqa: BLE001 - a thread has no caller to raise to: `stop` raises it
            self._broken = error

    def _look(self) -> None:
        with self._turn, suppress(UnreachableError):
            if self._fleet.is_behind:
                self._fleet.reconcile()
            if self.autoscales:
                self.autoscale()


def _inline_id(cluster: AzureObject, profile: Mapping[str, Any]) -> str:
    return f"{cluster.id}/agentPools/{profile['name']}"


def _is_done(resource: AzureObject) -> bool:
    return resource.outputs.get("provisioningState") == "Succeeded"
