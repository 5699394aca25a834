"""Alerts on autoscaling where a model has Deployments on two pools, each with an autoscaler of its own (ADR 11)."""

from pathlib import Path
from typing import Any, Final

import pytest

import catalog
import config
from observability.rule import Alert
from observability.rule_groups import rule_groups
from planning.planner import decide
from rehearsal.toolchain import ToolUnavailableError
from tests.alerts import promtool
from tests.alerts.promtool import Expected, Trial
from tests.graph.stacks import sections_of
from tests.toolchains import PROMETHEUS

_ALERT: Final = "AutoscalerAtMaximum"
# Of the production stack: its floor has one replica, always, and its burst pool up to `_MOST`.
_MODEL, _BURST, _MOST = "reasoning", "reasoning-burst", 4


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        PROMETHEUS.binary("promtool")
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


def _rule() -> dict[str, Any]:
    plan = decide(config.load(sections_of("prod")), catalog.load()).monitoring
    groups = rule_groups(plan).values()
    (alert,) = [rule for rules in groups for rule in rules if isinstance(rule, Alert) and rule.name == _ALERT]
    return alert.rule("docs/runbooks")


def _series(burst: int) -> dict[str, str]:
    labels = {name: f'{{namespace="llm",horizontalpodautoscaler="keda-hpa-{name}"}}' for name in (_MODEL, _BURST)}
    wanted, most = (
        "kube_horizontalpodautoscaler_status_desired_replicas",
        "kube_horizontalpodautoscaler_spec_max_replicas",
    )
    values = {
        f"{wanted}{labels[_MODEL]}": 1, f"{most}{labels[_MODEL]}": 1,
        f"{wanted}{labels[_BURST]}": burst, f"{most}{labels[_BURST]}": _MOST,
        f'vllm:num_requests_waiting{{namespace="llm",model_name="{_MODEL}"}}': 4,
    }  # fmt: skip
    return {series: f"{value}x200" for series, value in values.items()}


@pytest.mark.parametrize(("burst", "fires"), [(0, False), (_MOST - 1, False), (_MOST, True)])
def test_a_model_is_at_its_maximum_when_its_burst_pool_is_too(burst: int, *, fires: bool, tmp_path: Path) -> None:
    rule = _rule()
    summary = rule["annotations"]["summary"].replace("{{ $labels.model_name }}", _MODEL)
    alert = (
        {**rule["labels"], "namespace": "llm", "model_name": _MODEL},
        {**rule["annotations"], "summary": summary},
    )
    expected = Expected("30m", _ALERT, [alert] if fires else [])
    assert promtool.failures([Trial("burst", [rule], _series(burst), [expected])], tmp_path) == {}
