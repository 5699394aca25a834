"""What the Kubernetes provider compares: inputs and live objects in one form, and whose fields are whose.

Source: pulumi/pulumi-kubernetes provider/pkg/provider/provider.go (`pruneLiveState`, `normalizeInputs`), util.go
(`pruneMap`), pkg/await/await.go (`fixCSAFieldManagers`, `patchForce`).
"""

import base64
import copy
import re
import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from simulators.api_server.client import Object
from simulators.kubernetes_provider.kubernetes_rules import BUILT_IN_GROUPS, group_of
from simulators.provider_protocol.wire import Unknown

# Under which name the provider creates; under a name of the object's own it applies afterwards.
CREATOR: Final = "pulumi-kubernetes"
_PATCH_FORCE: Final = "pulumi.com/patchForce"
# Managers whose fields the provider takes over before it applies: its own creations, and what people do by kubectl.
# Names are compared by their beginning, so that kubectl-edit, kubectl-patch and the like are among them.
_TAKEN_OVER: Final = (
    ("kubectl", "Apply"),
    ("kubectl", "Update"),
    ("before-first-apply", "Update"),
    (CREATOR, "Update"),
)
_QUANTITY: Final = re.compile(r"^([+-]?[0-9]+(?:\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$")
_BINARY: Final = {unit: 1024**power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
_DECIMAL: Final = {unit: Decimal(10) ** power for unit, power in
                   {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}.items()}  # fmt: skip


def has_unknown(value: Any) -> bool:
    """Whether something in there is known only after something else was created."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return isinstance(value, Unknown)


def plain(inputs: Mapping[str, Any]) -> Object:
    """Inputs as the API server takes them: whole numbers, which the engine's wire has as floats, are integers again."""
    return _plain(inputs)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def pruned(live: Any, shape: Any) -> Any:
    """The parts of a live object that the inputs speak of: their keys, and as many list items as they have.

    A value that says the same in other words (a quantity, an empty value that the server leaves out of a built-in
    kind) keeps the inputs' words: the provider rewrites both sides by the kind's Go type instead.
    """
    return _pruned(live, shape, is_built_in=group_of(str(shape.get("apiVersion", ""))) in BUILT_IN_GROUPS)


def _pruned(live: Any, shape: Any, *, is_built_in: bool) -> Any:
    if isinstance(live, Mapping) and isinstance(shape, Mapping):
        kept = {}
        for key, wanted in shape.items():
            if key in live:
                kept[key] = _pruned(live[key], wanted, is_built_in=is_built_in)
            elif is_built_in and not wanted and not isinstance(wanted, Unknown):
                kept[key] = wanted
        return kept
    if isinstance(live, list) and isinstance(shape, list):
        common = [_pruned(item, wanted, is_built_in=is_built_in) for item, wanted in zip(live, shape, strict=False)]
        return common + live[len(common) :]
    return shape if is_built_in and _same_quantity(live, shape) else live


def _same_quantity(first: Any, second: Any) -> bool:
    values = [_quantity(item) for item in (first, second)]
    return values[0] is not None and values[0] == values[1]


def _quantity(value: Any) -> Decimal | None:
    match = _QUANTITY.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    number, unit = Decimal(match[1]), match[2] or ""
    if unit in _BINARY:
        return number * _BINARY[unit]
    return number * (_DECIMAL[unit] if unit in _DECIMAL else Decimal(f"1{unit}") if unit else 1)


def normal(content: Mapping[str, Any]) -> dict[str, Any]:
    """The object with a Secret's `stringData` as the server stores it."""
    if (content.get("apiVersion"), content.get("kind")) != ("v1", "Secret") or "stringData" not in content:
        return dict(content)
    texts = content["stringData"]
    if has_unknown(texts):
        return dict(content)
    data = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    rest = {key: value for key, value in content.items() if key != "stringData"}
    return {**rest, "data": {**(content.get("data") or {}), **data}}


def new_manager() -> str:
    """Under which name the provider will apply an object: a random end, drawn once and kept in the state."""
    return f"{CREATOR}-{secrets.token_hex(4)}"


def taken_over(live: Object, manager: str) -> list[dict[str, Any]] | None:
    """`managedFields` after the provider has made itself the owner of what it may take; None where nothing changes."""
    entries = live["metadata"].get("managedFields") or []
    taken = [entry for entry in entries if _is_taken(entry, manager)]
    if not taken:
        return None
    own = [entry for entry in entries if (entry["manager"], entry["operation"]) == (manager, "Apply")]
    fields: dict[str, Any] = {}
    for entry in (*own, *taken):
        _merge(fields, entry["fieldsV1"])
    merged = {**taken[0], "manager": manager, "operation": "Apply", "fieldsV1": fields}
    return [merged, *(entry for entry in entries if entry not in taken and entry not in own)]


def is_own(entry: Mapping[str, Any], manager: str) -> bool:
    """Whether the provider is the owner of these fields, or becomes it before it applies."""
    return entry["manager"] == manager or _is_taken(entry, manager)


def _is_taken(entry: Mapping[str, Any], manager: str) -> bool:
    if entry.get("subresource") or (entry["manager"], entry["operation"]) == (manager, "Apply"):
        return False
    return any(entry["manager"].startswith(name) and entry["operation"] == kind for name, kind in _TAKEN_OVER)


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = copy.deepcopy(value)


def is_forced(inputs: Mapping[str, Any]) -> bool:
    """Whether the inputs themselves say that fields of others are to be overwritten."""
    annotations = (inputs.get("metadata") or {}).get("annotations") or {}
    return annotations.get(_PATCH_FORCE) == "true"


def is_forced_in_preview(live: Object) -> bool:
    """A preview takes nothing over, so it overwrites where the fields are still the creator's."""
    entries = live["metadata"].get("managedFields") or []
    return not entries or any((entry["manager"], entry["operation"]) == (CREATOR, "Update") for entry in entries)
