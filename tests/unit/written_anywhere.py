"""Stack files with a value written at any place, and everything that the commands say about them."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from cli import check
from preview import report
from preview.findings import SourceFile
from preview.stack import assessed
from tests.stack_files import ALL, stack_file

Place = tuple[str | int, ...]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """The place of every text below a value."""
    if isinstance(value, str):
        yield place
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from places(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*place, index))


@cache
def every_place() -> tuple[tuple[str, Place], ...]:
    """Every text of the shipped stacks and examples, with its stack; of places alike but for an index the first."""
    seen: dict[tuple[str | int, ...], tuple[str, Place]] = {}
    for stack in ALL:
        for place in places(yaml.safe_load(_text(stack))):
            seen.setdefault(tuple("[]" if isinstance(step, int) else step for step in place), (stack, place))
    return tuple(seen.values())


def written(stack: str, place: Place, value: Any) -> str:
    """The text of a stack file with another value at a place."""
    content = yaml.safe_load(_text(stack))
    holder = content
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    return yaml.safe_dump(content, sort_keys=False, width=10_000, allow_unicode=True)


def outputs(text: str) -> tuple[bool, str]:
    """Whether a stack file is accepted, and all that is printed and written about it before a graph is built."""
    found, source = assessed(text), SourceFile("Pulumi.dev.yaml", text)
    return found.plan is not None, "".join(
        (
            *(f"{line}\n" for line in check.report("dev", found, source, 10_000)),
            *check.document("dev", found),
            report.html("dev", found.findings, None, None, source),
        )
    )


@cache
def _text(stack: str) -> str:
    return stack_file(stack).read_text(encoding="utf-8")
