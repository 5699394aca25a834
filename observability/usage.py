"""Usage as Prometheus records it for people who look: rates by tenant and model, no figures for a bill.

`rate` extrapolates, and its windows overlap; what is charged is counted from samples (charge_back/counting.py).
"""

from observability.rule import Recording
from planning.plan import MonitoringPlan, metrics

# The second key of a tenant is `NAME.2`; tenants' names have no dot.
TENANT = '"tenant", "$1", "tenant", "(.+)\\\\.[0-9]+"'
_MODEL = '"model", "$1", "gen_ai_original_model", "(.+)"'


def usage_recordings(plan: MonitoringPlan) -> list[Recording]:
    """Tokens and requests a second by tenant and model; none where usage isn't exported."""
    if plan.usage_export is None:
        return []
    job = f'{{job="{metrics.proxies_job(plan.chart.namespace)}"}}[5m]'
    return [
        Recording(
            name="tenant_model_type:llm_tokens:rate5m",
            expression=_by("tenant, model, gen_ai_token_type", f"rate({metrics.TOKENS_USED}{job})"),
        ),
        Recording(
            name="tenant_model:llm_requests:rate5m",
            expression=_by("tenant, model", f"rate({metrics.REQUESTS_ANSWERED}{job})"),
        ),
    ]


def _by(labels: str, query: str) -> str:
    return f"sum by ({labels}) (label_replace(label_replace({query}, {TENANT}), {_MODEL}))"
