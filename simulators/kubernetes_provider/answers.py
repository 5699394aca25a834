"""How the Kubernetes provider names objects, what it keeps of them in the state, and what it says when it fails.

Source: pulumi/pulumi-kubernetes provider/pkg/provider/provider.go and helm_release.go at 4.34.
"""

from collections.abc import Mapping
from typing import Any, Final

from simulators.api_server.client import ApiError
from simulators.kubernetes_provider.kubernetes_rules import group_of
from simulators.provider_protocol.wire import Secret

_MISSING_CRD: Final = (
    "failed because the Kubernetes API server reported that the apiVersion for this resource does not exist. "
    "Verify that any required CRDs have been created"
)
_CONFLICT: Final = (
    "server-side apply field conflict detected, see https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/"
    "managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources for troubleshooting help"
)
# The first of six lines (await.go:276-290).
_EXISTS: Final = "\n\nThe resource already exists in the cluster."
# What the state has of an object beside its live fields.
INPUTS: Final = "__inputs"
FIRST_VERSION: Final = "__initialApiVersion"
MANAGER: Final = "__fieldManager"
_ADVICE: Final = (
    "If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation with the "
    'PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"'
)


def identity(content: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes an object another one when it changes: group, kind, namespace, name."""
    metadata = content.get("metadata") or {}
    group, kind = group_of(str(content.get("apiVersion", ""))), content.get("kind")
    return group, kind, metadata.get("namespace"), metadata.get("name")


def address(content: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """API version, kind, name and namespace, as the client asks for them."""
    metadata = content["metadata"]
    return str(content["apiVersion"]), str(content["kind"]), str(metadata["name"]), str(metadata.get("namespace") or "")


def id_of(content: Mapping[str, Any]) -> str:
    """Id of an object in the state: `namespace/name`, or the name of one that belongs to the whole cluster."""
    _, _, name, namespace = address(content)
    return f"{namespace}/{name}" if namespace else name


def of_id(id_: str) -> tuple[str, str]:
    """Name and namespace of an id."""
    namespace, _, name = id_.rpartition("/")
    return name, namespace


def of_type(type_: str) -> tuple[str, str]:
    """API version and kind of a Pulumi type, `kubernetes:apps/v1:Deployment`."""
    _, group_version, kind = type_.split(":")
    return group_version.removeprefix("core/"), kind


def checkpoint(
    inputs: Mapping[str, Any], live: Mapping[str, Any], *, manager: str, first_version: str, preview: bool = False
) -> dict[str, Any]:
    """The live object as the state keeps it, with the inputs that it was made from (`checkpointObject`).

    `managedFields` stay in it. In a preview there is no status: a program that reads an empty one would fail.
    """
    kept = {key: value for key, value in live.items() if not (preview and key == "status")}
    return {**kept, INPUTS: dict(inputs), FIRST_VERSION: first_version, MANAGER: manager}


def annotated(answer: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The answer with what is secret in the given inputs made secret (`annotateSecrets`, `checkpointObject`).

    Objects are gone into, a list with a secret in it is secret as a whole, and so is the data of every Secret.
    """
    kept = _annotated(answer, given)
    if isinstance(kept.get(INPUTS), Mapping):
        kept[INPUTS] = _annotated(kept[INPUTS], given)
    return kept


def _annotated(answer: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(answer)
    if kept.get("kind") == "Secret":
        return {key: Secret(value) if key in ("data", "stringData") else value for key, value in kept.items()}
    for key, wanted in given.items():
        value = kept.get(key)
        if isinstance(value, Mapping) and isinstance(wanted, Mapping):
            kept[key] = _annotated(value, wanted)
        elif key in kept and not isinstance(value, Secret) and _has_secret(wanted):
            kept[key] = Secret(value)
    return kept


def _has_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_secret(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_secret(item) for item in value)
    return isinstance(value, Secret)


def unreachable(method: str, reason: str, *, is_chart: bool) -> str:
    """What the provider says where its cluster did not answer when it was configured.

    provider.go:1706, 1941, 2339 and 2586, of a chart helm_release.go:991 and 1167, provider.go:2547.
    """
    if method == "Read":
        return f"failed to read resource state due to unreachable cluster. {_ADVICE}"
    if is_chart:
        link = ". Reason:" if method == "Delete" else ":"
        return f"can't {method.lower()} Helm Release with unreachable cluster{link} {reason}"
    if method == "Delete":
        return f"configured Kubernetes cluster is unreachable. {_ADVICE}"
    return f"configured Kubernetes cluster is unreachable: {reason}"


def chart_outputs(inputs: Mapping[str, Any], status: str = "deployed") -> dict[str, Any]:
    """What the state keeps of a chart; `status` is Helm's word."""
    kept = {key: inputs[key] for key in ("chart", "name", "namespace", "version") if key in inputs}
    return {**inputs, "status": {**kept, "status": status}}


def timed_out(id_: str, *, is_new: bool) -> str:
    """Helm waited in vain: provider/pkg/provider/helm_release.go (`Create`, `Update`, `releaseFailedError`)."""
    return (
        f'Helm release "{id_}" {"was created, but " if is_new else ""}failed to initialize completely. '
        "Use Helm CLI to investigate.: failed to become available within allocated timeout. "
        f"Error: Helm Release {id_}: context deadline exceeded"
    )


def not_created(urn: str, inputs: Mapping[str, Any], error: ApiError) -> str:
    """The server refused a creation (provider.go:1822-1842)."""
    if error.reason == "NoMatch":
        kind = f"{inputs['apiVersion']}/{inputs['kind']}"
        return f'creation of resource "{urn}" with kind {kind} {_MISSING_CRD}: {error.message}'
    reason = f"{error.message}{_EXISTS}" if error.reason == "AlreadyExists" else error.message
    return f'resource "{urn}" was not successfully created by the Kubernetes API server: {reason}'


def half_created(id_: str, error: Exception) -> str:
    """An object is there and did not get ready (provider.go:1868)."""
    return (
        f'resource "{id_}" was successfully created, but the Kubernetes API server reported that it failed to fully '
        f"initialize or become live: {error}"
    )


def half_updated(id_: str, error: Exception) -> str:
    """A change was refused, or was taken and the object did not get ready (provider.go:2503)."""
    reason = f"{_CONFLICT}: {error}" if isinstance(error, ApiError) and error.reason == "Conflict" else str(error)
    return f'the Kubernetes API server reported that "{id_}" failed to fully initialize or become live: {reason}'


def not_updated(urn: str, error: Exception, unread: str) -> str:
    """A change failed and what became of the object can't be read either (provider.go:2472-2477)."""
    if isinstance(error, ApiError) and error.reason == "NoMatch":
        return f'update of resource "{urn}" {_MISSING_CRD}: {error.message}'
    return f'update of resource "{urn}" failed: {error}\nunable to get cluster state: {unread}'
