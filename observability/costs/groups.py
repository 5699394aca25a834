"""All rules about costs, in groups."""

from collections.abc import Mapping, Sequence

from observability.costs.alerts import cost_alerts
from observability.costs.measured import measured
from observability.costs.planned import constants
from observability.costs.tokens import of_tenants, of_tokens
from observability.rule import Alert, Recording
from planning.plan import MonitoringPlan


def cost_groups(plan: MonitoringPlan) -> Mapping[str, Sequence[Alert | Recording]]:
    """Rules by the name of their group; all are empty where costs aren't recorded."""
    costs = plan.costs
    if costs is None:
        return {}
    return {
        "llm-cost-planned": list(constants(costs)),
        "llm-cost": list(measured(plan, costs)),
        "llm-cost-tokens": [*of_tokens(plan, costs), *of_tenants(plan, costs)],
        "llm-cost-alerts": cost_alerts(costs),
    }
