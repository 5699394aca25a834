"""Differences between clouds and state: orphans are only in a cloud, ghosts only in the state."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rehearsal.cluster import ClusterEngine
from rehearsal.engine import StackRun
from simulators.api_server.client import ApiError, Client, Object
from simulators.kubernetes_provider import answers
from simulators.kubernetes_provider.applied_objects import CREATOR
from simulators.kubernetes_provider.kubernetes_rules import group_of
from simulators.kubernetes_provider.provider import HELM_RELEASE

_AZURE = "azure-native:"
_KUBERNETES = "kubernetes:"


@dataclass(frozen=True)
class Traces:
    """Ids, sorted. `orphans` are in a cloud alone, `ghosts` in the state alone, `pending` are operations cut off."""

    orphans: tuple[str, ...] = ()
    ghosts: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()


NONE = Traces()


def traces(engine: ClusterEngine, stack: StackRun, before: Iterable[str]) -> Traces:
    """Compare a stack's state with Azure and the API server. `before` are ids in Azure that are not the stack's."""
    state = stack.export()
    recorded = {id_ for resource in state.get("resources") or [] for id_ in _recorded_ids(resource)}
    found = {
        *({resource.id.lower() for resource in engine.cloud.azure} - {id_.lower() for id_ in before}),
        *_objects(engine),
        *_charts(engine.client),
    }
    cut_off = (
        f"{operation['type']} {operation['resource']['urn']}" for operation in state.get("pending_operations") or []
    )
    return Traces(tuple(sorted(found - recorded)), tuple(sorted(recorded - found)), tuple(sorted(cut_off)))


def _recorded_ids(resource: dict[str, Any]) -> Iterator[str]:
    type_ = resource["type"]
    if resource.get("pendingReplacement"):
        # Deleted, and still to be created again: the state remembers what it was.
        return
    if type_.startswith(_AZURE):
        yield resource["id"].lower()
    elif type_.startswith(_KUBERNETES):
        yield _named(type_, resource["id"])


def _named(type_: str, id_: str) -> str:
    """An object is the same in every version of its group."""
    if type_ == HELM_RELEASE:
        return f"Chart {id_}"
    api_version, kind = answers.of_type(type_)
    group = group_of(api_version)
    return f"{kind}.{group} {id_}" if group else f"{kind} {id_}"


def _objects(engine: ClusterEngine) -> Iterator[str]:
    """Everything that the provider has created with a field in it, of any kind that the engine has ever created."""
    created_types = {
        call.type for call in engine.log.since(0) if (call.provider, call.method) == ("kubernetes", "Create")
    }
    for type_ in created_types - {HELM_RELEASE}:
        try:
            listed = engine.client.list(*answers.of_type(type_))
        except ApiError as error:
            if error.is_missing:
                continue
            raise
        yield from (_named(type_, answers.id_of(item)) for item in listed if _is_ours(item))


def _is_ours(item: Object) -> bool:
    return any(entry["manager"].startswith(CREATOR) for entry in item["metadata"].get("managedFields") or [])


def _charts(client: Client) -> Iterator[str]:
    for secret in client.list("v1", "Secret", labelSelector="owner=helm"):
        metadata = secret["metadata"]
        yield f"Chart {metadata['namespace']}/{metadata['labels']['name']}"
