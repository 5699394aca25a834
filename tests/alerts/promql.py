"""Expressions of PromQL, taken apart by Prometheus' own parser: metrics and labels they need, and their numbers."""

import json
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.toolchains import PROMETHEUS

Node = dict[str, Any]
# Functions whose result has labels that their last arguments name.
_RELABELS: Final = "label_replace"
_NO_LABELS: Final = ("absent", "vector", "scalar", "time")


def parse(expressions: Iterable[str]) -> list[Node]:
    """Syntax trees of expressions."""
    text = json.dumps(list(expressions))
    program = str(PROMETHEUS.binary("promql-parts"))
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def nodes(tree: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield tree
    for child in tree.get("args", ()):
        yield from nodes(child)


def selectors(tree: Node) -> list[Node]:
    """The selectors in a tree."""
    return [node for node in nodes(tree) if node["kind"] == "selector"]


def metric_of(selector: Node) -> str:
    """Name of the metric."""
    return selector["metric"] or next(item["value"] for item in selector["matchers"] if item["label"] == "__name__")


@dataclass
class Checked:
    """Labels of an expression's result, and what is wrong with it."""

    labels: frozenset[str] | None
    """None where there are no series to have any, as of a number."""
    problems: list[str] = field(default_factory=list)


def check(tree: Node, known: Mapping[str, Collection[frozenset[str]]]) -> Checked:
    """Every metric is one that is exported, and every label one that all its series can have where it is used.

    `known` are the sets of labels of the series of each metric.
    """
    match tree["kind"]:
        case "selector":
            return _selector(tree, known)
        case "number" | "string":
            return Checked(None)
        case "aggregation":
            return _aggregation(tree, check(tree["args"][0], known))
        case "binary":
            return _binary(tree, *(check(side, known) for side in tree["args"]))
        case "call":
            return _call(tree, [check(argument, known) for argument in tree["args"]])
        case _:
            return check(tree["args"][0], known)


def _selector(tree: Node, known: Mapping[str, Collection[frozenset[str]]]) -> Checked:
    name = metric_of(tree)
    if name not in known:
        return Checked(frozenset(), [f"no exporter has a metric {name}"])
    needed = {item["label"] for item in tree["matchers"]} - {"__name__"}
    everywhere = frozenset().union(*known[name])
    return Checked(everywhere, [f"{name} has no label {label}" for label in sorted(needed - everywhere)])


def _aggregation(tree: Node, inner: Checked) -> Checked:
    labels, named = inner.labels or frozenset(), frozenset(tree["labels"] or ())
    problems = [*inner.problems, *(f"{tree['op']} by {label}, which isn't there" for label in sorted(named - labels))]
    return Checked(labels - named if tree["without"] else labels & named, problems)


def _binary(tree: Node, left: Checked, right: Checked) -> Checked:
    problems = [*left.problems, *right.problems]
    if left.labels is None or right.labels is None:
        return Checked(left.labels if right.labels is None else right.labels, problems)
    matching = tree["matching"]
    named = frozenset(matching.get("labels") or ())
    if matching.get("on"):
        for side in (left.labels, right.labels):
            problems += [f"{tree['op']} on {label}, which isn't on both sides" for label in sorted(named - side)]
    elif left.labels - named != right.labels - named and right.labels and left.labels:
        different = sorted((left.labels ^ right.labels) - named)
        problems.append(f"the sides of {tree['op']} differ in the labels {', '.join(different)}")
    # Labels that `group_left` takes over from the side with one series.
    taken = frozenset(matching.get("include") or ())
    problems += [f"group_left takes {label}, which isn't there" for label in sorted(taken - right.labels)]
    return Checked(left.labels | taken, problems)


def _call(tree: Node, inner: list[Checked]) -> Checked:
    problems = [problem for checked in inner for problem in checked.problems]
    labels = next((checked.labels for checked in inner if checked.labels is not None), None)
    if tree["op"] == _RELABELS:
        _, target, _, source, _ = tree["args"]
        if source["value"] not in (labels or ()):
            problems.append(f"label_replace of {source['value']}, which isn't there")
        return Checked((labels or frozenset()) | {target["value"]}, problems)
    if tree["op"] == "histogram_quantile":
        if "le" not in (labels or ()):
            problems.append("histogram_quantile without le")
        return Checked((labels or frozenset()) - {"le"}, problems)
    if tree["op"] in _NO_LABELS:
        return Checked(None if tree["op"] in ("scalar", "time") else frozenset(), problems)
    return Checked(labels, problems)
