"""What Envoy Gateway says of each object; its file provider has nowhere to write a status but its log."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

Conditions = dict[tuple[str, str], list[dict[str, str]]]
# One entry of the log: a line of its own, the status as YAML, and the object's key.
_ENTRY = re.compile(r"Got new status for (\w+)\n((?:.*\n)*?)\t(\{\"runner\": \"provider\", \"key\": .*\})\n")
# Conditions that are good when they hold. Any other that holds, such as `Warning`, is a complaint.
_GOOD = frozenset({"Accepted", "Merged", "Programmed", "ResolvedRefs"})
# The route of the list of models has a script of its own, and no other has.
_MEANT = "This policy is being overridden by other envoyExtensionPolicies for these routes: [llm/llm.models]"


def conditions_of(log: str) -> Conditions:
    """The last conditions of each object by (kind, `namespace/name`), with those of its listeners and parents."""
    found: Conditions = {}
    for kind, text, context in _ENTRY.findall(log):
        found[kind, json.loads(context)["key"].lstrip("/")] = list(_conditions(yaml.safe_load(text)))
    return found


def complaints(conditions: Conditions) -> list[str]:
    """Every condition that says something is wrong, in the controller's words."""
    return [
        f"{kind} {name}: {given['type']} is {given['status']}, {given['reason']}: {given['message']}"
        for (kind, name), all_given in sorted(conditions.items())
        for given in all_given
        if (given["type"] in _GOOD) != (given["status"] == "True") and given["message"] != _MEANT
    ]


def _conditions(status: Any) -> Iterator[dict[str, str]]:
    if isinstance(status, dict):
        yield from status.get("conditions", [])
        for value in status.values():
            yield from _conditions(value)
    elif isinstance(status, list):
        for value in status:
            if not (isinstance(value, dict) and "lastTransitionTime" in value):
                yield from _conditions(value)
