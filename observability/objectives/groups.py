"""All rules about objectives, in groups that Prometheus evaluates independently, one a window."""

from collections.abc import Mapping, Sequence

from observability.objectives.alerts import objective_alerts
from observability.objectives.names import WINDOWS
from observability.objectives.recordings import constants, left, of_window
from observability.rule import Alert, Recording
from planning.plan import MonitoringPlan


def objective_groups(plan: MonitoringPlan) -> Mapping[str, Sequence[Alert | Recording]]:
    """Rules by the name of their group; all are empty where no model promises anything."""
    return {
        "llm-slo": list(constants(plan)),
        **{f"llm-slo-{window}": list(of_window(plan, window)) for window in WINDOWS},
        "llm-slo-budget": list(left(plan)),
        "llm-slo-alerts": objective_alerts(plan),
    }
