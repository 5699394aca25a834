"""What a million tokens of a model cost in the last hour, and what its tenants' part is."""

from collections.abc import Iterator, Sequence

from observability.costs import names
from observability.rule import Recording
from observability.usage import TENANT
from planning.plan import CostWatchPlan, MonitoringPlan, metrics

_HOUR = "[1h]"


def of_tokens(plan: MonitoringPlan, costs: CostWatchPlan) -> Iterator[Recording]:
    """By model; a model with a pool without a price has none.

    Reading prompts and writing answers take the time of the same GPUs. The cost is split by the time that requests
    spent in each, so that the two parts add up to it; without requests that ended there is no split.
    """
    models = [model.name for model in costs.models if model.complete]
    if not models:
        return
    read, written, reading, writing = (
        _increase(plan, metric, models)
        for metric in (
            metrics.VLLM_PROMPT_TOKENS,
            metrics.VLLM_GENERATED_TOKENS,
            metrics.VLLM_READING_SECONDS,
            metrics.VLLM_WRITING_SECONDS,
        )
    )
    # USD an hour, on average of this hour, are the USD of the hour.
    spent = f"1e6 * avg_over_time({names.MODEL_USD}{_HOUR})"
    yield _cost(f"{spent} / on (model) (({read} + {written}) > 0)", "all")
    for kind, tokens, time in (("input", read, reading), ("output", written, writing)):
        share = f"on (model) {time} / on (model) (({reading} + {writing}) > 0)"
        yield _cost(f"{spent} * {share} / on (model) ({tokens} > 0)", kind)


def of_tenants(plan: MonitoringPlan, costs: CostWatchPlan) -> Iterator[Recording]:
    """By tenant and model: tokens that our own pods read and wrote, whoever's adapter; not those of managed models."""
    models = "|".join(model.name for model in costs.models if model.complete)
    if not models:
        return
    backends = f'gen_ai_backend=~"{plan.models_namespace}/({models})"'
    # Cached tokens are part of the prompt's, reasoning of the answer's.
    matchers = f'job="{metrics.proxies_job(plan.chart.namespace)}",{backends},gen_ai_token_type=~"input|output"'
    used = f"increase({metrics.TOKENS_USED}{{{matchers}}}{_HOUR})"
    model = f'"model", "$1", "gen_ai_backend", "{plan.models_namespace}/(.+)"'
    yield Recording(
        name=names.TENANT_TOKENS,
        expression=f"sum by (tenant, model) (label_replace(label_replace({used}, {TENANT}), {model}))",
    )
    total = f"(sum by (model) ({names.TENANT_TOKENS}) > 0)"
    share = f"{names.TENANT_TOKENS} / on (model) group_left () {total}"
    yield Recording(name=names.TENANT_USD, expression=f"{share} * on (model) group_left () {names.MODEL_USD}")
    yield Recording(
        name=names.TENANT_USD,
        expression=f"{names.MODEL_USD} unless on (model) {total}",
        labels={"tenant": names.NOBODY},
    )


def _cost(expression: str, tokens: str) -> Recording:
    return Recording(name=names.TOKENS_USD, expression=expression, labels={"tokens": tokens})


def _increase(plan: MonitoringPlan, metric: str, models: Sequence[str]) -> str:
    """Growth of a counter of vLLM in the hour by `model`, of pods that are gone too."""
    matchers = f'job="{metrics.models_job(plan.chart.namespace)}",model_name=~"{"|".join(models)}"'
    grown = f"sum by (model_name) (increase({metric}{{{matchers}}}{_HOUR}))"
    return f'sum by (model) (label_replace({grown}, "model", "$1", "model_name", "(.+)"))'
