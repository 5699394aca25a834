"""How a stack file is broken: values set, keys renamed or removed, or its text changed."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import yaml

NAMESPACE = "llm-platform:"
Sections = dict[str, Any]
Change = Callable[[Sections], None]


@dataclass(frozen=True)
class Broken:
    """One broken stack file: `expected` maps each expected (rule, path) to words that its message or fix must contain.

    `text` changes the finished file, where no value can express the mistake. `hidden` must not appear in any finding.
    """

    name: str
    changes: tuple[Change, ...]
    expected: Mapping[tuple[str, str], tuple[str, ...]]
    text: Callable[[str], str] = str
    hidden: tuple[str, ...] = ()

    def file(self, sections: Sections) -> str:
        """The text of the broken file."""
        broken = deepcopy(sections)
        for change in self.changes:
            change(broken)
        whole = {"config": {f"{NAMESPACE}{name}": value for name, value in broken.items()}}
        return self.text(yaml.safe_dump(whole, sort_keys=False, width=1000))


def put(path: str, value: Any) -> Change:
    """Write a value at a path such as `pools[0].gpu.layout`."""

    def change(sections: Sections) -> None:
        holder, key = _holder(sections, path)
        if isinstance(holder, list) and key == len(holder):
            holder.append(value)
        else:
            holder[key] = value

    return change


def copy(path: str, to: str, **differences: Any) -> Change:
    """Write a copy of one value at another path, with some of its keys different."""

    def change(sections: Sections) -> None:
        holder, key = _holder(sections, path)
        put(to, {**deepcopy(holder[key]), **differences})(sections)

    return change


def rename(path: str, name: str) -> Change:
    """Spell a key differently."""

    def change(sections: Sections) -> None:
        holder, key = _holder(sections, path)
        holder[name] = holder.pop(key)

    return change


def drop(path: str) -> Change:
    """Leave a key out."""

    def change(sections: Sections) -> None:
        holder, key = _holder(sections, path)
        del holder[key]

    return change


def _holder(sections: Sections, path: str) -> tuple[Any, Any]:
    steps = [int(step) if step.isdecimal() else step for step in re.findall(r"[^.\[\]]+", path)]
    holder: Any = sections
    for step in steps[:-1]:
        holder = holder.setdefault(step, {}) if isinstance(holder, dict) else holder[step]
    return holder, steps[-1]
