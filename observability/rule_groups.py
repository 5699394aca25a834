"""All rules that Prometheus evaluates, in groups."""

from collections.abc import Mapping, Sequence

from observability.alerts.answers import answer_alerts
from observability.alerts.gateway import gateway_alerts
from observability.alerts.gpus import gpu_alerts
from observability.alerts.limits import limit_alerts
from observability.alerts.logs import log_alerts
from observability.alerts.missing import missing_alerts
from observability.alerts.models import autoscaling_alerts, model_alerts, service_alerts
from observability.alerts.nodes import node_alerts
from observability.alerts.platform import platform_alerts
from observability.alerts.pools import pool_alerts
from observability.alerts.starting import starting_alerts
from observability.alerts.tokens import token_alerts
from observability.alerts.traces import trace_alerts
from observability.alerts.usage import usage_alerts
from observability.costs.groups import cost_groups
from observability.costs.names import INTERVAL
from observability.objectives.groups import objective_groups
from observability.rule import Alert, Recording
from observability.usage import usage_recordings
from planning.plan import Json, MonitoringPlan


def rule_groups(plan: MonitoringPlan) -> Mapping[str, Sequence[Alert | Recording]]:
    """Rules by the name of their group; a group without rules is left out."""
    named: Mapping[str, Sequence[Alert | Recording]] = {
        "llm-models": model_alerts(plan),
        "llm-starting": starting_alerts(plan),
        "llm-autoscaling": autoscaling_alerts(plan),
        "llm-service": [*service_alerts(plan), *answer_alerts(plan)],
        "llm-gpus": gpu_alerts(plan),
        "llm-nodes": node_alerts(plan),
        "llm-pools": pool_alerts(plan),
        "llm-gateway": gateway_alerts(plan),
        "llm-platform": platform_alerts(plan.proxies_namespace),
        "llm-missing": missing_alerts(plan),
        "llm-limits": limit_alerts(plan),
        "llm-tokens": token_alerts(plan),
        "llm-logs": log_alerts(plan),
        "llm-traces": trace_alerts(plan),
        "llm-usage": [*usage_recordings(plan), *usage_alerts(plan)],
        **objective_groups(plan),
        **cost_groups(plan),
    }
    return {name: rules for name, rules in named.items() if rules}


def recorded_names(plan: MonitoringPlan) -> list[str]:
    """Names under which rules of the platform record, each once."""
    rules = (rule for group in rule_groups(plan).values() for rule in group)
    return sorted({rule.name for rule in rules if isinstance(rule, Recording)})


def prometheus_groups(plan: MonitoringPlan) -> list[Json]:
    """The groups as a PrometheusRule has them."""
    costs = cost_groups(plan)
    return [
        {
            "name": name,
            # What is added up over time says by its interval what a sample stands for.
            **({"interval": INTERVAL} if name in costs else {}),
            "rules": [rule.rule(plan.runbooks) if isinstance(rule, Alert) else rule.rule() for rule in rules],
        }
        for name, rules in rule_groups(plan).items()
    ]
