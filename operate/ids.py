"""The id by which a resource is found in its cloud, made of the names that it was given."""

from collections.abc import Mapping
from typing import Any, Final

from catalog.azure_ids import azure_ids

_AZURE: Final = "azure-native:"
_KUBERNETES: Final = "kubernetes:"
_PROVIDERS: Final = "pulumi:providers:"
_CHART: Final = "kubernetes:helm.sh/v3:Release"


def id_of(type_: str, inputs: Mapping[str, Any], subscription: str) -> str | None:
    """The id of a resource of the graph by its wire inputs (camelCase).

    Azure's are paths of names, Kubernetes' `namespace/name` or the name alone (pulumi-kubernetes,
    provider/pkg/provider/provider.go, `fqObjName`), a chart's `namespace/name`. None where an input that names it is
    unknown, where its type is not in the catalog, and for providers and components, which live in the state alone.
    """
    if type_.startswith(_PROVIDERS):
        return None
    if type_.startswith(_AZURE):
        # `azure-native:module/v20250901:Type` is a version of `azure-native:module:Type`.
        module, _, name = type_.removeprefix(_AZURE).partition(":")
        return azure_ids().id_of(f"{module.partition('/')[0]}:{name}", inputs, subscription)
    if type_.startswith(_KUBERNETES):
        place = inputs if type_ == _CHART else inputs.get("metadata")
        return _object_id(place) if isinstance(place, Mapping) else None
    return None


def subscription_of(resources: Mapping[str, Mapping[str, Any]]) -> str:
    """The subscription of the Azure provider among resources by URN; empty where there is none."""
    for resource in resources.values():
        if resource.get("type") == "pulumi:providers:azure-native":
            return str((resource.get("inputs") or {}).get("subscriptionId") or "")
    return ""


def _object_id(place: Mapping[str, Any]) -> str | None:
    name, namespace = place.get("name"), place.get("namespace")
    if not isinstance(name, str) or not name or not isinstance(namespace, str | None):
        return None
    return f"{namespace}/{name}" if namespace else name
