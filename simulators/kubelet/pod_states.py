"""What a kubelet reports of a pod: waiting, running, ready, finished, failed.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ for phases, conditions and container states.
A pod waits for the ConfigMaps and Secrets that it names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulators.api_server.client import Object

_IMAGE_ID: Final = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Reference:
    """Something in its own namespace that a pod can't start without. `key` is empty where the whole is meant."""

    kind: str
    name: str
    key: str = ""


def references(pod: Object) -> list[Reference]:
    """ConfigMaps and Secrets that the pod's volumes and environment need, those that are optional left out."""
    return sorted(set(_references(pod["spec"])), key=lambda found: (found.kind, found.name, found.key))


def _references(spec: Mapping[str, Any]) -> Iterator[Reference]:
    for volume in spec.get("volumes") or []:
        for source in (volume, *((volume.get("projected") or {}).get("sources") or [])):
            yield from _named("ConfigMap", source.get("configMap"))
            yield from _named("Secret", source.get("secret"))
    for container in (*(spec.get("initContainers") or []), *spec["containers"]):
        for source in container.get("envFrom") or []:
            yield from _named("ConfigMap", source.get("configMapRef"))
            yield from _named("Secret", source.get("secretRef"))
        for variable in container.get("env") or []:
            source = variable.get("valueFrom") or {}
            yield from _named("ConfigMap", source.get("configMapKeyRef"))
            yield from _named("Secret", source.get("secretKeyRef"))


def _named(kind: str, source: Mapping[str, Any] | None) -> Iterator[Reference]:
    if source is None or source.get("optional"):
        return
    yield Reference(kind, str(source.get("name") or source.get("secretName")), str(source.get("key") or ""))


def runs_to_completion(pod: Object) -> bool:
    """Whether the pod is meant to end by itself, as a Job's is."""
    return pod["spec"].get("restartPolicy") in ("Never", "OnFailure")


def is_ready(pod: Object) -> bool:
    """Whether the pod's Ready condition holds."""
    conditions = pod.get("status", {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def waiting(pod: Object, reason: str, message: str, now: str) -> Object:
    """Status of a pod whose containers can't be started, or keep ending."""
    state = {"waiting": {"reason": reason, "message": message}}
    return _status(pod, "Pending", state, now, ready=False, started=False)


def running(pod: Object, address: str, now: str, *, ready: bool) -> Object:
    """Status of a pod whose containers run."""
    status = _status(pod, "Running", {"running": {"startedAt": now}}, now, ready=ready, started=True)
    return {**status, "podIP": address, "podIPs": [{"ip": address}], "startTime": now}


def crashing(pod: Object, now: str, *, reason: str, exit_code: int) -> Object:
    """Status of a pod whose containers end again and again; one that is not restarted has failed."""
    ended = {"terminated": {"exitCode": exit_code, "reason": reason, "startedAt": now, "finishedAt": now}}
    if pod["spec"].get("restartPolicy") == "Never":
        return _status(pod, "Failed", ended, now, ready=False, started=False)
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": f"back-off restarting failed container: {reason}"}}
    status = _status(pod, "Running", state, now, ready=False, started=False)
    for container in status["containerStatuses"]:
        container |= {"lastState": ended, "restartCount": 1}
    return status


def succeeded(pod: Object, now: str) -> Object:
    """Status of a pod whose containers have done their work."""
    ended = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}}
    return _status(pod, "Succeeded", ended, now, ready=False, started=False)


def _status(
    pod: Object, phase: str, state: Mapping[str, Any], now: str, *, ready: bool, started: bool
) -> dict[str, Any]:
    spec = pod["spec"]
    done = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}}
    is_begun = phase != "Pending"
    flags = {
        "PodReadyToStartContainers": is_begun,
        "Initialized": is_begun,
        "ContainersReady": ready,
        "Ready": ready,
    }
    return {
        "phase": phase,
        "conditions": [
            {"type": type_, "status": str(flag), "lastTransitionTime": now} for type_, flag in flags.items()
        ],
        "initContainerStatuses": [
            _container(container, done, ready=True, started=False) for container in spec.get("initContainers") or []
        ]
        if is_begun
        else [],
        "containerStatuses": [
            _container(container, state, ready=ready, started=started) for container in spec["containers"]
        ],
    }


def _container(container: Mapping[str, Any], state: Mapping[str, Any], *, ready: bool, started: bool) -> dict[str, Any]:
    return {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": _IMAGE_ID,
        "ready": ready,
        "restartCount": 0,
        "started": started,
        "state": dict(state),
    }
