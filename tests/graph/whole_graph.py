"""A stack's whole graph as readable text: every resource with its parent, inputs and options, as golden files hold it.

Only the version of a provider's SDK is left out, which requirements.txt pins: it would repeat a line for each resource.
Dashboards are JSON of one long line: their digest is here, and what they show in `dashboards.txt`.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml
from msgspec.structs import asdict

from preview.engine import Alias, Graph, Options, Resource, render

_LONGEST_JSON = 5000
_DEFAULTS: Mapping[str, Any] = asdict(Options())


class _Dumper(yaml.CSafeDumper):
    """Writes text of several lines as a block."""


def _as_block(dumper: yaml.CSafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value and not any(line != line.rstrip() for line in value.splitlines()) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _as_block)


def whole_graph(graph: Graph) -> str:
    """All resources by URN, then the stack's outputs; a resource's key is its type and name, followed by its parent.

    Together these are its URN.
    """
    parts = [f"{json.dumps(_short(resource.urn))}:\n{_indented(_entry(resource))}" for resource in graph]
    return "\n".join([*parts, f"outputs:\n{_indented(dict(graph.outputs))}"])


def _entry(resource: Resource) -> dict[str, Any]:
    options = asdict(resource.options)
    options["aliases"] = [
        {part: value for part, value in alias._asdict().items() if value}
        for alias in resource.options.aliases
        if not _of_the_sdk(alias)
    ]
    named = {name: value for name, value in options.items() if value and value != _DEFAULTS[name] and name != "version"}
    return {"parent": resource.parent, "inputs": render(resource.inputs), **({"options": named} if named else {})}


def _of_the_sdk(alias: Alias) -> bool:
    """Whether an alias is one of those that the SDK of azure-native gives: the same type in older API versions."""
    return alias == Alias(type=alias.type) and alias.type.startswith("azure-native:")


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, Mapping):
        return {key: _shortened(item) for key, item in value.items()}
    return [_shortened(item) for item in value] if isinstance(value, list | tuple) else value


@cache
def _short(text: str) -> str:
    if text.startswith("{") and len(text) > _LONGEST_JSON:
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    if not text.startswith("urn:pulumi:"):
        return text
    _, _, types, name = text.split("::", 3)
    return f"{types.rpartition('$')[2]} {name}"


def _indented(value: Mapping[str, Any]) -> str:
    text = yaml.dump(_shortened(value), Dumper=_Dumper, sort_keys=True, width=1_000_000, allow_unicode=True)
    return "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))
