"""The machines of all agent pools: which nodes there are to be, and how the API server comes to have just these.

Source: https://learn.microsoft.com/azure/aks/delete-node-pool (a deleted pool is not drained),
https://learn.microsoft.com/azure/aks/use-labels (labels and taints of a pool are written as a whole), kubernetes
plugin/pkg/admission/nodetaint/admission.go (a new node is not ready).
"""

import threading
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from catalog import Catalog, load
from simulators.aks.node_api import NodeApi, UnreachableError
from simulators.aks.nodes import CLUSTER_LABEL, OWN_TAINTS, Surroundings, node_manifest, node_name, pool_name
from simulators.gpu_operator.devices import FAILED, MIG_STATE, PENDING, SUCCESS

_LOOKS_FOR_PODS: Final = 3
_GPU_RESOURCES: Final = "nvidia.com/"
# How often a node is looked at until the MIG manager has partitioned its GPUs: long enough for scheduler and autoscaler
# to see the whole GPUs that it offers before.
_LOOKS_TO_PARTITION: Final = 3


@dataclass(frozen=True)
class PoolFacts:
    """One pool as Azure has it. `ready` is false while its last operation has failed: then no machine comes."""

    inputs: Mapping[str, Any]
    where: Surroundings
    ready: bool

    @property
    def bounds(self) -> tuple[int, int]:
        """Fewest and most nodes: the autoscaler's bounds, or the declared count twice."""
        count = int(self.inputs.get("count") or 0)
        if not self.inputs.get("enableAutoScaling"):
            return count, count
        return int(self.inputs.get("minCount") or 0), int(self.inputs.get("maxCount") or count)


@dataclass
class _Pool:
    facts: PoolFacts
    machines: list[int] = field(default_factory=list)
    ever: int = 0

    def grow(self, count: int) -> None:
        while len(self.machines) < count:
            self.machines.append(self.ever)
            self.ever += 1


class Fleet:
    """Machines by pool id (compared without case). A change is made here first and sent to the API server at once.

    While the server doesn't answer, `reconcile` returns False and a later call makes up for it.
    """

    def __init__(self, api: NodeApi, catalog: Catalog | None = None) -> None:
        self._api = api
        self._catalog = catalog or load()
        self._pools: dict[str, _Pool] = {}
        self._operator: Mapping[str, Any] | None = None
        # What each node was last made to be: what someone changed by hand since then is left alone.
        self._stamped: dict[str, dict[str, Any]] = {}
        # Machines that went and how often their pods are still looked for: the scheduler may not know yet.
        self._gone: dict[str, int] = {}
        # Nodes whose GPUs the MIG manager has not partitioned yet, and how often they are looked at until it has.
        self._whole: dict[str, int] = {}
        # Nodes on which it has given up: it tries again once restarted, with another configuration.
        self._given_up: set[str] = set()
        self._is_late = False
        self._lock = threading.RLock()

    def follow(self, pools: Mapping[str, PoolFacts]) -> None:
        """Take over the pools that exist now: machines of new ones come, those of vanished ones go."""
        with self._lock:
            wanted = {id_.lower(): facts for id_, facts in pools.items()}
            self._pools = {id_: pool for id_, pool in self._pools.items() if id_ in wanted}
            for id_, facts in sorted(wanted.items()):
                pool = self._pools.get(id_)
                if pool is None:
                    pool = self._pools[id_] = _Pool(PoolFacts({}, facts.where, ready=False))
                before, pool.facts = pool.facts, facts
                if facts.ready and facts != before:
                    self._start(pool, before)
            self.reconcile()

    @staticmethod
    def _start(pool: _Pool, before: PoolFacts) -> None:
        fewest, _ = pool.facts.bounds
        if not before.ready:
            pool.grow(max(fewest, int(pool.facts.inputs.get("count") or 0)))
        elif before.bounds != pool.facts.bounds:
            pool.grow(fewest)
            if not pool.facts.inputs.get("enableAutoScaling"):
                del pool.machines[fewest:]

    def operator(self, values: Mapping[str, Any] | None) -> None:
        """The GPU Operator's chart has these values now, or is gone."""
        with self._lock:
            if _manager(values) != _manager(self._operator):
                self._given_up.clear()
            self._operator = values
            self.reconcile()

    def resize(self, id_: str, count: int) -> None:
        """Let a pool have so many machines; the youngest go first."""
        with self._lock:
            pool = self._pools[id_.lower()]
            pool.grow(count)
            del pool.machines[count:]
            self.reconcile()

    def drop(self, id_: str, names: Iterable[str]) -> None:
        """Lose machines by name, without notice."""
        with self._lock:
            pool, gone = self._pools[id_.lower()], {*names}
            pool.machines = [index for index in pool.machines if self._name(pool, index) not in gone]
            self.reconcile()

    def machines(self, id_: str) -> list[str]:
        """Names of a pool's machines, oldest first."""
        with self._lock:
            pool = self._pools.get(id_.lower())
            return [self._name(pool, index) for index in pool.machines] if pool else []

    def has_begun(self, id_: str) -> bool:
        """Whether a pool was ready when the pools were last looked at, so that it has its machines."""
        with self._lock:
            pool = self._pools.get(id_.lower())
            return pool is not None and pool.facts.ready

    def pool_of(self, node: str) -> str:
        """Id of the pool that a machine belongs to.

        Raises:
            KeyError: no machine has this name.

        """
        with self._lock:
            for id_, pool in self._pools.items():
                if node in (self._name(pool, index) for index in pool.machines):
                    return id_
        raise KeyError(node)

    @staticmethod
    def _name(pool: _Pool, index: int) -> str:
        return node_name(pool.facts.inputs, index, pool.facts.where)

    def blank(self, id_: str) -> dict[str, Any]:
        """The next machine of a pool as a node on which nothing runs yet, neither driver nor device plugin."""
        with self._lock:
            pool = self._pools[id_.lower()]
            vm = self._catalog.vm_sizes[pool.facts.inputs["vmSize"]]
            return node_manifest(pool.facts.inputs, vm, pool.ever, pool.facts.where, catalog=self._catalog)

    def _manifest(self, pool: _Pool, index: int, busy: Container[str]) -> dict[str, Any]:
        """A node as it is to be now; the MIG manager waits for nobody and evicts nobody: a `busy` node has failed."""
        inputs, where = pool.facts.inputs, pool.facts.where

        def made(state: str) -> dict[str, Any]:
            vm = self._catalog.vm_sizes[inputs["vmSize"]]
            return node_manifest(
                inputs, vm, index, where, operator=self._operator, catalog=self._catalog, mig_state=state
            )

        done, name = made(SUCCESS), self._name(pool, index)
        if _mig_state(done) != SUCCESS or _mig_state(self._stamped.get(name)) == SUCCESS:
            self._whole.pop(name, None)
            return done
        if name in self._given_up:
            return made(FAILED)
        left = self._whole[name] = self._whole.get(name, _LOOKS_TO_PARTITION) - 1
        if left > 0:
            return made(PENDING)
        del self._whole[name]
        if name in busy:
            self._given_up.add(name)
            return made(FAILED)
        return done

    def pools(self) -> dict[str, PoolFacts]:
        """What each pool is, by lower-case id."""
        with self._lock:
            return {id_: pool.facts for id_, pool in sorted(self._pools.items())}

    def named(self, name: str) -> str:
        """Id of the pool of a name.

        Raises:
            KeyError: there is none.

        """
        for id_, facts in self.pools().items():
            if pool_name(facts.inputs) == name:
                return id_
        known = ", ".join(pool_name(facts.inputs) for facts in self.pools().values())
        raise KeyError(f"no pool {name}; there are: {known}")

    def reconcile(self) -> bool:
        """Make the API server's nodes those that there are to be; whether it answered."""
        with self._lock:
            try:
                self._reconcile()
            except UnreachableError:
                self._is_late = True
                return False
            self._is_late = False
        return True

    @property
    def is_behind(self) -> bool:
        """Whether another `reconcile` has something to do."""
        return self._is_late or bool(self._gone) or bool(self._whole)

    def _reconcile(self) -> None:
        wanted: dict[str, dict[str, Any]] = {}
        busy = {pod["spec"].get("nodeName") for pod in self._api.pods() if _uses_gpus(pod)} if self._whole else set()
        for pool in self._pools.values():
            for index in pool.machines:
                manifest = self._manifest(pool, index, busy)
                wanted[manifest["metadata"]["name"]] = manifest
        found = {node["metadata"]["name"]: node for node in self._api.nodes() if _is_ours(node)}
        for name in sorted(found.keys() - wanted.keys()):
            self._gone[name] = _LOOKS_FOR_PODS
            self._api.delete_node(name)
            self._stamped.pop(name, None)
            self._whole.pop(name, None)
            self._given_up.discard(name)
        for name in wanted:
            self._gone.pop(name, None)
        self._kill_pods()
        for name in sorted(wanted):
            if name not in found:
                self._register(wanted[name])
            elif self._stamped.get(name) != wanted[name]:
                self._stamp(found[name], self._stamped.get(name, found[name]), wanted[name])
            self._stamped[name] = wanted[name]

    def _kill_pods(self) -> None:
        """Nothing is drained: what ran on a machine is gone with it."""
        if not self._gone:
            return
        for pod in self._api.pods():
            metadata = pod["metadata"]
            if pod["spec"].get("nodeName") in self._gone:
                self._api.kill_pod(metadata["namespace"], metadata["name"], metadata.get("uid", ""))
        self._gone = {name: looks - 1 for name, looks in self._gone.items() if looks > 1}

    def _register(self, manifest: dict[str, Any]) -> None:
        made = self._api.create_node(manifest)
        name = manifest["metadata"]["name"]
        if (made.get("status") or {}).get("allocatable") != manifest["status"]["allocatable"]:
            self._api.patch_node(name, {"status": manifest["status"]}, status=True)
        # Admission adds `not-ready` to every new node, and nothing schedules until it is gone.
        self._api.patch_node(name, {"spec": {"taints": manifest["spec"]["taints"]}})

    def _stamp(self, found: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> None:
        """AKS writes a pool's labels and taints as a whole; Kubernetes' own taints stay."""
        name = new["metadata"]["name"]
        own = [taint for taint in found["spec"].get("taints") or [] if taint["key"].startswith(OWN_TAINTS)]
        metadata = {
            part: _merge(old["metadata"].get(part) or {}, new["metadata"].get(part) or {})
            for part in ("annotations", "labels")
        }
        self._api.patch_node(name, {"metadata": metadata, "spec": {"taints": [*new["spec"]["taints"], *own]}})
        status = {part: _merge(old["status"][part], new["status"][part]) for part in ("allocatable", "capacity")}
        self._api.patch_node(name, {"status": status}, status=True)


def _is_ours(node: Mapping[str, Any]) -> bool:
    return CLUSTER_LABEL in (node["metadata"].get("labels") or {})


def _mig_state(node: Mapping[str, Any] | None) -> str | None:
    return None if node is None else (node["metadata"].get("labels") or {}).get(MIG_STATE)


def _manager(operator: Mapping[str, Any] | None) -> Any:
    return (operator or {}).get("migManager")


def _uses_gpus(pod: Mapping[str, Any]) -> bool:
    limits = [(container.get("resources") or {}).get("limits") or {} for container in pod["spec"]["containers"]]
    return any(name.startswith(_GPU_RESOURCES) for limit in limits for name in limit)


def _merge(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str | None]:
    """A merge patch that makes `old` into `new` and touches nothing else."""
    return {**dict.fromkeys(old.keys() - new.keys(), None), **new}
