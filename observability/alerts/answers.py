"""The alerts on answers of models: how long they take, and how many fail."""

from observability.rule import Alert
from planning.plan import MonitoringPlan, metrics

_MODEL = "{{ $labels.model_name }}"
_BY = "namespace, model_name"
# Near the gateway's limit: the longest requests are being cut, and more soon.
_OF_LIMIT = 0.8


def answer_alerts(plan: MonitoringPlan) -> list[Alert]:
    """Alerts by the limits of the stack file, and on requests that the servers themselves refuse or fail."""
    longest = f"{plan.watch.request_seconds * _OF_LIMIT:g}"
    return [
        Alert(
            name="QueueTimeLong",
            expression=f"{_p95(metrics.VLLM_QUEUE_BUCKET)} > {plan.first_token_seconds}",
            wait="5m",
            severity="warning",
            summary=f'p95 time that requests to {_MODEL} wait for their turn is {{{{ $value | printf "%.1f" }}}} s',
            impact="waiting alone takes all the time that the first token may take",
            owner="models",
        ),
        Alert(
            name="TokensSlow",
            expression=f"{_p95(f'{metrics.VLLM_INTER_TOKEN}_bucket')} > {plan.watch.next_token_seconds}",
            wait="10m",
            severity="warning",
            summary=f'p95 time from a token to the next of {_MODEL} is {{{{ $value | printf "%.2f" }}}} s',
            impact="answers trickle: people read faster than they are written",
            owner="models",
        ),
        Alert(
            name="RequestsNearTimeout",
            expression=f"{_p95(metrics.VLLM_REQUEST_BUCKET)} > {longest}",
            wait="10m",
            severity="warning",
            summary=f'p95 duration of requests to {_MODEL} is {{{{ $value | printf "%.0f" }}}} s, and the gateway ends '
            f"them after {plan.watch.request_seconds}",
            impact="the longest answers are cut off, and their GPU time is lost",
            owner="models",
        ),
        Alert(
            name="RequestsRejected",
            expression=f"sum by ({_BY}) (rate({metrics.VLLM_REJECTIONS}[5m])) > 0",
            wait="5m",
            severity="warning",
            summary=f"servers of {_MODEL} refuse requests: their queue is full",
            impact="clients get 503 at once",
            owner="models",
        ),
        Alert(
            name="RequestsFail",
            expression=f'sum by ({_BY}) (rate({metrics.VLLM_REQUESTS}{{finished_reason="error"}}[5m])) '
            f"/ sum by ({_BY}) (rate({metrics.VLLM_REQUESTS}[5m])) > 0.05",
            wait="5m",
            severity="critical",
            summary=f"the server of {_MODEL} fails {{{{ $value | humanizePercentage }}}} of its requests",
            impact="clients get errors in place of answers, or in the middle of them",
            owner="models",
        ),
    ]


def _p95(bucket: str) -> str:
    return f"histogram_quantile(0.95, sum by ({_BY}, le) (rate({bucket}[10m])))"
