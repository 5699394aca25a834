"""The alerts on what the gateway does to requests: whether it is there, fails them, or lets them pass unjudged."""

from observability.rule import Alert
from planning.plan import MonitoringPlan, metrics

# The listener for clients; others are Envoy's own, or send clients from port 80 to it.
_LISTENER = 'envoy_http_conn_manager_prefix=~"https-.+"'


def gateway_alerts(plan: MonitoringPlan) -> list[Alert]:
    """Alerts on all models together: a fault of one is its own alert's."""
    proxies = f'namespace="{plan.proxies_namespace}",deployment=~"envoy-{plan.gateway_namespace}-{plan.gateway}-.+"'
    answers = f"rate({metrics.GATEWAY_ANSWERS}{{{_LISTENER}"
    return [
        Alert(
            name="GatewayUnavailable",
            expression=f"max by (namespace, deployment) ({metrics.DEPLOYMENT_REPLICAS_AVAILABLE}{{{proxies}}}) == 0 "
            "and on (namespace, deployment) "
            f"max by (namespace, deployment) ({metrics.DEPLOYMENT_REPLICAS_WANTED}{{{proxies}}}) > 0",
            wait="2m",
            severity="critical",
            summary="no proxy of the gateway is ready",
            impact="no request reaches any model",
            owner="platform",
        ),
        Alert(
            name="GatewayErrors",
            expression=f'sum({answers},envoy_response_code_class="5"}}[5m])) / sum({answers}}}[5m])) > 0.05',
            wait="5m",
            severity="critical",
            summary="{{ $value | humanizePercentage }} of all requests at the gateway fail with a 5xx status",
            impact="clients of several models, or of one with most of the requests, get errors",
            owner="platform",
        ),
        Alert(
            # The AI gateway's own, without which no request finds its model, or content safety's.
            name="GatewayProcessorFails",
            expression=f"sum(rate({metrics.PROCESSOR_FAILURES}{{{_LISTENER}}}[5m])) "
            f"/ sum(rate({metrics.PROCESSOR_STREAMS}{{{_LISTENER}}}[5m])) > 0.05",
            wait="5m",
            severity="critical",
            summary="{{ $value | humanizePercentage }} of the requests get no answer from a processor of the gateway",
            impact="these requests fail with 500, or pass unjudged where content safety may fail open",
            owner="platform",
        ),
        Alert(
            name="PromptsUnjudged",
            expression=f"sum(increase({metrics.PROCESSOR_BYPASSED}{{{_LISTENER}}}[5m])) > 0",
            wait=None,
            severity="critical",
            summary='{{ $value | printf "%.0f" }} requests of five minutes passed without content safety: it is away, '
            "and its policy lets them pass (`on_failure: open`)",
            impact="prompts and answers that the policy forbids go through",
            owner="security",
        ),
    ]
