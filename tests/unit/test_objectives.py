"""What models promise: in the Plan, in the preview, in its JSON, and in the rules for Prometheus."""

import io
import re
from typing import Any

import pytest
from planning_stacks import model, plan, planned, pool

from observability.objectives.groups import objective_groups
from observability.rule import Alert
from observability.rule_groups import rule_groups
from planning.plan import Plan
from planning.plan.contract import plan_json
from preview import objectives, report

KEPT = {"observability.retention_days": 31}
ALL = {"availability": 0.999, "ttft_p95_seconds": 2.5, "itl_p95_ms": 75}


def promising(**promised: Any) -> Plan:
    return plan({"models[0].slo": promised, **KEPT})


def two_models() -> Plan:
    """Two models with different times, one of them with replicas that come with load."""
    other = model("chat-long", ["other", "burst"], slo={"ttft_p95_seconds": 10, "availability": 0.99})
    other["replicas"] = {"min": 1, "max": 2}
    pools = {"pools[1]": pool("other"), "pools[2]": pool("burst")}
    return plan({"models[0].slo": ALL, **KEPT, **pools, "models[2]": other})


def printed(of: Plan) -> str:
    stream = io.StringIO()
    screen = report.console(stream, 100)
    for part in objectives.section(of):
        screen.print(part)
    return re.sub(r" +", " ", stream.getvalue())


def expressions(of: Plan, name: str, **labels: str) -> list[str]:
    """Of all rules of a name with these labels."""
    rules = [rule for group in objective_groups(of.monitoring).values() for rule in group]
    return [rule.expression for rule in rules if rule.name == name and labels.items() <= dict(rule.labels).items()]


def test_a_stack_that_promises_nothing_has_no_rules_no_table_and_no_key() -> None:
    without = plan({})
    assert not any(objective_groups(without.monitoring).values())
    assert objectives.section(without) == []
    assert all("slo" not in found for found in plan_json(without)["models"])


def test_the_preview_says_how_much_may_fail_in_time_and_in_requests() -> None:
    text = printed(promising(**ALL, requests_per_day=20_000))
    assert "chat 99.9 % of requests are answered 43.2 minutes 600 of 600,000 requests" in text
    assert "chat 95 % of first tokens within 2.5 s 36.0 hours 30,000 of 600,000 requests" in text
    assert "chat 95 % of further tokens within 75 ms 36.0 hours 1 of 20 tokens" in text


def test_without_expected_requests_the_preview_says_which_part_may_fail() -> None:
    assert "99.5 % of requests are answered 3.6 hours 1 of 200 requests" in printed(promising(availability=0.995))
    assert "90 % of requests are answered 3.0 days 1 of 10 requests" in printed(promising(availability=0.9))


def test_the_json_has_budgets_in_minutes_and_in_requests() -> None:
    (chat, _) = plan_json(promising(availability=0.999, requests_per_day=1000))["models"]
    assert chat["slo"] == {
        "window_days": 30,
        "requests_per_day": 1000,
        "objectives": [
            {
                "slo": "availability", "target": 0.999, "seconds": None, "budget_minutes": 43.2, "budget_requests": 30,
            }
        ],
    }  # fmt: skip


def test_each_model_has_its_own_bucket_and_its_own_replicas() -> None:
    of = two_models()
    (late,) = expressions(of, "slo:bad_events:increase1h", slo="ttft")
    assert 'model_name=~"chat",le="2.5"' in late
    assert 'model_name=~"chat-long",le="10.0"' in late
    assert [found for found in expressions(of, "slo:replicas:sum", model="chat-long") if "chat-long-burst" in found]
    assert expressions(of, "slo:budget:ratio", model="chat-long", slo="availability") == ["vector(0.01)"]


def test_a_model_whose_name_begins_like_another_one_is_not_counted_with_it() -> None:
    """Matchers of Prometheus are about whole values."""
    (source,) = expressions(two_models(), "slo:sources:count", model="chat", slo="availability")
    (pattern,) = re.findall(r'envoy_cluster_name=~"([^"]+)"', source)
    assert re.fullmatch(pattern, "httproute/llm/chat/rule/1")
    assert not re.fullmatch(pattern, "httproute/llm/chat-long/rule/0")
    assert not re.fullmatch(pattern, "httproute/llm/ai-eg-route-not-found-response-chat/rule/0")


def test_the_alert_on_first_tokens_leaves_out_models_that_promise_a_time() -> None:
    def slow(of: Plan) -> str:
        rules = [rule for group in rule_groups(of.monitoring).values() for rule in group]
        (found,) = [rule for rule in rules if rule.name == "FirstTokenSlow"]
        return found.expression

    assert 'model_name!~"chat"' in slow(promising(ttft_p95_seconds=2.5))
    assert "model_name!" not in slow(promising(availability=0.99))


def test_alerts_that_wake_somebody_are_those_of_hours() -> None:
    alerts = [
        rule for rule in objective_groups(promising(**ALL).monitoring)["llm-slo-alerts"] if isinstance(rule, Alert)
    ]
    assert {rule.name for rule in alerts if rule.severity == "critical"} == {
        "SLOBudgetBurnsFastest",
        "SLOBudgetBurnsFast",
    }
    assert all(rule.impact and rule.owner == "models" for rule in alerts)


def test_no_group_is_larger_than_azure_takes() -> None:
    """A rule group of Azure Monitor has 20 rules at most, for as many models as there are."""
    groups = objective_groups(two_models().monitoring)
    assert all(len(rules) <= 20 for name, rules in groups.items() if name != "llm-slo"), groups.keys()


@pytest.mark.parametrize(
    ("changes", "warned"),
    [
        ({"models[0].replicas": {"min": 1, "max": 1}}, True),
        ({"models[0].replicas": {"min": 2, "max": 2}}, False),
        ({"models[0].fallback": {"url": "https://a.example/v1", "model": "m", "key_secret": "k"}}, False),
    ],
)
def test_one_replica_is_enough_only_with_somebody_behind_it(changes: dict[str, Any], warned: bool) -> None:
    found = planned({"models[0].slo": {"availability": 0.9999}, **KEPT, **changes}).findings
    assert any(finding.rule == "SLO-SINGLE" for finding in found) == warned
