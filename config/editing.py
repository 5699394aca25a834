"""Changes single values of a stack file and leaves every other character as it is, comments and quotes too."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from config.document import DocumentError, read
from reading.scalars import scalar

Path = tuple[str | int, ...]
_NAMESPACE = "llm-platform:"
# Versions, commits, digests, ids and folders: text that YAML reads as it stands, apart from what looks like a number.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]*")


class EditRefusedError(ValueError):
    """A value that can't be changed by itself; the message says why."""


def with_values(text: str, values: Mapping[Path, str]) -> str:
    """The text with some values changed, by paths such as `("models", 0, "engine", "version")`.

    A key that is missing is added to the mapping that is there; of missing mappings inside one another, all are.

    Raises:
        EditRefusedError: a value is shared by an anchor, has no mapping to be in, or the text isn't YAML.
    """
    for path, value in values.items():
        text = _with_value(text, path, value)
    return text


def _with_value(text: str, path: Path, value: str) -> str:
    if not _PLAIN.fullmatch(value):
        raise EditRefusedError(f"{value!r} is not a version, a commit or a folder")
    wanted = _written(_plain(text), path, value)
    node, missing = _place(text, path)
    changed = _replaced(text, node, value) if not missing else _added(text, node, missing, value)
    if _plain(changed) != wanted:
        raise EditRefusedError(f"{_shown(path)} is shared with another place by an anchor: change it by hand")
    return changed


def _plain(text: str) -> Any:
    try:
        return read(text).value
    except DocumentError as error:
        raise EditRefusedError(str(error)) from error


def _steps(path: Path) -> Path:
    return ("config", f"{_NAMESPACE}{path[0]}", *path[1:])


def _written(value: Any, path: Path, text: str) -> Any:
    """The plain value of the whole file as it should be afterwards."""

    def copied(old: Any, steps: Path) -> Any:
        if not steps:
            return text
        first, rest = steps[0], steps[1:]
        if isinstance(old, list) and isinstance(first, int):
            return [copied(item, rest) if index == first else item for index, item in enumerate(old)]
        if not isinstance(old, dict | None):
            raise EditRefusedError(f"{_shown(path)} has nothing around it to be written into")
        old = old or {}
        return {**old, first: copied(old.get(first), rest)}

    return copied(value, _steps(path))


def _place(text: str, path: Path) -> tuple[Node, Path]:
    """The node at a path, or the innermost one on the way that is there with the keys that are missing below it."""
    try:
        node = YAML(pure=True).compose(text)
    except YAMLError as error:
        raise EditRefusedError(f"it is not YAML: {error}") from error
    steps = _steps(path)
    for position, step in enumerate(steps):
        inner = _below(node, step)
        if inner is None:
            return node, steps[position:]
        node = inner
    return node, ()


def _below(node: Node, step: str | int) -> Node | None:
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    if isinstance(node, MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None


def _replaced(text: str, node: Node, value: str) -> str:
    if not isinstance(node, ScalarNode):
        raise EditRefusedError(f"line {node.start_mark.line + 1} has a list or a mapping where a version is expected")
    if node.anchor is not None:
        raise EditRefusedError(f"line {node.start_mark.line + 1} is shared with another place by an anchor")
    quote = node.style if node.style in {"'", '"'} else ""
    return text[: node.start_mark.index] + _scalar(value, quote) + text[node.end_mark.index :]


def _added(text: str, node: Node, missing: Path, value: str) -> str:
    if not isinstance(node, MappingNode) or not all(isinstance(step, str) for step in missing):
        raise EditRefusedError(f"{'.'.join(map(str, missing))} has no place in the file")
    inner = _scalar(value, "")
    for step in reversed(missing[1:]):
        inner = f"{{{step}: {inner}}}"
    entry = f"{missing[0]}: {inner}"
    if node.flow_style:
        start = node.start_mark.index + 1
        return text[:start] + entry + (", " if node.value else "") + text[start:]
    # Before the second key: an item of a list begins with its first, and what follows the last may be a comment.
    before = node.value[min(1, len(node.value) - 1)][0].start_mark
    return text[: before.index] + f"{entry}\n{' ' * before.column}" + text[before.index :]


def _scalar(value: str, quote: str) -> str:
    if not quote and not isinstance(scalar(value), str):
        quote = '"'
    return f"{quote}{value}{quote}"


def _shown(path: Path) -> str:
    return "".join(_joined(path))


def _joined(path: Path) -> Iterator[str]:
    for position, step in enumerate(path):
        if isinstance(step, int):
            yield f"[{step}]"
        else:
            yield f".{step}" if position else step
