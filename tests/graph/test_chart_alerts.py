"""Which of kube-prometheus-stack's own alerts are on, and that each of them can fire."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import catalog
from tests.graph.stacks import ALL, ROOT
from tests.graph.test_charts import at, default, releases

CHART = "kube-prometheus-stack"
LISTED = yaml.safe_load((Path(catalog.__file__).parent / "chart_alerts.yaml").read_text(encoding="utf-8"))
GROUPS = LISTED["groups"]
_ROW = re.compile(
    r"^\| `(?P<group>[\w.-]+)` \| (?P<state>on|off)(?:, without (?P<without>[^|]+))? \| (?P<why>[^|]+) \|$",
    re.MULTILINE,
)


def values(stack: str) -> Any:
    return releases(stack)[CHART]["inputs"]["values"]


def on(stack: str) -> dict[str, list[str]]:
    """Alerts that are on, by group, as the chart's templates decide it."""
    found = values(stack)
    rules = found["defaultRules"]
    return {
        name: [alert for alert in group["alerts"] if not rules.get("disabled", {}).get(alert)]
        for name, group in GROUPS.items()
        if rules.get("rules", {}).get(group["switch"], True)
        and ("part" not in group or at(found, f"{group['part']}.enabled") in (None, True))
    }


def test_the_list_is_that_of_the_chart_which_is_installed() -> None:
    assert LISTED["version"] == catalog.load().charts[LISTED["chart"]].version


def test_every_switch_and_part_is_a_value_of_the_chart_and_on_by_default() -> None:
    for group in GROUPS.values():
        assert default(CHART, f"defaultRules.rules.{group['switch']}") is True
        assert "part" not in group or default(CHART, f"{group['part']}.enabled") is True


@pytest.mark.parametrize("stack", ALL)
def test_the_page_says_which_alerts_of_the_chart_are_on_and_why(stack: str) -> None:
    rows = list(_ROW.finditer((ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")))
    named = {
        row["group"]: sorted(set(GROUPS[row["group"]]["alerts"]) - set(re.findall(r"`(\w+)`", row["without"] or "")))
        for row in rows
        if row["state"] == "on"
    }
    assert named == {group: sorted(alerts) for group, alerts in on(stack).items()}
    assert {row["group"] for row in rows} == set(GROUPS)


@pytest.mark.parametrize("stack", ALL)
def test_every_alert_of_the_chart_that_is_on_has_metrics(stack: str) -> None:
    found = values(stack)
    silent = {
        f"{alert} needs {GROUPS[group]['needs'][alert]}"
        for group, alerts in on(stack).items()
        for alert in alerts
        if alert in GROUPS[group].get("needs", {}) and not at(found, GROUPS[group]["needs"][alert])
    }
    assert not silent


@pytest.mark.parametrize("stack", ALL)
def test_no_alert_of_the_chart_is_off_under_a_name_that_it_does_not_have(stack: str) -> None:
    known = {alert for group in GROUPS.values() for alert in group["alerts"]}
    assert set(values(stack)["defaultRules"]["disabled"]) <= known


@pytest.mark.parametrize("stack", ALL)
def test_a_disk_that_is_kept_full_does_not_warn(stack: str) -> None:
    """KubePersistentVolumeFillingUp warns below 15 % of free space, with a trend that compacting blocks may feign."""
    spec = values(stack)["prometheus"]["prometheusSpec"]
    kept = int(spec["retentionSize"].removesuffix("GiB"))
    disk = spec["storageSpec"]["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"]
    assert kept / int(disk.removesuffix("Gi")) < 1 - 0.15 - 0.03
