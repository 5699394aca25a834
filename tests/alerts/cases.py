"""The cases of each alert, from the tables in `cases/`, as trials of promtool on the expositions."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.alerts.expositions import LIMITED, Labels, Series, exported, scraped, watched
from tests.alerts.promql import metric_of, parse, selectors
from tests.alerts.promtool import EVALUATION, Expected, Trial

# Its limits are those of the tables.
STACK: Final = LIMITED
Rule = Mapping[str, Any]
_TABLES: Final = Path(__file__).parent / "cases"
_POSSIBLE: Final = Path(__file__).parent / "possible_labels.yaml"
_SERIES: Final = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?")
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_SAMPLES: Final = 400


@dataclass(frozen=True)
class Case:
    """Series that replace what is recorded of their metrics, and what fires when."""

    series: Mapping[str, Any]
    about: str = ""
    at: Sequence[str] = ()
    silent_at: Sequence[str] = ()
    labels: Mapping[str, str] | None = None
    """None where nothing fires."""
    summary: str = ""
    every: str = EVALUATION
    """How often the rules are evaluated: seldom, where a window is days."""


@dataclass(frozen=True)
class Table:
    """Cases of one alert."""

    fires: list[Case] = field(default_factory=list)
    silent: list[Case] = field(default_factory=list)


@cache
def every_rule(stack: str = STACK) -> tuple[Rule, ...]:
    """The rules of a stack, recording and alerting ones, in their order."""
    (found,) = (entry for entry in watched(stack) if entry["type"].endswith(":PrometheusRule"))
    return tuple(rule for group in found["inputs"]["spec"]["groups"] for rule in group["rules"])


def rules(stack: str = STACK) -> tuple[Rule, ...]:
    """The alerting rules of a stack."""
    return tuple(rule for rule in every_rule(stack) if "alert" in rule)


@cache
def _recorded_from(stack: str) -> Mapping[str, frozenset[str]]:
    """What each recorded series is made from: metrics and other recorded series."""
    made: dict[str, frozenset[str]] = {}
    recordings = [rule for rule in every_rule(stack) if "record" in rule]
    for rule, tree in zip(recordings, parse([rule["expr"] for rule in recordings]), strict=True):
        used = frozenset(metric_of(selector) for selector in selectors(tree))
        made[rule["record"]] = made.get(rule["record"], frozenset()) | used
    return made


def made_from(metrics: Iterable[str], stack: str = STACK) -> set[str]:
    """Metrics, with all that the recorded ones among them are made from."""
    made, found, waiting = _recorded_from(stack), set[str](), list(metrics)
    while waiting:
        metric = waiting.pop()
        if metric not in found:
            found.add(metric)
            waiting += made.get(metric, ())
    return found


def with_recordings(tried: Sequence[Rule]) -> list[Rule]:
    """Alerting rules behind the recording rules that they need."""
    trees = parse([rule["expr"] for rule in tried])
    needed = made_from(metric_of(selector) for tree in trees for selector in selectors(tree))
    return [*(rule for rule in every_rule() if rule.get("record") in needed), *tried]


def named(name: str) -> list[Rule]:
    """All rules of a name."""
    return [rule for rule in rules() if rule["alert"] == name]


@cache
def tables() -> Mapping[str, Table]:
    """All tables by the name of their alert."""
    return {
        alert: Table(**{kind: [Case(**case) for case in cases] for kind, cases in table.items()})
        for file in sorted(_TABLES.glob("*.yaml"))
        for alert, table in yaml.safe_load(file.read_text(encoding="utf-8")).items()
    }


def seconds(duration: str) -> int:
    """A duration of a rule."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def values(given: Any) -> str:
    """Values in promtool's notation; see the tables for ours."""
    text = str(given)
    if re.fullmatch(r"[\d.]+\+[\d.]+", text):
        return f"{text}x{_SAMPLES}"
    try:
        # The notation has no exponents.
        return f"{float(text):f}x{_SAMPLES}"
    except ValueError:
        return text


@dataclass(frozen=True)
class Possible:
    """Values of a label that are possible though no recording has them: these, or all that match."""

    source: str
    values: Sequence[str] = ()
    pattern: str = r"(?!)"

    def allows(self, value: str) -> bool:
        """Whether a value is one of them."""
        return value in self.values or re.fullmatch(self.pattern, value) is not None


@cache
def possible() -> Mapping[str, Mapping[str, Possible]]:
    """What the recordings leave out, by metric and label."""
    table = yaml.safe_load(_POSSIBLE.read_text(encoding="utf-8"))
    return {metric: {label: Possible(**entry) for label, entry in labels.items()} for metric, labels in table.items()}


def recorded(metric: str, given: Labels) -> Series:
    """The recorded series of a metric with the given labels, or with one or more that are possible in their place.

    Raises:
        ValueError: none is exported, or none has all these labels with these values.

    """
    likely = [series for series in exported(STACK) if series.metric == metric and set(given) <= set(series.labels)]
    if not likely:
        raise ValueError(f"no series of {metric} is recorded with the labels {sorted(given)}")
    others = possible().get(metric, {})

    def differing(series: Series) -> list[str]:
        return [label for label, value in given.items() if series.labels[label] != value]

    def impossible(series: Series) -> list[str]:
        return [label for label in differing(series) if label not in others or not others[label].allows(given[label])]

    best = min(likely, key=lambda series: (len(impossible(series)), len(differing(series))))
    for label in impossible(best):
        known = sorted({series.labels[label] for series in likely})
        raise ValueError(
            f'{metric}: {label}="{given[label]}" is not recorded with the other labels of {given}. Recorded are '
            f"{known}: write one of them, or, if the exporter can give it, add it to {_POSSIBLE.name} with its source"
        )
    return Series(metric, {**best.labels, **given}, best.value)


def series_of(text: str) -> tuple[str, Labels]:
    """Metric and labels of a series as a table writes it.

    Raises:
        ValueError: it is none.

    """
    match = _SERIES.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return match[1], dict(_LABEL.findall(match[2] or ""))


def inputs(case: Case, needed: set[str]) -> dict[str, str]:
    """Series of a case: its own, and of the other metrics that are needed what is recorded."""
    own: dict[str, str] = {}
    replaced = set()
    for text, given in case.series.items():
        metric, labels = series_of(text)
        replaced.add(metric)
        series = recorded(metric, labels)
        if given != "gone":
            own[str(series)] = values(given)
    rest = {
        str(series): values(series.value)
        for series in scraped(STACK)
        if series.metric in needed and series.metric not in replaced
    }
    return {**rest, **own}


def trials(alert: str, tried: Sequence[Rule], needed: set[str]) -> Iterator[Trial]:
    """All cases of an alert against these rules, which are those of the alert, or changed ones."""
    table = tables()[alert]
    (rule,) = named(alert)
    for kind, cases in (("fires", table.fires), ("silent", table.silent)):
        for case in cases:
            name = f"{alert} {kind}: {case.about or ', '.join(case.series)}"
            yield Trial(
                name, with_recordings(tried), inputs(case, made_from(needed)), list(_expected(rule, case)), case.every
            )


def _expected(rule: Rule, case: Case) -> Iterator[Expected]:
    wait = seconds(rule.get("for", "0m"))
    if case.labels is None:
        for at in case.at or (f"{wait // 60 + 2}m", "3h"):
            yield Expected(at, rule["alert"], [])
        return
    fires = ({**rule["labels"], **case.labels}, {**rule["annotations"], "summary": case.summary})
    for at in case.at or (f"{wait // 60 + 2}m",):
        yield Expected(at, rule["alert"], [fires])
    for at in case.silent_at or ((f"{wait - 30}s",) if wait else ()):
        yield Expected(at, rule["alert"], [])
