"""Cases of the alerts on what is missing: each of their rules is tried without the series that it is about."""

from collections.abc import Iterator, Sequence
from typing import Final

from tests.alerts.cases import STACK, Rule, seconds, values
from tests.alerts.expositions import Series, scraped
from tests.alerts.promql import Node, metric_of, nodes, parse, selectors
from tests.alerts.promtool import Expected, Trial

NAMES: Final = ("MetricsMissing", "ControllerDown")
_LABEL: Final = {"MetricsMissing": "missing", "ControllerDown": "controller"}
_SUMMARY: Final = {
    "MetricsMissing": "there is no {}: alerts that need it can't fire",
    "ControllerDown": "no pod of {} answers: changes, and what it renews, have no effect",
}


def trials(rule: Rule, tried: Sequence[Rule]) -> Iterator[Trial]:
    """A rule of these names fires without its series, and no other one; nothing fires with all of them.

    `tried` are the rules that are loaded: all of its name, or the rule with a change.
    """
    alert, trees = rule["alert"], parse([rule["expr"], *(loaded["expr"] for loaded in tried)])
    tree = trees[0]
    healthy = {str(series): values(series.value) for series in scraped(STACK) if _needed(series, trees)}
    after = f"{seconds(rule['for']) // 60 + 2}m"
    about = rule["labels"][_LABEL[alert]]
    yield Trial(f"{alert} silent: {about} is there", tried, healthy, [Expected(after, alert, [])])
    (absence,) = (node for node in nodes(tree) if node.get("op") == "absent")
    (selector,) = selectors(absence)
    gone = {str(series) for series in scraped(STACK) if matches(series, selector)}
    if not gone & set(healthy):
        raise ValueError(f"{rule['expr']} is about nothing that is recorded")
    series = {name: value for name, value in healthy.items() if name not in gone}
    fires = (labels_of(rule, absence), annotations(rule, about))
    early = f"{seconds(rule['for']) - 30}s"
    expected = [Expected(early, alert, []), Expected(after, alert, [fires])]
    yield Trial(f"{alert} fires: {about} is gone", tried, series, expected)
    guards = [node for node in selectors(tree) if node is not selector]
    if guards:
        guarding = {str(item) for item in scraped(STACK) if any(matches(item, guard) for guard in guards)}
        asleep = {**series, **{name: values(0) for name in guarding}}
        yield Trial(f"{alert} silent: nothing has {about}", tried, asleep, [Expected(after, alert, [])])


def annotations(rule: Rule, about: str) -> dict[str, str]:
    """Texts of the alert."""
    return {**rule["annotations"], "summary": _SUMMARY[rule["alert"]].format(about)}


def labels_of(rule: Rule, absence: Node) -> dict[str, str]:
    """Labels of the alert: its own, and what its selector says where it is all that `absent` is about."""
    (about,) = absence["args"]
    matchers = about["matchers"] if about["kind"] == "selector" else []
    equal = {item["label"]: item["value"] for item in matchers if item["op"] == "="}
    return {**{key: value for key, value in equal.items() if key != "__name__"}, **rule["labels"]}


def matches(series: Series, selector: Node) -> bool:
    """Whether a selector of equal labels selects a series; those with patterns select all of their metric."""
    return series.metric == metric_of(selector) and all(
        series.labels.get(item["label"], "") == item["value"]
        for item in selector["matchers"]
        if item["op"] == "=" and item["label"] != "__name__"
    )


def _needed(series: Series, trees: Sequence[Node]) -> bool:
    return any(series.metric == metric_of(selector) for tree in trees for selector in selectors(tree))
