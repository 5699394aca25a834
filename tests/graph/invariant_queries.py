"""An invariant of queries: what they name is exported by somebody, recorded here, or a word of PromQL."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.graph.invariant import resources, settings
from tests.repository import ROOT

_WORD = re.compile(r"[A-Za-z_:][\w:]*")
# Texts in quotes, variables of Grafana, numbers and durations.
_NO_WORD = re.compile(r'"[^"]*"|\$\{?\w+(:\w+)?\}?|\b[0-9.]+(e[+-]?\d+|[smhdwy])?\b')
_PROMQL = {
    "sum", "by", "avg", "max", "min", "count", "on", "ignoring", "group_left", "group_right", "and", "or", "unless",
    "rate", "increase", "changes", "histogram_quantile", "clamp_max", "clamp_min", "label_replace", "label_values",
    "vector", "offset", "bool", "topk", "sum_over_time", "avg_over_time", "max_over_time", "count_over_time",
    "absent", "sort_desc", "without", "group", "last_over_time", "scalar", "time", "delta", "day_of_month",
    "days_in_month", "present_over_time", "min_over_time",
}  # fmt: skip
# Prometheus' own, labels that monitors and rules of the platform add, the objectives of a model, and what the second
# deployment of a model is called.
_OURS = {
    "ALERTS", "alertname", "alertstate", "severity", "up", "llm_platform_model", "pool", "slo", "availability", "ttft",
    "itl", "burst",
}  # fmt: skip


@cache
def _exported() -> frozenset[str]:
    """Metrics and labels of the recorded expositions of what is scraped."""
    files = sorted((ROOT / "catalog" / "expositions").glob("*.prom"))
    return frozenset(word for file in files for word in _WORD.findall(file.read_text(encoding="utf-8")))


def queries_name_what_is_there(stack: str) -> Iterator[str]:
    """An alert whose metric or label nobody exports never fires, and an empty panel looks like a quiet day."""
    rules = [
        rule
        for resource in resources(stack)
        if resource["type"].endswith(":PrometheusRule")
        for group in resource["inputs"]["spec"]["groups"]
        for rule in group["rules"]
    ]
    made = {word for rule in rules for word in (rule.get("record"), *rule.get("labels", {})) if word}
    stack_file = settings(stack)
    named = {item["name"] for section in ("models", "pools", "tenants") for item in stack_file[section]}
    known = _exported() | _PROMQL | _OURS | made | {word for name in named for word in _WORD.findall(name)}
    for query in (*(rule["expr"] for rule in rules), *_panels(stack)):
        # A label that `label_replace` makes is quoted.
        quoted = set(re.findall(r'"(\w+)"', query))
        words = set(_WORD.findall(_NO_WORD.sub(" ", query))) - known - quoted
        if words:
            yield f"nobody exports {sorted(words)}: {query}"


def _panels(stack: str) -> Iterator[str]:
    for resource in resources(stack):
        if resource["type"].endswith(":ConfigMap") and "grafana_dashboard" in resource["inputs"]["metadata"]["labels"]:
            for data in resource["inputs"]["data"].values():
                yield from _queries(json.loads(data))


def _queries(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in {"expr", "query"} and isinstance(item, str):
                yield item
            else:
                yield from _queries(item)
    elif isinstance(value, list):
        for item in value:
            yield from _queries(item)
