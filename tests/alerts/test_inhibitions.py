"""What holds alerts back: alerts that exist, causes as urgent as their effects, and labels that both have."""

import pytest
import yaml

from observability.inhibitions import INHIBITIONS, Inhibition
from rehearsal.toolchain import ToolUnavailableError
from tests.alerts.cases import STACK, named
from tests.alerts.expositions import exported
from tests.alerts.promql import check, parse
from tests.alerts.test_queries import known
from tests.repository import ROOT
from tests.toolchains import PROMETHEUS

OF_THE_CHART = {
    alert
    for group in yaml.safe_load((ROOT / "catalog" / "chart_alerts.yaml").read_text(encoding="utf-8"))["groups"].values()
    for alert in group["alerts"]
}
URGENCY = ["info", "warning", "critical"]
each = pytest.mark.parametrize("rule", INHIBITIONS, ids=lambda rule: "+".join((*rule.causes, *rule.when)))


@each
def test_its_alerts_exist(rule: Inhibition) -> None:
    for name in (*rule.causes, *rule.effects):
        assert named(name) or name in OF_THE_CHART, name
    assert not set(rule.causes) & set(rule.effects)


@each
def test_a_cause_is_as_urgent_as_its_effects(rule: Inhibition) -> None:
    # Those of the chart that hold ours back are critical, and those that ours hold back are warnings.
    causes = [found["labels"]["severity"] for name in rule.causes for found in named(name)] or ["critical"]
    effects = [found["labels"]["severity"] for name in rule.effects for found in named(name)] or ["warning"]
    assert min(map(URGENCY.index, causes)) >= max(map(URGENCY.index, effects))


@each
def test_both_have_the_labels_by_which_they_are_compared(rule: Inhibition) -> None:
    try:
        PROMETHEUS.binary("promql-parts")
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))
    for name in (*rule.causes, *rule.effects):
        for found in named(name):
            (tree,) = parse([found["expr"]])
            labels = (check(tree, known(exported(STACK))).labels or frozenset()) | set(found["labels"])
            assert set(rule.same) <= labels, name
            if name in rule.causes:
                assert {matcher.split()[0] for matcher in rule.when} <= labels, name
            else:
                assert {matcher.split()[0] for matcher in rule.only} <= labels, name
