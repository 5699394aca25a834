"""What an organisation may demand of every pod: rights, isolation, limits and images."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policy.images import digest, registry, tag
from policy.policies import Check, Policy, Setting, Values
from policy.resources import UNKNOWN, Pod, Resource, pod, security

Container = Mapping[str, Any]


def _of_pods(check: Callable[[Pod, Values], Iterator[str]]) -> Check:
    def of_resource(resource: Resource, values: Values) -> Iterator[str]:
        found = pod(resource)
        if found is not None:
            yield from check(found, values)

    return of_resource


def _of_containers(check: Callable[[Container, Values], Iterator[str]]) -> Check:
    @_of_pods
    def of_pod(found: Pod, values: Values) -> Iterator[str]:
        for container in found.containers():
            yield from (f"container {container.get('name')}: {message}" for message in check(container, values))

    return of_pod


@_of_containers
def _privileged(container: Container, values: Values) -> Iterator[str]:
    del values
    if security(container).get("privileged") is True:
        yield "it is privileged"


@_of_containers
def _escalation(container: Container, values: Values) -> Iterator[str]:
    del values
    if security(container).get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"


@_of_containers
def _capabilities(container: Container, values: Values) -> Iterator[str]:
    if "ALL" not in (security(container).get("capabilities") or {}).get("drop", ()):
        yield "it keeps capabilities of the container runtime"
    for name in (security(container).get("capabilities") or {}).get("add", ()):
        if name not in values["allowed"]:
            yield f"it adds the capability {name}"


@_of_containers
def _read_only(container: Container, values: Values) -> Iterator[str]:
    del values
    if security(container).get("readOnlyRootFilesystem") is not True:
        yield "its root file system is writable"


@_of_containers
def _limited(container: Container, values: Values) -> Iterator[str]:
    del values
    limits = (container.get("resources") or {}).get("limits") or {}
    if "memory" not in limits:
        yield "without a memory limit it can take the node's memory"


@_of_pods
def _no_root(found: Pod, values: Values) -> Iterator[str]:
    del values
    whole = (found.spec.get("securityContext") or {}).get("runAsNonRoot")
    for container in found.containers():
        if security(container).get("runAsNonRoot", whole) is not True:
            yield f"container {container.get('name')}: it may run as root"


@_of_pods
def _no_host(found: Pod, values: Values) -> Iterator[str]:
    del values
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if found.spec.get(name) is True:
            yield f"{name} is on"
    for volume in found.spec.get("volumes") or ():
        if "hostPath" in volume:
            yield f"the volume {volume.get('name')} is a folder of the node"


@_of_pods
def _no_token(found: Pod, values: Values) -> Iterator[str]:
    if found.spec.get("automountServiceAccountToken") is False:
        return
    if found.spec.get("serviceAccountName") not in values["service_accounts"]:
        yield "a token for the API server is mounted"


@_of_containers
def _secrets_in_environment(container: Container, values: Values) -> Iterator[str]:
    del values
    for variable in container.get("env") or ():
        if "secretKeyRef" in (variable.get("valueFrom") or {}):
            yield f"the variable {variable.get('name')} holds a secret"


@_of_containers
def _fixed_images(container: Container, values: Values) -> Iterator[str]:
    del values
    image = container.get("image")
    if isinstance(image, str) and image != UNKNOWN and digest(image) is None and tag(image) in ("", "latest"):
        yield f"{image} changes without notice"


@_of_containers
def _digests(container: Container, values: Values) -> Iterator[str]:
    del values
    image = container.get("image")
    if isinstance(image, str) and image != UNKNOWN and digest(image) is None:
        yield f"{image} has no digest: whoever owns the tag decides what runs"


@_of_containers
def _registries(container: Container, values: Values) -> Iterator[str]:
    image = container.get("image")
    if not isinstance(image, str) or image == UNKNOWN or not values["registries"]:
        return
    host = registry(image)
    if not any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in values["registries"]):
        yield f"{image} is from {host}, allowed: {', '.join(map(str, values['registries']))}"


POLICIES = (
    Policy("pod-not-privileged", "No container is privileged.", "leave privileged out", "mandatory", _privileged,
           cis=("4.2.1",), mcsb=("PV-2",)),
    Policy("pod-no-privilege-escalation", "No process of a container gets more rights than it began with.",
           "allowPrivilegeEscalation: false", "mandatory", _escalation, cis=("4.2.5",), mcsb=("PV-2",)),
    Policy("pod-no-capabilities", "Containers give up all capabilities.", "capabilities: {drop: [ALL]}", "mandatory",
           _capabilities, settings={"allowed": Setting("array", [], "capabilities that may be added")},
           cis=("4.6.2",), mcsb=("PV-2",)),
    Policy("pod-not-root", "No container runs as root.", "runAsNonRoot: true", "mandatory", _no_root,
           cis=("4.6.2",), mcsb=("PV-2",)),
    Policy("pod-read-only-root", "Root file systems of containers are read-only.", "readOnlyRootFilesystem: true",
           "mandatory", _read_only, cis=("4.6.2",), mcsb=("PV-2",)),
    Policy("pod-no-host-access", "No pod uses the node's network, processes or folders.", "leave host… out",
           "mandatory", _no_host, cis=("4.2.2", "4.2.3", "4.2.4"), mcsb=("PV-2",)),
    Policy("pod-no-api-token", "Tokens for the API server are mounted only where a pod needs one.",
           "automountServiceAccountToken: false, or name the service account here", "mandatory", _no_token,
           settings={"service_accounts": Setting("array", [], "service accounts whose pods call the API server")},
           cis=("4.1.6",), mcsb=("PA-7",)),
    Policy("pod-memory-limit", "Every container has a memory limit.", "resources.limits.memory", "mandatory",
           _limited, mcsb=("PV-2",)),
    Policy("pod-no-secret-variables", "Secrets are files, not environment variables.", "mount the secret as a volume",
           "advisory", _secrets_in_environment, cis=("4.5.1",), mcsb=("IM-8",)),
    Policy("image-no-latest", "No image has the tag latest, or none.", "name a version", "mandatory", _fixed_images,
           cis=("5.1.4",), mcsb=("PV-2",)),
    Policy("image-digest", "Images have a digest.", "llm-platform pins --resolve", "advisory", _digests,
           cis=("5.1.4",), mcsb=("DS-6",)),
    Policy("image-registries", "Images are from registries that the organisation allows.",
           "registry.images: cached, or allow the registry here", "mandatory", _registries,
           settings={"registries": Setting("array", [], "hosts, *.example for those below it; empty allows all")},
           cis=("5.1.4",), mcsb=("AM-2",)),
)  # fmt: skip
