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
_CONFLICT: Final = "server-side apply field conflict detected"


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


def outputs(live: Mapping[str, Any], *, preview: bool = False) -> dict[str, Any]:
    """The live object as the state keeps it. Whose fields are whose is of no use there and moves all the time."""
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    outputs = {**live, "metadata": metadata}
    if preview:
        outputs.pop("status", None)
    return sealed(outputs)


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """A Secret's data is secret even where the inputs' `stringData` was marked and it was not."""
    if (content.get("apiVersion"), content.get("kind")) == ("v1", "Secret") and "data" in content:
        return {**content, "data": Secret(content["data"])}
    return content


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


def not_created(inputs: Mapping[str, Any], error: ApiError) -> str:
    """The server refused a creation."""
    what = f'resource "{id_of(inputs)}"'
    if error.reason == "NoMatch":
        kind = f"{inputs['apiVersion']}/{inputs['kind']}"
        return f"creation of {what} with kind {kind} {_MISSING_CRD}: {error.message}"
    return f"{what} was not successfully created by the Kubernetes API server: {error.message}"


def not_updated(inputs: Mapping[str, Any], error: Exception) -> str:
    """A change was refused, or was taken and the object did not get ready."""
    id_ = id_of(inputs)
    if isinstance(error, ApiError) and error.reason == "NoMatch":
        return f'update of resource "{id_}" {_MISSING_CRD}: {error.message}'
    reason = f"{_CONFLICT}: {error}" if isinstance(error, ApiError) and error.reason == "Conflict" else str(error)
    return f'the Kubernetes API server reported that "{id_}" failed to fully initialize or become live: {reason}'
