"""The embedded engine's graph and the real engine's answer in one form, so that they can be compared as they are."""

from collections.abc import Mapping
from typing import Any, Final

from preview.engine import ENGINE_ADDED_PROVIDER_INPUTS, Graph, is_default_provider
from rehearsal.outcome import Outcome

_UNKNOWN_ON_THE_WIRE: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"

# What the real engine adds to every deployment and no program asks for.
LEFT_OUT: Final = {
    "default providers": "the engine makes one for each package without an explicit provider",
    "inputs of providers": ", ".join(sorted(ENGINE_ADDED_PROVIDER_INPUTS)),
}


def _plain(value: Any) -> Any:
    """A value of an event or a state as the preview's JSON shows it."""
    if value == _UNKNOWN_ON_THE_WIRE:
        return "[unknown]"
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            return "[secret]"
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _provider(reference: str) -> str | None:
    """URN of an explicit provider; a reference is `URN::id`."""
    urn = reference.rpartition("::")[0]
    return None if not urn or is_default_provider(urn) else urn


def _inputs(type_: str, inputs: Mapping[str, Any]) -> Any:
    added = ENGINE_ADDED_PROVIDER_INPUTS if type_.startswith("pulumi:providers:") else ()
    return _plain({key: value for key, value in inputs.items() if key not in added})


def previewed(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """What the events of a preview say of every resource: type, parent, inputs, provider, protection, retention."""
    return {
        urn: {
            "type": side.type,
            "parent": side.parent or None,
            "inputs": _inputs(side.type, side.inputs),
            "provider": _provider(side.provider),
            "protect": side.protect,
            "retain_on_delete": side.retain_on_delete,
        }
        for urn, side in outcome.new().items()
        if not is_default_provider(urn)
    }


def embedded(graph: Graph) -> dict[str, dict[str, Any]]:
    """The same of the embedded engine's graph."""
    found = {}
    for resource in graph.to_json():
        options: Any = resource["options"]
        found[str(resource["urn"])] = {
            "type": resource["type"],
            "parent": resource["parent"],
            "inputs": _inputs(
                str(resource["type"]), resource["inputs"] if isinstance(resource["inputs"], dict) else {}
            ),
            "provider": options["provider"],
            "protect": options["protect"],
            "retain_on_delete": options["retain_on_delete"],
        }
    return found


def stored(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What only the state says of every resource: dependencies, deleted with, ignored changes."""
    return {
        urn: {
            "depends_on": sorted(resource.get("dependencies") or []),
            "deleted_with": resource.get("deletedWith"),
            "ignore_changes": sorted(resource.get("ignoreChanges") or []),
        }
        for urn, resource in resources.items()
        if not is_default_provider(urn)
    }


def embedded_stored(graph: Graph) -> dict[str, dict[str, Any]]:
    """The same of the embedded engine's graph."""
    found = {}
    for resource in graph.to_json():
        options: Any = resource["options"]
        found[str(resource["urn"])] = {
            "depends_on": options["depends_on"],
            "deleted_with": options["deleted_with"],
            "ignore_changes": options["ignore_changes"],
        }
    return found
