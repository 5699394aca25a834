"""Resources of a graph that would be one and the same in the cluster or in Azure, since they share their names."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from config import Finding
from preview.engine import UNKNOWN, Resource, render

_KUBERNETES = "kubernetes:"
_AZURE = "azure-native:"
# Names in the path of what belongs to API Management; elsewhere they end in `Name`, and an id is no name.
_API_MANAGEMENT = "azure-native:apimanagement:"
_API_MANAGEMENT_NAMES = ("apiId", "backendId", "namedValueId", "operationId", "policyId", "productId", "sid")


def collisions(resources: Iterable[Resource]) -> tuple[Finding, ...]:
    """An error for each resource whose kind, place and name are those of another one."""
    return tuple(_collisions(resources))


def _collisions(resources: Iterable[Resource]) -> Iterator[Finding]:
    seen: dict[tuple[str, ...], str] = {}
    for resource in resources:
        identity = _identity(resource.type, resource.inputs) if resource.custom else None
        if identity is None:
            continue
        first = seen.setdefault(identity, resource.name)
        if first != resource.name:
            yield Finding(
                "error", "NAME-COLLISION", "(graph)",
                f"`{first}` and `{resource.name}` would be one: {' '.join(identity)}",
                "choose other names for the pools, models, clients or secrets that they are named after",
            )  # fmt: skip


def _identity(kind: str, inputs: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What must be unique: for objects group, kind, namespace and name; for Azure the type and every name of the path.

    None for what has no name of its own.
    """
    if kind.startswith(_KUBERNETES):
        if "chart" in inputs:
            return "release", str(inputs.get("namespace")), str(inputs.get("name"))
        metadata = inputs.get("metadata")
        if not isinstance(metadata, Mapping) or "name" not in metadata:
            return None
        group = str(inputs.get("apiVersion")).rpartition("/")[0]
        return group, str(inputs.get("kind")), str(metadata.get("namespace", "")), str(metadata["name"])
    if any(render(inputs[key]) == render(UNKNOWN) for key in ("scope", "resourceUri") if key in inputs):
        # Named within another resource, whose id is not known before it exists.
        return None
    more = _API_MANAGEMENT_NAMES if kind.startswith(_API_MANAGEMENT) else ()
    names = sorted(f"{key}={render(value)}" for key, value in inputs.items() if key.endswith("Name") or key in more)
    return (kind, *names) if kind.startswith(_AZURE) and names else None
