"""Rules as Azure Monitor takes them: durations, and groups of a limited length."""

import pytest

import catalog
import config
from observability.azure_rules import azure_groups, azure_rule, iso_duration
from observability.rule import Alert, Recording
from planning.plan import Json, MonitoringPlan
from planning.planner import decide
from tests.alerts.expositions import LIMITED, sections_watched

ALERT = Alert(
    name="Slow", expression="a > 1", wait="90s", severity="warning", summary="slow", impact="waits", owner="models"
)


@pytest.mark.parametrize(
    ("text", "iso"),
    [("1m", "PT1M"), ("90s", "PT90S"), ("1h30m", "PT1H30M"), ("1d", "P1D"), ("2d6h", "P2DT6H"), ("0m", "PT0M")],
)
def test_durations(text: str, iso: str) -> None:
    assert iso_duration(text) == iso


@pytest.mark.parametrize("text", ["", "5", "1w", "1.5h", "30m1h", "500ms"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        iso_duration(text)


def _monitoring() -> MonitoringPlan:
    return decide(config.load(sections_watched(LIMITED)), catalog.load()).monitoring


@pytest.mark.parametrize("most", [1, 7, 20, 1000])
def test_a_long_group_goes_on_in_others(most: int) -> None:
    plan = _monitoring()
    groups = azure_groups(plan, most)
    assert all(1 <= len(group.rules) <= most for group in groups)
    whole = azure_groups(plan, 1000)
    assert [rule for group in groups for rule in group.rules] == [rule for group in whole for rule in group.rules]
    assert len({group.name for group in groups}) == len(groups)


def test_an_alert_of_a_lesser_severity_calls_nobody() -> None:
    actions: list[Json] = [{"actionGroupId": "/subscriptions/s"}]
    for severities, called in ((("critical",), None), (("critical", "warning"), actions)):
        made = azure_rule(ALERT, runbooks="r", severities=severities, actions=actions)
        assert (made.get("actions"), made["severity"], made["for"]) == (called, 2, "PT90S")


def test_an_alert_without_a_wait_has_none_and_a_recording_is_no_alert() -> None:
    at_once = Alert(
        name="Now", expression="a", wait=None, keep="15m", severity="critical", summary="s", impact="i", owner="gpus"
    )
    made = azure_rule(at_once, runbooks="r", severities=(), actions=[])
    assert "for" not in made
    assert made["resolveConfiguration"] == {"autoResolved": True, "timeToResolve": "PT15M"}
    recorded = azure_rule(Recording(name="a:b", expression="sum(c)"), runbooks="r", severities=(), actions=[])
    assert recorded == {"record": "a:b", "expression": "sum(c)", "enabled": True}
