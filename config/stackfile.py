"""Reads the text of a `Pulumi.<stack>.yaml` as Pulumi does: YAML 1.2, our namespace apart from everyone else's."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from config.findings import Finding
from config.settings import SECTIONS

_NAMESPACE = "llm-platform:"
# What the Pulumi CLI itself writes beside `config`.
_CLI_KEYS = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment", "backend")
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):
    """YAML 1.2 core schema: `on`, `yes` and dates stay text; a key given twice is an error."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _expression, _first in (
    ("bool", r"^(true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?([0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "float",
        r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$|^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_expression), list(_first))


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            message = f"the key {key!r} is given twice"
            raise yaml.MarkedYAMLError(problem=message, problem_mark=node.value[index][0].start_mark)
    return {key: loader.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(node.value.replace("e", "E")))


@dataclass(frozen=True, slots=True)
class StackFile:
    """Sections of our namespace, and the names of secrets that the CLI keeps encrypted beside them."""

    sections: dict[str, Any]
    secrets: tuple[str, ...]
    problems: tuple[Finding, ...]


def parse(text: str) -> StackFile:
    """Read a stack file; what isn't legible becomes a finding, nothing is raised."""
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        return StackFile({}, (), (_unreadable(str(error)),))
    if not isinstance(content, dict) or not isinstance(content.get("config"), dict):
        return StackFile({}, (), (_unreadable("the file has no mapping `config:`"),))
    problems = [
        Finding("error", "CFG-UNKNOWN-KEY", str(key), f"unknown key `{key}`", f"keys here: {', '.join(_CLI_KEYS)}")
        for key in content
        if key not in _CLI_KEYS
    ]
    sections: dict[str, Any] = {}
    secrets = []
    for key, value in content["config"].items():
        if not str(key).startswith(_NAMESPACE):
            if ":" not in str(key):
                problems.append(_without_namespace(str(key)))
            continue
        name = str(key).removeprefix(_NAMESPACE)
        if isinstance(value, dict) and set(value) == {"secure"} and name not in SECTIONS:
            secrets.append(name)
        else:
            sections[name] = value
    return StackFile(sections, tuple(sorted(secrets)), tuple(problems))


def _unreadable(why: str) -> Finding:
    return Finding("error", "CFG-YAML", "(stack file)", f"not a stack file: {why}", "see Pulumi.dev.yaml for the shape")


def _without_namespace(key: str) -> Finding:
    return Finding(
        "error",
        "CFG-NAMESPACE",
        key,
        f"`{key}` belongs to no namespace",
        f"write `{_NAMESPACE}{key}`, or the namespace of a provider",
    )
