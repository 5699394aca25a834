"""The places that a stack file has, read from its sections: findings point to them, and rules read them."""

import re
import typing
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel

from config import Finding
from config.settings import Settings
from planning.rules.register import Rule
from tests.repository import ROOT

# A secret of Pulumi's own is beside the sections, under the name that the operator gave it.
_OUTSIDE = {"SEC-BOOTSTRAP"}
_STEP = re.compile(r"[^.\[\]]+|\[[0-9]*\]")


@cache
def is_place(path: str, section: Any = Settings) -> bool:
    """Whether a stack file may have a value at a path such as `pools[0].gpu.layout`, or below a key of a free mapping.

    A list's items have a number, and nothing else has one.
    """
    steps = _STEP.findall(path)
    return bool(steps) and "".join(steps) == path.replace(".", "") and _is_below(section, tuple(steps))


def _is_below(kind: Any, steps: tuple[str, ...]) -> bool:
    if not steps:
        return True
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        return steps[0] in fields and _is_below(fields[steps[0]], steps[1:])
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return True
    if origin in (list, tuple):
        return steps[0].startswith("[") and _is_below(inner[0], steps[1:])
    if origin is dict:
        # Keys of free mappings may have dots of their own.
        return not steps[0].startswith("[")
    return any(_is_below(part, steps) for part in inner)


@cache
def _is_in_the_catalog(path: str) -> bool:
    """Whether `catalog/charts.yaml.keda.record_bytes` has its file, and in it these keys or values."""
    name, _, steps = path.partition(".yaml")
    file = ROOT / f"{name}.yaml"
    if not name.startswith("catalog/") or not file.is_file():
        return False
    text = file.read_text(encoding="utf-8")
    return all(step in text for step in steps.split("."))


def nowhere(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Rule and path of what points to a place that no stack file has, or rests on one."""
    return [
        (finding.rule, path)
        for finding in findings
        for path in (finding.path, *finding.rests_on)
        if not is_place(path) and not _is_in_the_catalog(path) and finding.rule not in _OUTSIDE
    ]


def unread(rule: Rule) -> list[str]:
    """What a rule says that it reads, and that no stack file has."""
    of_items = {"models": getattr(rule, "model", ()), "pools": getattr(rule, "pool", ())}
    paths = [*rule.reads, *(f"{section}[0].{key}" for section, keys in of_items.items() for key in keys)]
    return [path for path in paths if not is_place(path)]
