"""Rules as Azure Monitor has them are those of the cluster, by Prometheus' own promtool."""

import json
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.alerts import promtool
from tests.alerts.cases import every_rule
from tests.alerts.expositions import LIMITED, sections_watched
from tests.graph.stacks import ALL, Sections, graph_of
from tests.toolchains import PROMETHEUS

Rule = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        PROMETHEUS.binary("promtool")
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


@cache
def groups(stack: str) -> tuple[Any, ...]:
    """Azure's groups of rules of a stack."""

    def change(sections: Sections) -> None:
        sections |= sections_watched(stack)
        sections.setdefault("observability", {})["azure_monitor"] = {"rules": {"emails": ["azure@acme.example"]}}

    kind = "azure-native:alertsmanagement:PrometheusRuleGroup"
    entries = graph_of("dev" if stack == LIMITED else stack, change).to_json()
    return tuple(entry["inputs"] for entry in entries if entry["type"] == kind)


def back(rule: Mapping[str, Any]) -> Rule:
    """A rule of Azure as Prometheus has it: its durations are of hours, minutes or seconds."""
    kept = {key: rule[key] for key in ("alert", "record", "labels", "annotations") if key in rule}
    waits = {"for": rule["for"].removeprefix("PT").lower()} if "for" in rule else {}
    return {**kept, "expr": rule["expression"], **waits}


@pytest.mark.parametrize("stack", [*ALL, LIMITED])
def test_prometheus_reads_azures_rules_as_those_of_the_cluster(stack: str, tmp_path: Path) -> None:
    rules = [back(rule) for group in groups(stack) for rule in group["rules"]]
    promtool.check(rules, tmp_path)
    in_cluster = [{key: value for key, value in rule.items() if key != "keep_firing_for"} for rule in every_rule(stack)]
    assert sorted(map(_text, rules)) == sorted(map(_text, in_cluster))


def test_a_rule_that_prometheus_does_not_read_is_noticed(tmp_path: Path) -> None:
    rules = [back(rule) for group in groups("dev") for rule in group["rules"]]
    rules[0]["expr"] += " and"
    with pytest.raises(subprocess.CalledProcessError):
        promtool.check(rules, tmp_path)


def _text(rule: Mapping[str, Any]) -> str:
    return json.dumps(rule, sort_keys=True)
