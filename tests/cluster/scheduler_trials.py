"""Pods in a given order before the real scheduler: all that takes part is a control plane, its nodes and the pods."""

import contextlib
import re
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from components.serving.pod import pod_template
from planning.plan import ModelPlan, ReleasePlan, WorkloadPlan
from rehearsal.control_plane import ControlPlane
from rehearsal.toolchain import ETCD, KUBERNETES
from simulators.api_server.client import Client, Object
from simulators.api_server.waiting import WaitTimeoutError

NAMESPACE: Final = "llm"
# Each thread brings whole sequences, so that the order within one is kept.
_THREADS: Final = 2
_POLL_SECONDS: Final = 0.4
# All pods of an order, on a busy machine.
_LIMIT_SECONDS: Final = 120
# The scheduler may look at a pod before it has heard that the last order's pods are gone; it tries again after a pause
# of 1 s that doubles up to 10 s.
_SECOND_LOOK_SECONDS: Final = 15
_SNAKE: Final = re.compile(r"[a-z]+((_[a-z]+)+|_)")


class SchedulingControlPlane(ControlPlane):
    """Only the scheduler decides: no controller takes nodes without kubelets out, and binding isn't slowed down."""

    def start(self) -> None:
        """Start everything, then go on without controllers."""
        super().start()
        for name in ("kube-controller-manager", "kube-scheduler"):
            self._processes.pop(name).kill()
        self._start(
            "kube-scheduler",
            f"--kubeconfig={self._directory / 'kubeconfig'}",
            "--leader-elect=false",
            "--secure-port=0",
            # 50 by default: hundreds of pods would wait for nothing but that.
            "--kube-api-qps=1000",
            "--kube-api-burst=1000",
        )


@contextlib.contextmanager
def scheduling_control_plane(directory: Path) -> Generator[SchedulingControlPlane]:
    """A control plane for trials, with the namespace of the models; nothing of it runs afterwards."""
    binaries = {name: chain.binary(name) for chain in (ETCD, KUBERNETES) for name in chain.programs}
    plane = SchedulingControlPlane(directory, binaries)
    try:
        plane.start()
        plane.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        add_accounts(plane.client, ["default"])
        yield plane
    finally:
        plane.stop()


def add_nodes(client: Client, manifests: Iterable[Object]) -> None:
    """Register nodes, take off the taint that admission gives to new ones, and wait until the scheduler uses them.

    It hears of nodes and of pods on two watches: on a busy machine a pod can come before the node that it prefers.
    """
    manifests = list(manifests)

    def add(manifest: Object) -> None:
        client.create(manifest)
        name, taints = manifest["metadata"]["name"], manifest["spec"].get("taints") or []
        client.patch("v1", "Node", name, {"spec": {"taints": taints}})

    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(add, manifests))
    probes = [[_probe(manifest)] for manifest in manifests]
    found = placed(client, probes, [probe["metadata"]["name"] for [probe] in probes])
    assert all(found.values()), found


def _probe(node: Object) -> Object:
    """A pod that only this node can take, once the scheduler knows it without the taint of a new one."""
    name = node["metadata"]["name"]
    one = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]}]}
    tolerated = [{**taint, "operator": "Equal"} for taint in node["spec"].get("taints") or []]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"probe-{name}", "namespace": NAMESPACE},
        "spec": {
            "affinity": {
                "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [one]}}
            },
            "containers": [{"name": "probe", "image": "registry.k8s.io/pause"}],
            "tolerations": tolerated,
        },
    }


@contextlib.contextmanager
def nodes_there(client: Client, manifests: Iterable[Object]) -> Generator[None]:
    """These are the only nodes for the length of a `with` block."""
    add_nodes(client, manifests)
    yield
    client.request("DELETE", client.path("v1", "Node"), {"propagationPolicy": "Background"})


def add_accounts(client: Client, names: Iterable[str]) -> None:
    """Service accounts that pods run under; admission refuses a pod without."""
    for name in names:
        metadata = {"name": name, "namespace": NAMESPACE}
        client.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})


def wire(template: Any) -> Any:
    """Arguments as the Pulumi SDK puts them on the wire: names of fields in camelCase."""
    if isinstance(template, Mapping):
        return {_camel(key): wire(value) for key, value in template.items()}
    return [wire(item) for item in template] if isinstance(template, list) else template


def _camel(key: str) -> str:
    # No name of our labels and resources is made of letters and underscores alone. The SDK ends a name that Python
    # has itself with an underscore: `exec_`.
    first, *rest = key.split("_") if _SNAKE.fullmatch(key) else [key]
    return first + "".join(word.capitalize() for word in rest)


def model_pod(name: str, model: ModelPlan, release: ReleasePlan, workload: WorkloadPlan) -> Object:
    """A pod of the Deployment, as its controller would make it."""
    template = wire(pod_template(model, release, workload))
    metadata = {**template["metadata"], "name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def placed(client: Client, sequences: Sequence[Sequence[Object]], must_bind: Iterable[str] = ()) -> dict[str, str]:
    """Create the pods of every sequence in its order, and tell where each is once nothing moves: "" for nowhere.

    Pods in `must_bind` get a second look: they count as stranded only if they stay so for a while. All pods are deleted
    afterwards.

    Raises:
        WaitTimeoutError: the scheduler didn't get through them.

    """
    names = [pod["metadata"]["name"] for sequence in sequences for pod in sequence]
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(lambda sequence: [client.create(pod) for pod in sequence], sequences))
    _settle(client, names, frozenset(must_bind))
    found = {pod["metadata"]["name"]: pod["spec"].get("nodeName", "") for pod in client.list("v1", "Pod", NAMESPACE)}
    everything = client.path("v1", "Pod", "", NAMESPACE)
    client.request("DELETE", everything, {"gracePeriodSeconds": 0, "propagationPolicy": "Background"})
    return {name: found[name] for name in names}


def _settle(client: Client, names: Sequence[str], must_bind: frozenset[str]) -> None:
    """Wait until every pod has a node or has been refused one, twice in a row the same."""
    end = time.monotonic() + _LIMIT_SECONDS
    before: set[str] | None = None
    refused_since: float | None = None
    while True:
        waiting = client.list("v1", "Pod", NAMESPACE, fieldSelector="spec.nodeName=")
        refused = {pod["metadata"]["name"] for pod in waiting if _is_refused(pod)}
        if len(refused) == len(waiting):
            refused_since = refused_since or time.monotonic()
            if refused == before and (
                not refused & must_bind or time.monotonic() - refused_since > _SECOND_LOOK_SECONDS
            ):
                return
            before = refused
        if time.monotonic() > end:
            undecided = {pod["metadata"]["name"] for pod in waiting} - refused
            raise WaitTimeoutError(f"{len(undecided)} of {len(names)} pods undecided after {_LIMIT_SECONDS} s")
        time.sleep(_POLL_SECONDS)


def _is_refused(pod: Object) -> bool:
    return any(
        condition["type"] == "PodScheduled"
        and condition["status"] == "False"
        and condition["reason"] == "Unschedulable"
        for condition in pod["status"].get("conditions") or []
    )
