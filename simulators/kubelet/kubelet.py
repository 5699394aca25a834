"""The kubelets of all nodes in one thread: leases, node conditions, and pods that start, get ready, end and fail.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/, kubernetes pkg/kubelet/kubelet.go for the
leases and pkg/kubelet/kubelet_pods.go (`makeEnvironmentVariables`) for a missing key. What differs: a missing ConfigMap
or Secret of a volume is reported like one of a variable, `CreateContainerConfigError`, where the real pod stays in
`ContainerCreating`. Left out: images and volumes are never fetched, probes are never run (a pod is ready when a rule
says so), and nothing is evicted for want of memory or disk.
"""

import datetime as dt
import ipaddress
import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulators.api_server.background import Background
from simulators.api_server.client import Client, Object
from simulators.kubelet import pod_states

_TICK_SECONDS: Final = 0.2
_LEASE_NAMESPACE: Final = "kube-node-lease"
# A kubelet renews its lease four times in the 40 seconds of `nodeLeaseDurationSeconds`: kubernetes
# pkg/kubelet/kubelet.go (`nodeLeaseRenewIntervalFraction`).
_RENEWAL_SECONDS: Final = 10.0
_PODS: Final = ipaddress.IPv4Network("10.244.0.0/16")
_HEALTHY: Final = {"Ready": "True", "MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False"}


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _now_exactly() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class Rule:
    """What happens to the pods that a selector names, instead of becoming ready at once."""

    labels: Mapping[str, str]
    ready_after_seconds: float = 0.0
    crash: str = ""
    exit_code: int = 1

    def matches(self, pod: Object) -> bool:
        """Whether all labels are the pod's."""
        labels = pod["metadata"].get("labels") or {}
        return all(labels.get(key) == value for key, value in self.labels.items())


_PLAIN: Final = Rule({})


class Kubelets(Background):
    """Used as a context.

    `ready_after_seconds` is how long every pod runs before it is ready; a Job's pod succeeds after that time.
    `grace_fraction` says how much of its grace period a terminating pod uses: 0 ends at once, 1 takes all of it.
    `renewal_seconds` is the time between two renewals of a node's lease.
    """

    def __init__(
        self,
        client: Client,
        *,
        ready_after_seconds: float = 0.0,
        grace_fraction: float = 0.0,
        renewal_seconds: float = _RENEWAL_SECONDS,
    ) -> None:
        super().__init__("kubelets", client, [("v1", "Node"), ("v1", "Pod")], _TICK_SECONDS)
        self._renewal_seconds = renewal_seconds
        self.grace_fraction = grace_fraction
        self.ready_after_seconds = ready_after_seconds
        self._client = client
        self._rules: list[Rule] = []
        self._lost: set[str] = set()
        self._renewed: dict[str, float] = {}
        self._seen: dict[tuple[str, str], float] = {}
        self._addresses = itertools.count(1)
        self._lock = threading.RLock()

    def delay(self, seconds: float, **labels: str) -> None:
        """Let pods with these labels get ready this late. Label keys with signs go in as `**{"a/b": "c"}`."""
        self._rule(Rule(labels, ready_after_seconds=seconds))

    def hold(self, **labels: str) -> None:
        """Let pods with these labels run and never get ready."""
        self._rule(Rule(labels, ready_after_seconds=float("inf")))

    def fail(self, *, reason: str = "Error", exit_code: int = 1, **labels: str) -> None:
        """Let pods with these labels crash, those that are ready already too."""
        self._rule(Rule(labels, crash=reason, exit_code=exit_code))

    def heal(self) -> None:
        """Forget every rule; what crashed becomes ready."""
        with self._lock:
            self._rules.clear()
        self.wake()

    def lose(self, node: str) -> None:
        """Stop a node's kubelet: no lease, no word about its pods."""
        with self._lock:
            self._lost.add(node)

    def recover(self, node: str) -> None:
        """Let a lost node's kubelet report again."""
        with self._lock:
            self._lost.discard(node)
            self._renewed.pop(node, None)
        self.wake()

    def _rule(self, rule: Rule) -> None:
        with self._lock:
            self._rules.insert(0, rule)
        self.wake()

    def look(self) -> None:
        """Renew leases, and tell what became of pods."""
        with self._lock:
            lost = set(self._lost)
        nodes = {node["metadata"]["name"]: node for node in self._client.list("v1", "Node", resourceVersion="0")}
        for name, node in nodes.items():
            if name not in lost:
                self.attempt(lambda name=name, node=node: self._report_node(name, node))
        pods = self._client.list("v1", "Pod", resourceVersion="0")
        existing = {pod["metadata"]["uid"] for pod in pods}
        self._seen = {key: when for key, when in self._seen.items() if key[0] in existing}
        for pod in pods:
            node = pod["spec"].get("nodeName")
            if node in nodes and node not in lost:
                self.attempt(lambda pod=pod: self._report_pod(pod))

    def _report_node(self, name: str, node: Object) -> None:
        if time.monotonic() - self._renewed.get(name, float("-inf")) >= self._renewal_seconds:
            self._renew(name)
            self._renewed[name] = time.monotonic()
        known = {item["type"]: item["status"] for item in node.get("status", {}).get("conditions") or []}
        if any(known.get(type_) != status for type_, status in _HEALTHY.items()):
            now = _now()
            conditions = [
                {
                    "type": type_,
                    "status": status,
                    "reason": "KubeletReady" if type_ == "Ready" else "KubeletHas",
                    "message": "",
                    "lastHeartbeatTime": now,
                    "lastTransitionTime": now,
                }
                for type_, status in _HEALTHY.items()
            ]
            body = {"status": {"conditions": conditions}}
            self._client.patch("v1", "Node", name, body, patch="strategic", subresource="status")

    def _renew(self, name: str) -> None:
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": _LEASE_NAMESPACE},
            "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": _now_exactly()},
        }
        self._client.apply(lease, field_manager="kubelet", force=True)

    def _report_pod(self, pod: Object) -> None:
        metadata, phase = pod["metadata"], pod.get("status", {}).get("phase")
        if metadata.get("deletionTimestamp"):
            self._terminate(pod)
        elif phase in ("Pending", "Running"):
            with self._lock:
                rule = next((rule for rule in self._rules if rule.matches(pod)), _PLAIN)
            self._advance(pod, rule)

    def _terminate(self, pod: Object) -> None:
        metadata = pod["metadata"]
        grace = float(metadata.get("deletionGracePeriodSeconds") or 0)
        if self._since(metadata["uid"], "deletion") < grace * self.grace_fraction:
            self.wake()
            return
        self._client.delete("v1", "Pod", metadata["name"], metadata["namespace"], grace_seconds=0, uid=metadata["uid"])

    def _since(self, uid: str, what: str) -> float:
        """Seconds since this was first seen of the pod."""
        return time.monotonic() - self._seen.setdefault((uid, what), time.monotonic())

    def _advance(self, pod: Object, rule: Rule) -> None:
        status, uid, now = pod["status"], pod["metadata"]["uid"], _now()
        states = [container["state"] for container in status.get("containerStatuses") or []]
        is_crashing = any("waiting" in state for state in states) and status["phase"] == "Running"
        if rule.crash:
            if not is_crashing:
                self._tell(pod, pod_states.crashing(pod, now, reason=rule.crash, exit_code=rule.exit_code))
            return
        if (status["phase"] == "Pending" or is_crashing) and (missing := self._missing_reference(pod)):
            self.wake()
            if not any((state.get("waiting") or {}).get("message") == missing for state in states):
                self._tell(pod, pod_states.waiting(pod, "CreateContainerConfigError", missing, now))
            return
        delay = rule.ready_after_seconds if rule is not _PLAIN else self.ready_after_seconds
        is_due = self._since(uid, "start") >= delay
        if not is_due and delay < float("inf"):
            self.wake()
        if pod_states.runs_to_completion(pod) and is_due:
            self._tell(pod, pod_states.succeeded(pod, now))
        elif status["phase"] == "Pending" or is_crashing or (is_due and not pod_states.is_ready(pod)):
            address = status.get("podIP") or str(_PODS[next(self._addresses)])
            ready = is_due and not pod_states.runs_to_completion(pod)
            self._tell(pod, pod_states.running(pod, address, now, ready=ready))

    def _missing_reference(self, pod: Object) -> str:
        """What the pod can't start without and can't find, in words; empty where all is there."""
        namespace = pod["metadata"]["namespace"]
        for needed in pod_states.references(pod):
            found = self._client.find("v1", needed.kind, needed.name, namespace)
            if found is None:
                return f'{needed.kind.lower()} "{needed.name}" not found'
            if needed.key and needed.key not in {**(found.get("data") or {}), **(found.get("binaryData") or {})}:
                return f"couldn't find key {needed.key} in {needed.kind} {namespace}/{needed.name}"
        return ""

    def _tell(self, pod: Object, status: Mapping[str, Any]) -> None:
        metadata = pod["metadata"]
        body = {"metadata": {"uid": metadata["uid"]}, "status": status}
        self._client.patch(
            "v1",
            "Pod",
            metadata["name"],
            body,
            namespace=metadata["namespace"],
            patch="strategic",
            subresource="status",
        )
