"""What the Kubernetes provider does with `ignore_changes`, where fields have owners.

Source: pulumi/pulumi-kubernetes provider/pkg/provider/provider.go (`Diff`) and pkg/await/await.go
(`handleSSAIgnoreFields`) at 4.34. Paths through lists are not supported, as in the provider.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from simulators.api_server.client import Object
from simulators.kubernetes_provider import applied_objects as objects


def unchanged(paths: Sequence[str], inputs: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with the values of `before` in ignored places: none of them is a difference."""
    result = copy.deepcopy(dict(inputs))
    for path in paths:
        _put(result, path, _get(before, path))
    return result


def left_alone(paths: Sequence[str], inputs: Mapping[str, Any], live: Object, manager: str) -> dict[str, Any]:
    """The inputs as they are applied: what others alone own is left out, the rest stays as it is in the cluster."""
    result = copy.deepcopy(dict(inputs))
    for path in paths:
        owners = [entry for entry in live["metadata"].get("managedFields") or [] if _owns(entry, path)]
        ours = any(objects.is_own(entry, manager) for entry in owners)
        if owners and not ours:
            _put(result, path, None)
        elif (value := _get(live, path)) is not None:
            _put(result, path, value)
    return result


def _owns(entry: Mapping[str, Any], path: str) -> bool:
    fields: Any = entry["fieldsV1"]
    for part in path.split("."):
        fields = fields.get(f"f:{part}")
        if fields is None:
            return False
    return True


def _get(content: Any, path: str) -> Any:
    for part in path.split("."):
        content = content.get(part) if isinstance(content, Mapping) else None
    return content


def _put(content: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for part in above:
        content = content.setdefault(part, {})
    if value is None:
        content.pop(last, None)
    else:
        content[last] = value
