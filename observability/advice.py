"""What `advise` asks Prometheus: one query for each thing that the plan is compared with, over the last days.

Each is an instant query whose range is the whole window, so that an answer is one value for each model, pool or bucket.
"""

from typing import Final

from msgspec import Struct

from observability.dashboards.selecting import POOL_LABEL
from observability.dashboards.selecting import series as selected
from planning.plan import DashboardsPlan, metrics

# Between two looks at a sum within a window, of which seven days have 2,016.
STEP_SECONDS: Final = 300
# A GPU or slice that computes less than this share of the time has no work: the driver's own is below it.
IDLE: Final = 0.01
MODEL, WORKLOAD, POOL, BUCKET = "model_name", "deployment", POOL_LABEL, "le"


class Question(Struct, frozen=True):
    """One query; `by` are the labels that tell its answers apart."""

    key: str
    query: str
    by: tuple[str, ...]


def questions(plan: DashboardsPlan, days: int) -> tuple[Question, ...]:
    """All queries about a stack, over the last `days`, each with a key of its own."""
    return (*_of_models(plan, days), *_of_replicas(plan, days), *_of_pools(plan, days))


def samples(days: int) -> int:
    """Looks at a sum within the window."""
    return days * 24 * 3600 // STEP_SECONDS


def _over(function: str, inner: str, days: int, *first: str) -> str:
    """A function over the values that an expression had."""
    return f"{function}({', '.join([*first, f'({inner})[{days}d:{STEP_SECONDS}s]'])})"


def _of_models(plan: DashboardsPlan, days: int) -> tuple[Question, ...]:
    def series(metric: str, *more: str) -> str:
        return selected(metric, f'job="{plan.models_job}"', *more)

    def grown(metric: str, *more: str, by: str = MODEL) -> str:
        return f"sum by ({by}) (increase({series(metric, *more)}[{days}d]))"

    def summed(metric: str, *more: str) -> str:
        return f"sum by ({MODEL}) ({series(metric, *more)})"

    running, waiting = summed(metrics.VLLM_REQUESTS_RUNNING), summed(metrics.VLLM_REQUESTS_WAITING)
    no_room = summed("vllm:num_requests_waiting_by_reason", 'reason="capacity"')
    highest = f"max by ({MODEL}) (max_over_time({{}}[{days}d]))"
    single = {
        "scraped": _over("count_over_time", running, days),
        "kv_peak": highest.format(series(metrics.VLLM_KV_CACHE_USAGE)),
        "batch_peak": highest.format(series(metrics.VLLM_REQUESTS_RUNNING)),
        "load_peak": _over("max_over_time", f"{running} + {waiting}", days),
        "waiting_share": _over("avg_over_time", f"{no_room} > bool 0", days),
        "preemptions": grown(metrics.VLLM_PREEMPTIONS),
        "requests": grown(metrics.VLLM_REQUESTS),
        "prefix_queries": grown("vllm:prefix_cache_queries_total"),
        "prefix_hits": grown("vllm:prefix_cache_hits_total"),
    }
    if any(model.speculates for model in plan.models):
        single |= {
            "guessed": grown("vllm:spec_decode_num_draft_tokens_total"),
            "guesses_accepted": grown("vllm:spec_decode_num_accepted_tokens_total"),
        }
    buckets = {
        "prompt_tokens": "vllm:request_prompt_tokens_bucket",
        "answer_tokens": "vllm:request_generation_tokens_bucket",
        "first_token": metrics.VLLM_FIRST_TOKEN_BUCKET,
        "between_tokens": f"{metrics.VLLM_INTER_TOKEN}_bucket",
    }
    return (
        *(Question(key, query, (MODEL,)) for key, query in single.items()),
        *(Question(key, grown(metric, by=f"{MODEL}, {BUCKET}"), (MODEL, BUCKET)) for key, metric in buckets.items()),
    )


def _of_replicas(plan: DashboardsPlan, days: int) -> tuple[Question, ...]:
    def summed(metric: str) -> str:
        return f'sum by ({WORKLOAD}) ({metric}{{namespace="{plan.models_namespace}"}})'

    ready, wanted = summed(metrics.DEPLOYMENT_REPLICAS_AVAILABLE), summed(metrics.DEPLOYMENT_REPLICAS_WANTED)
    queries = {
        "ready": _over("count_over_time", f"{ready} > 0", days),
        "replicas_mean": _over("avg_over_time", wanted, days),
        "replicas_peak": _over("max_over_time", wanted, days),
        "wakings": _over("changes", f"{wanted} > bool 0", days),
    }
    return tuple(Question(key, query, (WORKLOAD,)) for key, query in queries.items())


def _of_pools(plan: DashboardsPlan, days: int) -> tuple[Question, ...]:
    labels = f'{metrics.NODE_LABELS}{{{POOL}!=""}}'
    nodes = f"count by ({POOL}) ({labels})"
    # The exporter names the node `hostname`, kube-state-metrics `node`.
    named = f'max by ({POOL}, hostname) (label_replace({labels}, "hostname", "$1", "node", "(.+)"))'
    active = plan.gpu["engine_active"].name
    busy = f"{named} * on (hostname) group_left () max by (hostname) ({active})"
    queries = {
        "nodes_peak": _over("max_over_time", nodes, days),
        "nodes_mean": _over("avg_over_time", nodes, days),
        "nodes_different": f"count by ({POOL}) (count by ({POOL}, node) (count_over_time({labels}[{days}d])))",
        "nodes_busy_peak": _over("max_over_time", f"count by ({POOL}) ({busy} > {IDLE})", days),
        "gpus_busy": _over("quantile_over_time", f"max by ({POOL}) ({busy})", days, "0.95"),
    }
    covered = Question("covered", _over("count_over_time", f"count({labels})", days), ())
    return (covered, *(Question(key, query, (POOL,)) for key, query in queries.items()))
