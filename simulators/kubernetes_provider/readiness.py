"""When the Kubernetes provider takes an object for ready, and how long it waits.

Source: pulumi/pulumi-kubernetes provider/pkg/await/ (deployment.go, statefulset.go, daemonset.go, job.go, pod.go,
service.go, error.go), checker/pod/check.go for the messages about pods.
What differs: a Service is not given ten seconds to settle.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from simulators.api_server.client import ApiError, Client, Object
from simulators.kubernetes_provider.awaiting import Look, NotReadyError, is_not_awaited, is_observed, waited_for

_POLL_SECONDS: Final = 0.2
# A kind or a namespace that is still to come is waited for this often, with pauses that double; the real one's first
# pause is a second, and it tries five times.
_TRIES: Final = 4
_FIRST_PAUSE_SECONDS: Final = 0.25
_REVISION: Final = "deployment.kubernetes.io/revision"
_NO_PODS: Final = (
    "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels "
    "on any Pods"
)


class InterruptedWaitError(NotReadyError):
    """The operation was cancelled while the provider waited (await/error.go, `cancellationError`)."""


def patiently(work: Callable[[], Object], cancelled: threading.Event) -> Object:
    """Create an object whose kind or namespace may still be to come.

    Raises:
        ApiError: the server refuses it, or what it needs has not come in time.
        InterruptedWaitError: the operation was cancelled.

    """
    pause = _FIRST_PAUSE_SECONDS
    for _ in range(_TRIES - 1):
        require_going_on(cancelled)
        try:
            return work()
        except ApiError as error:
            if not error.is_missing:
                raise
        cancelled.wait(pause)
        pause *= 2
    require_going_on(cancelled)
    return work()


def require_going_on(cancelled: threading.Event) -> None:
    """Fail as every request does whose context is cancelled.

    Raises:
        InterruptedWaitError: it is.

    """
    if cancelled.is_set():
        raise InterruptedWaitError("context canceled")


def missing(client: Client, live: Object, inputs: Mapping[str, Any]) -> list[str] | None:
    """What an object lacks to be ready, empty where nobody can say in words; None where it is ready."""
    look = _LOOKS.get((str(live["apiVersion"]), str(live["kind"])))
    return None if look is None or is_not_awaited(inputs) else look(client, live)


def await_ready(
    client: Client, live: Object, inputs: Mapping[str, Any], limit_seconds: float, cancelled: threading.Event
) -> Object:
    """Wait until an object is ready, and return it as it is then.

    Raises:
        NotReadyError: it is not within the limit, or never will be.
        InterruptedWaitError: the operation was cancelled.

    """
    metadata = live["metadata"]
    key = (live["apiVersion"], live["kind"], metadata["name"], metadata.get("namespace", ""))
    look = waited_for(live) or _LOOKS.get((str(live["apiVersion"]), str(live["kind"])))
    if look is None or is_not_awaited(inputs):
        return live
    end = time.monotonic() + limit_seconds
    reasons: list[str] = []
    while True:
        # A server that is away for a moment does not end the provider's watch.
        try:
            current = client.get(*key)
            found = look(client, current)
        except ApiError as error:
            if error.status != 0:
                raise
        else:
            if found is None:
                return current
            reasons = found
        if cancelled.is_set():
            raise InterruptedWaitError(f'Resource operation was cancelled for "{metadata["name"]}"', reasons)
        if time.monotonic() > end:
            raise NotReadyError(f"'{metadata['name']}' timed out waiting to be Ready", reasons)
        cancelled.wait(_POLL_SECONDS)


def _of_pods(client: Client, deployment: Object) -> Iterator[str]:
    """What the pods of a Deployment's newest ReplicaSet complain of."""
    metadata = deployment["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    with contextlib.suppress(ApiError, KeyError):
        revision = metadata["annotations"][_REVISION]
        newest = {
            item["metadata"]["uid"]
            for item in client.list("apps/v1", "ReplicaSet", namespace)
            if _is_owned(item, "Deployment", name) and item["metadata"]["annotations"][_REVISION] == revision
        }
        for pod in client.list("v1", "Pod", namespace):
            if newest.isdisjoint(owner["uid"] for owner in pod["metadata"].get("ownerReferences") or []):
                continue
            problems = [
                text for status in pod["status"].get("containerStatuses") or [] for text in _of_container(status)
            ]
            if problems:
                yield f"[Pod {namespace}/{pod['metadata']['name']}]: {' '.join(problems)}"


def _is_owned(item: Object, kind: str, name: str) -> bool:
    owners = item["metadata"].get("ownerReferences") or []
    return any((owner["kind"], owner["name"]) == (kind, name) for owner in owners)


def _of_container(status: Mapping[str, Any]) -> Iterator[str]:
    if status["ready"]:
        return
    if waiting := status["state"].get("waiting"):
        yield f"[{waiting['reason']}] {waiting['message']}"
    if ended := (status.get("lastState") or {}).get("terminated"):
        yield (
            f'Container "{status["name"]}" terminated at {ended["finishedAt"]} '
            f"({ended['reason']}: exit code {ended['exitCode']})"
        )


def await_gone(
    client: Client, key: tuple[str, str, str, str], limit_seconds: float, cancelled: threading.Event
) -> None:
    """Wait until an object that was deleted is gone; `key` is API version, kind, name and namespace.

    Raises:
        NotReadyError: it is still there at the limit: a finalizer or a pod holds it.
        InterruptedWaitError: the operation was cancelled and it is still there.

    """
    end = time.monotonic() + limit_seconds
    while (found := client.find(*key)) is not None:
        held = f"finalizers might be preventing deletion ({', '.join(found['metadata'].get('finalizers') or [])})"
        if cancelled.is_set():
            raise InterruptedWaitError("context canceled", [held])
        if time.monotonic() > end:
            raise NotReadyError("timed out waiting for the condition", [held])
        cancelled.wait(_POLL_SECONDS)


def _conditions(live: Object) -> dict[str, Mapping[str, Any]]:
    return {item["type"]: item for item in live.get("status", {}).get("conditions") or []}


def _deployment(client: Client, live: Object) -> list[str] | None:
    wanted, status, conditions = live["spec"]["replicas"], live.get("status", {}), _conditions(live)
    counts = {name: status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")}
    available, progressing = conditions.get("Available", {}), conditions.get("Progressing", {})
    is_available, is_progressing = available.get("status") == "True", progressing.get("status") == "True"
    is_rolled_out = is_progressing and progressing.get("reason") == "NewReplicaSetAvailable"
    if is_observed(live) and is_available and is_rolled_out and set(counts.values()) == {wanted}:
        return None
    reasons = [
        f"[{item['reason']}] {item['message']}"
        for item, is_good in ((available, is_available), (progressing, is_progressing))
        if item.get("message") and not is_good
    ]
    # deployment.go (`errorMessages`): the first revision is not rolled out, but made.
    is_first = live["metadata"].get("annotations", {}).get(_REVISION) == "1"
    if not is_available:
        reasons.append("Minimum number of live Pods was not attained")
    elif is_first or not is_rolled_out:
        reasons.append("Minimum number of Pods to consider the application live was not attained")
    else:
        reasons.append("Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live")
    return [*reasons, *_of_pods(client, live)]


def _stateful_set(_client: Client, live: Object) -> list[str] | None:
    wanted, status = live["spec"]["replicas"], live.get("status", {})
    counts = {status.get(name, 0) for name in ("updatedReplicas", "readyReplicas")}
    if is_observed(live) and counts == {wanted}:
        return None
    return [f"{status.get('readyReplicas', 0)} out of {wanted} replicas succeeded readiness checks"]


def _daemon_set(_client: Client, live: Object) -> list[str] | None:
    status = live.get("status", {})
    wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
    is_done = is_observed(live) and status.get("updatedNumberScheduled", 0) == ready == wanted
    return None if is_done else []


def _job(_client: Client, live: Object) -> list[str] | None:
    conditions = _conditions(live)
    failed = conditions.get("Failed", {})
    # checker/job/check.go (`collectJobConditionErrors`): these two end the wait.
    if failed.get("status") == "True" and failed.get("reason") in ("BackoffLimitExceeded", "DeadlineExceeded"):
        message = f"Resource '{live['metadata']['name']}' was created but failed to initialize"
        raise NotReadyError(message, [f"[{failed['reason']}] {failed.get('message', '')}"])
    return None if conditions.get("Complete", {}).get("status") == "True" else []


def _pod(_client: Client, live: Object) -> list[str] | None:
    is_done = live["status"]["phase"] == "Succeeded" or _conditions(live).get("Ready", {}).get("status") == "True"
    return (
        None
        if is_done
        else [text for status in live["status"].get("containerStatuses") or [] for text in _of_container(status)]
    )


def _service(client: Client, live: Object) -> list[str] | None:
    spec, metadata = live["spec"], live["metadata"]
    if spec.get("type") == "LoadBalancer" and not live.get("status", {}).get("loadBalancer", {}).get("ingress"):
        return ["Service was not allocated an IP address; does your cloud provider support this?"]
    if not spec.get("selector") or spec.get("clusterIP") == "None" or spec.get("type") == "ExternalName":
        return None
    endpoints = client.find("v1", "Endpoints", metadata["name"], metadata["namespace"])
    subsets = [] if endpoints is None else endpoints.get("subsets") or []
    if endpoints is not None and not any(subset.get("notReadyAddresses") for subset in subsets):
        return None
    if any(subset.get("addresses") for subset in subsets):
        return []
    return [_NO_PODS]


_LOOKS: Final[Mapping[tuple[str, str], Look]] = {
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("batch/v1", "Job"): _job,
    ("v1", "Pod"): _pod,
    ("v1", "Service"): _service,
}
