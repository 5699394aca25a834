"""Reads the text of a `Pulumi.<stack>.yaml` as Pulumi does: the namespace `llm-platform`, with positions."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from config import document
from config.document import Document, DocumentError, Entry
from config.findings import Finding, path_of
from config.positions import Positions
from config.secrets import HIDDEN, looks_secret, secret_literals
from config.settings import SECTIONS

EMPTY_KEY = "(empty key)"
_NAMESPACE = "llm-platform:"
# What the Pulumi CLI itself writes beside `config`.
_CLI_KEYS = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment", "backend")


class StackFile(Struct, frozen=True):
    """A stack file as read.

    `sections` are those of the namespace, `secrets` the names of those that the CLI keeps encrypted beside them,
    `problems` what is wrong with the file itself, `positions` the line and column of every path, `text` the file.
    """

    sections: dict[str, Any]
    secrets: tuple[str, ...]
    problems: tuple[Finding, ...]
    positions: Positions
    text: str


def parse(text: str) -> StackFile:
    """Read a stack file; what cannot be read becomes a finding, nothing is raised."""
    try:
        content = document.read(text)
    except DocumentError as error:
        return StackFile({}, (), (_not_yaml(error),), Positions(), text)
    if not isinstance(content.value, dict) or not isinstance(content.value.get("config"), dict):
        return StackFile({}, (), (_not_a_stack_file("it has no mapping `config:`"),), Positions(), text)
    positions = _positions(content.root)
    problems = [*_unknown_keys(content.value), *_duplicates(content)]
    sections: dict[str, Any] = {}
    secrets = []
    for key, value in content.value["config"].items():
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
    return StackFile(sections, tuple(sorted(secrets)), positions.located(problems), positions, text)


def _positions(root: Entry) -> Positions:
    """Positions by the paths of findings, which leave `config` and the namespace out."""
    outer = root.inner if isinstance(root.inner, dict) else {}
    config = outer["config"]
    keys = config.inner if isinstance(config.inner, dict) else {}
    return Positions({**outer, **{key.removeprefix(_NAMESPACE): entry for key, entry in keys.items()}}, config.mark)


def _unknown_keys(content: dict[Any, Any]) -> list[Finding]:
    return [
        Finding(
            "error", "CFG-UNKNOWN-KEY", _shown(key) or EMPTY_KEY, f"unknown key `{_shown(key)}`",
            f"write settings below `config:`; keys beside it: {', '.join(_CLI_KEYS)}",
        )
        for key in content
        if key not in _CLI_KEYS
    ]  # fmt: skip


def _duplicates(content: Document) -> list[Finding]:
    return [
        Finding(
            "error",
            "CFG-TWICE",
            _path(duplicate.place),
            f"given twice, on lines {duplicate.first.line} and {duplicate.second.line}",
            "remove one of the two",
            line=duplicate.second.line,
            column=duplicate.second.column,
        )
        for duplicate in content.duplicates
    ]


def _path(place: tuple[str | int, ...]) -> str:
    inside = place[1:] if place[0] == "config" and len(place) > 1 else place
    return path_of(tuple(step if isinstance(step, int) else _shown(step) for step in inside)).removeprefix(_NAMESPACE)


def _shown(key: object) -> str:
    return HIDDEN if looks_secret(key) else str(key)


def _not_yaml(error: DocumentError) -> Finding:
    """What is wrong and where, without the line itself, which may contain a secret."""
    problem, mark = HIDDEN if looks_secret(str(error)) else str(error), error.mark
    if mark is None:
        return _not_a_stack_file(problem)
    found = _not_a_stack_file(f"line {mark.line}, column {mark.column}: {problem}")
    return replace(found, line=mark.line, column=mark.column)


def _not_a_stack_file(why: str) -> Finding:
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
        key or EMPTY_KEY,
        f"`{key}` has no namespace",
        f"write `{_NAMESPACE}{key}`, or the namespace of a provider",
    )
