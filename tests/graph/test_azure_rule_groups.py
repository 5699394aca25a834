"""The platform's rules in Azure Monitor: each in one group that Azure takes, with whom it notifies."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from simulators.azure.arm_schema import ArmSchema
from tests.graph.azure_monitor import OTHER, RECORDING, STACKS, WHOLE, monitored, of, prometheus, rules
from tests.graph.stacks import Entry

MOST_RULES = 20
GROUP = "alertsmanagement:PrometheusRuleGroup"


def in_the_cluster(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    (found,) = [entry for entry in entries if entry["type"].endswith(":PrometheusRule")]
    return [rule for group in found["inputs"]["spec"]["groups"] for rule in group["rules"]]


def own_name(rule: Mapping[str, Any], expression: str) -> tuple[str, str, str]:
    return rule.get("alert") or rule["record"], rule[expression], json.dumps(rule.get("labels", {}), sort_keys=True)


@pytest.mark.parametrize("stack", STACKS)
def test_every_rule_is_in_exactly_one_group_of_azure(stack: str) -> None:
    entries = monitored(stack)
    groups = of(entries, GROUP)
    assert all(1 <= len(group["inputs"]["rules"]) <= MOST_RULES for group in groups)
    names = [group["inputs"]["ruleGroupName"] for group in groups]
    assert len(set(names)) == len(names)
    in_azure = sorted(own_name(rule, "expression") for rule in rules(entries))
    assert in_azure == sorted(own_name(rule, "expr") for rule in in_the_cluster(entries))
    assert len(set(in_azure)) == len(in_azure)


def test_rules_that_need_each_other_stay_in_their_order() -> None:
    entries = monitored(RECORDING)
    groups = {group["inputs"]["ruleGroupName"]: group["inputs"]["rules"] for group in of(entries, GROUP)}
    (found,) = [entry for entry in entries if entry["type"].endswith(":PrometheusRule")]
    long = 0
    for whole in found["inputs"]["spec"]["groups"]:
        parts = [groups[whole["name"]]]
        while (following := f"{whole['name']}-{len(parts) + 1}") in groups:
            parts.append(groups[following])
        long += len(parts) > 1
        in_azure = [own_name(rule, "expression") for part in parts for rule in part]
        assert in_azure == [own_name(rule, "expr") for rule in whole["rules"]]
    assert long


def test_a_wrong_rule_is_refused(arm: Path) -> None:
    schema = ArmSchema.load(arm, GROUP)
    mistakes = {"severity": "critical", "keepFiringFor": "PT5M", "resolveConfiguration": {"timeToResolved": "PT5M"}}
    for key, value in mistakes.items():
        group = json.loads(json.dumps(of(monitored(), GROUP)[0]["inputs"]))
        group["rules"][0][key] = value
        assert schema.check(group) != [], key


def test_an_alert_has_azures_severity_and_durations() -> None:
    by_name = {rule["alert"]: rule for rule in rules(monitored()) if "alert" in rule}
    severities = {rule["labels"]["severity"]: rule["severity"] for rule in by_name.values()}
    assert severities == {"critical": 0, "warning": 2, "info": 3}
    waits = {rule["alert"]: rule for rule in in_the_cluster(monitored()) if "alert" in rule}
    for name, rule in by_name.items():
        assert ("for" in rule) == ("for" in waits[name]), name
        assert re.fullmatch(r"PT\d+[HM]", rule.get("for", "PT1M")), name
        # An alert that goes on for a while in the cluster does so in Azure.
        kept = waits[name].get("keep_firing_for")
        assert rule["resolveConfiguration"] == {
            "autoResolved": True,
            "timeToResolve": f"PT{kept.upper()}" if kept else "PT5M",
        }
        assert rule["annotations"] == waits[name]["annotations"]


def test_who_is_notified_depends_on_the_severity() -> None:
    def called(severity: str) -> dict[str, int]:
        entries = monitored(settings={"rules": {**WHOLE["rules"], "severity": severity}})
        return {rule["labels"]["severity"]: len(rule.get("actions", ())) for rule in rules(entries) if "alert" in rule}

    assert called("critical") == {"critical": 2, "warning": 0, "info": 0}
    assert called("warning") == {"critical": 2, "warning": 2, "info": 0}
    assert called("info") == {"critical": 2, "warning": 2, "info": 2}
    (group,) = of(monitored(), "monitor:ActionGroup")
    assert [receiver["emailAddress"] for receiver in group["inputs"]["emailReceivers"]] == ["azure@acme.example"]
    assert len(group["inputs"]["groupShortName"]) <= 12
    without = monitored(settings={"rules": {"action_groups": [OTHER]}})
    assert of(without, "monitor:ActionGroup") == []
    assert all(rule["actions"] == [{"actionGroupId": OTHER}] for rule in rules(without) if rule.get("severity") == 0)


@pytest.mark.parametrize("stack", STACKS)
def test_labels_keep_the_limits_of_the_workspace(stack: str) -> None:
    """As Azure's own collector does: 63 labels, names of 511 characters, values of 1023."""
    for rule in rules(monitored(stack)):
        labels = {**rule.get("labels", {}), **prometheus(monitored(stack))["prometheusSpec"]["externalLabels"]}
        assert len(labels) <= 63
        assert all(len(name) <= 511 and len(value) <= 1023 for name, value in labels.items())


def test_groups_are_about_the_whole_workspace() -> None:
    """Held to a cluster, rules would not find what others record without its label."""
    (workspace,) = of(monitored(RECORDING), "monitor:AzureMonitorWorkspace")
    for group in of(monitored(RECORDING), GROUP):
        assert group["inputs"]["scopes"] == ["[unknown]"]
        assert "clusterName" not in group["inputs"]
        assert workspace["urn"] in group["options"]["depends_on"]
