"""Rules with one number, one window, or one wait of another size."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.alerts.cases import Rule, seconds
from tests.alerts.promql import nodes, parse

_TENFOLD: Final = (10.0, 0.1)


@dataclass(frozen=True)
class Mutant:
    """A changed rule."""

    change: str
    rule: Rule


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Each number, window and wait ten times as large and as small; a zero becomes 10 and -10."""
    expression = rule["expr"]
    (tree,) = parse([expression])
    for node in nodes(tree):
        if node["kind"] == "number":
            start, end = node["at"]
            for number in (10.0, -10.0) if node["value"] == 0 else [node["value"] * factor for factor in _TENFOLD]:
                changed = f"{expression[:start]}{number:.10g}{expression[end:]}"
                yield _mutant(rule, f"{rule['alert']} {node['value']} → {number:.10g}: {changed}", expr=changed)
        if node["kind"] == "range":
            start, end = node["at"]
            selector, _, window = expression[start:end].rpartition("[")
            for factor in _TENFOLD:
                wide = f"[{round(node['seconds'] * factor)}s]"
                changed = f"{expression[:start]}{selector}{wide}{expression[end:]}"
                yield _mutant(rule, f"{rule['alert']} [{window} → {wide}: {changed}", expr=changed)
    for key in ("for", "keep_firing_for"):
        if key in rule:
            for factor in _TENFOLD:
                changed = f"{round(seconds(rule[key]) * factor)}s"
                yield _mutant(rule, f"{rule['alert']} {key} {rule[key]} → {changed}: {expression}", **{key: changed})


def _mutant(rule: Rule, change: str, **changed: Any) -> Mutant:
    return Mutant(re.sub(r"\s+", " ", change), {**rule, **changed})
