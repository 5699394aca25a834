"""When the Kubernetes provider takes an object for ready, and how long it waits.

Source: pulumi/pulumi-kubernetes provider/pkg/await/ (deployment.go, statefulset.go, daemonset.go, job.go, pod.go,
service.go), checker/pod/check.go for the messages about pods. What differs: a Service is not given ten seconds to
settle; a refresh does not judge readiness.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from simulators.api_server.client import ApiError, Client, Object
from simulators.kubernetes_provider import answers
from simulators.provider_protocol.calls import RefusedError

# The provider's own limit for everything is ten minutes.
DEFAULT_WAIT_SECONDS: Final = 600.0
_POLL_SECONDS: Final = 0.2
# A kind or a namespace that is still to come is waited for this often, with pauses that double; the real one's first
# pause is a second, and it tries five times.
_TRIES: Final = 4
_FIRST_PAUSE_SECONDS: Final = 0.25
_REVISION: Final = "deployment.kubernetes.io/revision"
_SKIP: Final = "pulumi.com/skipAwait"
_TIMEOUT: Final = "pulumi.com/timeoutSeconds"


class NotReadyError(Exception):
    """The object is there and did not get ready; the message says what was missing."""


def wait_seconds(inputs: Mapping[str, Any], engine_seconds: float) -> float:
    """Longest wait for an object: its annotation's, else what the engine asks for (0: nothing), else the default."""
    annotations = (inputs.get("metadata") or {}).get("annotations") or {}
    return float(annotations.get(_TIMEOUT) or engine_seconds or DEFAULT_WAIT_SECONDS)


def patiently(work: Callable[[], Object], inputs: Mapping[str, Any]) -> Object:
    """Create an object whose kind or namespace may still be to come.

    Raises:
        RefusedError: the server refuses it, or what it needs has not come in time.

    """
    pause = _FIRST_PAUSE_SECONDS
    for _ in range(_TRIES - 1):
        try:
            return work()
        except ApiError as error:
            if not error.is_missing:
                raise RefusedError(answers.not_created(inputs, error)) from error
        time.sleep(pause)
        pause *= 2
    try:
        return work()
    except ApiError as error:
        raise RefusedError(answers.not_created(inputs, error)) from error


def await_ready(client: Client, live: Object, inputs: Mapping[str, Any], limit_seconds: float) -> Object:
    """Wait until an object is ready, and return it as it is then.

    Raises:
        NotReadyError: it is not within the limit, or never will be.

    """
    look = _LOOKS.get((str(live["apiVersion"]), str(live["kind"])))
    annotations = (inputs.get("metadata") or {}).get("annotations") or {}
    if look is None or annotations.get(_SKIP) == "true":
        return live
    metadata = live["metadata"]
    key = (live["apiVersion"], live["kind"], metadata["name"], metadata.get("namespace", ""))
    end = time.monotonic() + limit_seconds
    missing = ""
    while True:
        # A server that is away for a moment does not end the provider's watch.
        try:
            current = client.get(*key)
            missing = look(client, current)
        except ApiError as error:
            if error.status != 0:
                raise
            missing = error.message
        else:
            if not missing:
                return current
        if time.monotonic() > end:
            details = " ".join([missing, *_of_pods(client, key)])
            raise NotReadyError(f"'{metadata['name']}' timed out waiting to be Ready: {details}")
        time.sleep(_POLL_SECONDS)


def _of_pods(client: Client, deployment: tuple[str, str, str, str]) -> Iterator[str]:
    """What the pods of a Deployment's newest ReplicaSet complain of."""
    api_version, kind, name, namespace = deployment
    if kind != "Deployment":
        return
    with contextlib.suppress(ApiError):
        revision = client.get(*deployment)["metadata"]["annotations"][_REVISION]
        newest = {
            item["metadata"]["uid"]
            for item in client.list(api_version, "ReplicaSet", namespace)
            if _is_owned(item, kind, name) and item["metadata"]["annotations"][_REVISION] == revision
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


def await_gone(client: Client, api_version: str, kind: str, name: str, namespace: str, limit_seconds: float) -> None:
    """Wait until an object that was deleted is gone.

    Raises:
        NotReadyError: it is still there at the limit: a finalizer or a pod holds it.

    """
    end = time.monotonic() + limit_seconds
    while (found := client.find(api_version, kind, name, namespace)) is not None:
        if time.monotonic() > end:
            held = ", ".join(found["metadata"].get("finalizers") or ["no finalizer"])
            raise NotReadyError(f"'{name}' timed out waiting to be deleted, held by {held}")
        time.sleep(_POLL_SECONDS)


def _conditions(live: Object) -> dict[str, Mapping[str, Any]]:
    return {item["type"]: item for item in live.get("status", {}).get("conditions") or []}


def _is_observed(live: Object) -> bool:
    return live.get("status", {}).get("observedGeneration", 0) >= live["metadata"]["generation"]


def _deployment(_client: Client, live: Object) -> str:
    wanted, status, conditions = live["spec"]["replicas"], live.get("status", {}), _conditions(live)
    counts = {name: status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")}
    is_available = conditions.get("Available", {}).get("status") == "True"
    is_rolled_out = conditions.get("Progressing", {}).get("reason") == "NewReplicaSetAvailable"
    if _is_observed(live) and is_available and is_rolled_out and set(counts.values()) == {wanted}:
        return ""
    details = " ".join(
        f"[{item['reason']}] {item['message']}" for _, item in sorted(conditions.items()) if item.get("message")
    )
    return (
        f"{counts['updatedReplicas']} of {wanted} replicas are updated, "
        f"{counts['availableReplicas']} available. {details}"
    )


def _stateful_set(_client: Client, live: Object) -> str:
    wanted, status = live["spec"]["replicas"], live.get("status", {})
    counts = {status.get(name, 0) for name in ("updatedReplicas", "readyReplicas")}
    return (
        "" if _is_observed(live) and counts == {wanted} else f"{status.get('readyReplicas', 0)} of {wanted} are ready"
    )


def _daemon_set(_client: Client, live: Object) -> str:
    status = live.get("status", {})
    wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
    is_done = _is_observed(live) and status.get("updatedNumberScheduled", 0) == ready == wanted
    return "" if is_done else f"{ready} of {wanted} are ready"


def _job(_client: Client, live: Object) -> str:
    conditions = _conditions(live)
    if conditions.get("Failed", {}).get("status") == "True":
        raise NotReadyError(f"the Job '{live['metadata']['name']}' failed: {conditions['Failed'].get('message', '')}")
    return "" if conditions.get("Complete", {}).get("status") == "True" else "the Job has not completed"


def _pod(_client: Client, live: Object) -> str:
    is_done = live["status"]["phase"] == "Succeeded" or _conditions(live).get("Ready", {}).get("status") == "True"
    return "" if is_done else f"the pod is {live['status']['phase']}"


def _service(client: Client, live: Object) -> str:
    spec, metadata = live["spec"], live["metadata"]
    if spec.get("type") == "LoadBalancer" and not live.get("status", {}).get("loadBalancer", {}).get("ingress"):
        return "the Service was not allocated an IP address"
    if not spec.get("selector") or spec.get("clusterIP") == "None" or spec.get("type") == "ExternalName":
        return ""
    endpoints = client.find("v1", "Endpoints", metadata["name"], metadata["namespace"])
    if endpoints is None:
        return "the Service has no endpoints yet"
    pending = any(subset.get("notReadyAddresses") for subset in endpoints.get("subsets") or [])
    return "the Service targets pods that are not ready" if pending else ""


_LOOKS: Final[Mapping[tuple[str, str], Callable[[Client, Object], str]]] = {
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("batch/v1", "Job"): _job,
    ("v1", "Pod"): _pod,
    ("v1", "Service"): _service,
}
