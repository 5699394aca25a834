"""Import files for `pulumi import --file`: every resource of a stack's graph with the id that its names make.

They rebuild a state that was lost. In two parts, since Pulumi makes a provider that it doesn't know from the file, and
the one of the cluster's objects has a kubeconfig, which is a secret and belongs in no file: first Azure, then, once
`pulumi up --target` has made that provider, the cluster. The format is `importFile` of pulumi's
pkg/cmd/pulumi/operations/import.go.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import Struct

from operate.ids import id_of
from preview.engine import Graph, Resource, render
from preview.program import graph_of
from preview.stack import Assessed

Part = Literal["azure", "cluster"]
PARTS: Final[tuple[Part, ...]] = ("azure", "cluster")
_STACK: Final = "pulumi:pulumi:Stack"
_AZURE_PROVIDER: Final = "pulumi:providers:azure-native"
# Providers and generated values live in the state alone, and an update makes them again. A tenant's key that is made
# again changes nothing: the vault keeps the one that it has.
_STATE_ALONE: Final = ("pulumi:", "random:")


class Unidentified(Struct, frozen=True):
    """A resource whose id its names don't make, and why."""

    urn: str
    why: str


class ImportFiles(Struct, frozen=True):
    """The import file of each part, what none of them has, and the provider that the cluster's part needs."""

    files: Mapping[Part, Mapping[str, Any]]
    unidentified: tuple[Unidentified, ...]
    unread: tuple[str, ...]
    """URNs of secrets that are imported without their values, which no provider reads back."""
    cluster_provider: str


def import_files(stack: str, found: Assessed) -> ImportFiles:
    """The import files of a stack that passed every rule.

    Raises:
        ProgramFailed: the program can't be run.
        ValueError: the stack is rejected.
    """
    if found.plan is None:
        raise ValueError(f"stack {stack} is rejected: there is nothing to import")
    subscription = found.plan.foundation.scope.subscription_id

    def identify(type_: str, inputs: Mapping[str, Any]) -> str | None:
        return id_of(type_, inputs, subscription)

    graph = graph_of(stack, found, identify=identify)
    ids = {each.urn: identify(each.type, each.inputs) for each in graph if each.custom}
    unidentified = tuple(
        Unidentified(each.urn, "an input that names it is known to Azure alone, or its type isn't in the catalog")
        for each in graph
        if each.custom and ids[each.urn] is None and not each.type.startswith(_STATE_ALONE)
    )
    return ImportFiles(
        {part: _file(graph, ids, part) for part in PARTS},
        unidentified,
        tuple(each.urn for each in graph if each.type.endswith("keyvault:Secret")),
        next((each.urn for each in graph if each.type == "pulumi:providers:kubernetes"), ""),
    )


def _file(graph: Graph, ids: Mapping[str, str | None], part: Part) -> dict[str, Any]:
    known = {each.urn: each for each in graph}
    chosen = [each for each in graph if _is_part(each, ids, part)]
    inside = {each.urn for each in chosen}
    entries = [_entry(each, ids, known) for each in chosen]
    named = {
        urn
        for each in chosen
        for urn in (each.parent, each.options.provider)
        if urn is not None and urn not in inside and known[urn].type != _STACK
    }
    return {"nameTable": {_label(known[urn]): urn for urn in sorted(named)}, "resources": entries}


def _is_part(resource: Resource, ids: Mapping[str, str | None], part: Part) -> bool:
    if resource.type == _STACK:
        return False
    if part == "cluster":
        return resource.type.startswith("kubernetes:") and ids[resource.urn] is not None
    if resource.custom:
        in_azure = resource.type.startswith("azure-native:") and ids[resource.urn] is not None
        return in_azure or resource.type == _AZURE_PROVIDER
    return True


def _entry(resource: Resource, ids: Mapping[str, str | None], known: Mapping[str, Resource]) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": resource.type, "name": _label(resource), "logicalName": resource.name}
    if resource.parent is not None and known[resource.parent].type != _STACK:
        entry["parent"] = _label(known[resource.parent])
    if not resource.custom:
        return {**entry, "component": True}
    if resource.options.version:
        entry["version"] = resource.options.version
    if resource.type == _AZURE_PROVIDER:
        return {**entry, "inputs": render(resource.inputs)}
    if resource.options.provider is not None:
        entry["provider"] = _label(known[resource.options.provider])
    return {**entry, "id": ids[resource.urn]}


def _label(resource: Resource) -> str:
    """A name that no other entry has: no two resources of this program have the same type and the same name."""
    return f"{resource.type} {resource.name}"


def ordered(files: Mapping[Part, Mapping[str, Any]]) -> Sequence[tuple[Part, Mapping[str, Any]]]:
    """The parts in the order in which they are imported."""
    return [(part, files[part]) for part in PARTS]
