"""Reads the text of a `Pulumi.<stack>.yaml` as Pulumi does: YAML 1.2, our namespace apart from everyone else's."""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from msgspec import Struct

from config.findings import Finding, path_of
from config.secrets import HIDDEN, looks_secret, secret_literals
from config.settings import SECTIONS

_NAMESPACE = "llm-platform:"
# What the Pulumi CLI itself writes beside `config`.
_CLI_KEYS = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment", "backend")
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):
    """YAML 1.2 core schema: `on`, `yes` and dates stay text."""


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


def _whole(_: Any, node: yaml.ScalarNode) -> int:
    digits = node.value.lstrip("+-").lower()
    number = int(digits, {"0o": 8, "0x": 16}.get(digits[:2], 10))
    return -number if node.value.startswith("-") else number


def _fraction(_: Any, node: yaml.ScalarNode) -> float:
    # Python spells .inf and .nan without their dot.
    return float(re.sub(r"\.(?=[in])", "", node.value.lower()))


def _fraction(_: Any, node: yaml.ScalarNode) -> float:
    # Python spells .inf and .nan without their dot.
    return float(re.sub(r"\.(?=[in])", "", node.value.lower()))


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    return {loader.construct_object(key): loader.construct_object(value, deep=True) for key, value in node.value}


_Loader.add_constructor("tag:yaml.org,2002:int", _whole)
_Loader.add_constructor("tag:yaml.org,2002:float", _fraction)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


class StackFile(Struct, frozen=True):
    """Sections of our namespace, and the names of secrets that the CLI keeps encrypted beside them."""

    sections: dict[str, Any]
    secrets: tuple[str, ...]
    problems: tuple[Finding, ...]


def parse(text: str) -> StackFile:
    """Read a stack file; what isn't legible becomes a finding, nothing is raised."""
    try:
        content, problems = _content(text)
    except yaml.YAMLError as error:
        return StackFile({}, (), (_unreadable(_why(error)),))
    if not isinstance(content, dict) or not isinstance(content.get("config"), dict):
        return StackFile({}, (), (_unreadable("it has no mapping `config:`"),))
    problems += [
        Finding(
            "error", "CFG-UNKNOWN-KEY", _shown(key), f"unknown key `{_shown(key)}`",
            f"write settings below `config:`; keys beside it: {', '.join(_CLI_KEYS)}",
        )
        for key in content
        if key not in _CLI_KEYS
    ]  # fmt: skip
    sections: dict[str, Any] = {}
    secrets = []
    for key, value in content["config"].items():
        if not str(key).startswith(_NAMESPACE):
            problems += secret_literals({key: value})
            if ":" not in str(key):
                problems.append(_without_namespace(_shown(key)))
            continue
        name = str(key).removeprefix(_NAMESPACE)
        if isinstance(value, dict) and set(value) == {"secure"} and name not in SECTIONS:
            secrets.append(name)
        else:
            sections[name] = value
    return StackFile(sections, tuple(sorted(secrets)), tuple(problems))


def _content(text: str) -> tuple[Any, list[Finding]]:
    """The file's value and the keys that it gives twice; of those the last one counts."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, []
        _refuse_tags(loader, node, ())
        problems = [*_given_twice(node, ())]
        return loader.construct_document(node), problems
    finally:
        loader.dispose()


def _refuse_tags(loader: Any, node: yaml.Node, above: tuple[yaml.Node, ...]) -> None:
    """Only what YAML makes of a value by itself is read: `!!int x` and `!!python/…` are not.

    Raises:
        yaml.MarkedYAMLError: a value has a tag of another kind, or lies in itself.
    """
    own = node.tag == loader.resolve(type(node), node.value, (True, False))
    text = isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str"
    if not (own or text) or any(node is one for one in above):
        problem = "a value with a tag, or one that lies in itself, can't be read"
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
    if isinstance(node, yaml.CollectionNode):
        for child in node.value:
            for inner in child if isinstance(child, tuple) else (child,):
                _refuse_tags(loader, inner, (*above, node))


def _given_twice(node: yaml.Node, place: tuple[str | int, ...]) -> Iterator[Finding]:
    inner: list[tuple[str | int, yaml.Node]] = []
    if isinstance(node, yaml.SequenceNode):
        inner = list(enumerate(node.value))
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be a word", problem_mark=key.start_mark)
            name = str(key.value).removeprefix(_NAMESPACE)
            if name in first:
                lines = f"{first[name].start_mark.line + 1} and {key.start_mark.line + 1}"
                path = path_of((*place, _shown(name))).removeprefix("config.")
                yield Finding("error", "CFG-TWICE", path, f"given twice, on lines {lines}", "remove one of the two")
            first[name] = key
            inner.append((name, value))
    for step, value in inner:
        yield from _given_twice(value, (*place, step))


def _shown(key: object) -> str:
    return HIDDEN if looks_secret(key) else str(key)


def _why(error: yaml.YAMLError) -> str:
    """What is wrong and where, without the line itself: there may be a secret in it."""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it can't be read as YAML"
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
    return where + (HIDDEN if looks_secret(problem) else problem)


def _unreadable(why: str) -> Finding:
    return Finding(
        "error",
        "CFG-YAML",
        "(stack file)",
        f"not a stack file: {why}",
        "write YAML with a mapping `config:`, as in Pulumi.dev.yaml; indent with spaces",
    )


def _without_namespace(key: str) -> Finding:
    return Finding(
        "error",
        "CFG-NAMESPACE",
        key,
        f"`{key}` belongs to no namespace",
        f"write `{_NAMESPACE}{key}`, or the namespace of a provider",
    )
