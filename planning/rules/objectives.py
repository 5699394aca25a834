"""Rules about objectives: that what is promised can be measured, alerted on, and kept by what the stack has."""

from bisect import bisect_left
from collections.abc import Sequence

from catalog import Catalog
from config.objectives import Objectives
from planning.plan import Plan
from planning.plan.objectives import FASTEST_BURN, FEWEST_BAD, WINDOW_DAYS
from planning.resolving.objectives import promises
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, plan_rule, release_rule, stack_rule
from planning.vllm.buckets import FIRST_TOKEN, INTER_TOKEN, OPTION, replaced_buckets

_WORKBOOK = "https://sre.google/workbook/alerting-on-slos/"
_LOGGERS = "vLLM 0.33 vllm/v1/metrics/loggers.py"
_FIRST, _BETWEEN = "ttft_p95_seconds", "itl_p95_ms"
_MILLISECONDS = 1000


def _times(slo: Objectives) -> dict[str, float]:
    """Times that are promised, by their key, in seconds."""
    found = {_FIRST: slo.ttft_p95_seconds, _BETWEEN: slo.itl_p95_ms and slo.itl_p95_ms / _MILLISECONDS}
    return {key: value for key, value in found.items() if value is not None}


def _written(key: str, seconds: float) -> str:
    """Seconds as the key has them."""
    return f"{seconds * _MILLISECONDS if key == _BETWEEN else seconds:.10g}"


def _neighbours(buckets: Sequence[float], seconds: float) -> tuple[float, ...]:
    """The next lower and the next higher bucket, or the one that there is; empty for a bucket."""
    # Exactly: the query has the number as it is written, and 75.0000001 is the label of no series.
    if seconds in buckets:
        return ()
    place = bisect_left(buckets, seconds)
    return tuple(buckets[max(place - 1, 0) : place + 1])


@release_rule(
    "SLO-BUCKET",
    "error",
    prevents="Nobody knows how many answers were too slow: Prometheus counts them by the buckets of vLLM's histograms, "
    "and a query for any other limit has no series, and no error.",
    source=_LOGGERS,
    model=("slo", "engine.version", "engine.args"),
)
def times_are_buckets(_: Resolution, release: ReleaseView) -> Violations:
    """A promised time is a bucket of the histogram that the model's vLLM version counts it in."""
    slo, vllm = release.settings.slo, release.vllm
    if slo is None or vllm is None:
        return
    for key, seconds in _times(slo).items():
        family = FIRST_TOKEN if key == _FIRST else INTER_TOKEN
        own = replaced_buckets(release.options).get(family)
        buckets = own or (vllm.first_token_buckets if key == _FIRST else vllm.inter_token_buckets)
        whose = f"`{OPTION}`" if own else f"vLLM {vllm.version}'s histogram"
        nearest = [_written(key, bucket) for bucket in _neighbours(buckets, seconds)]
        if nearest:
            yield Violation(
                f"{release.path}.slo.{key}",
                f"{_written(key, seconds)} is no bucket of {whose}: the next "
                + (f"lower one is {nearest[0]}, the next higher one {nearest[1]}" if len(nearest) > 1 else
                   f"one is {nearest[0]}"),
                f"write {' or '.join(nearest)}",
            )  # fmt: skip


@release_rule(
    "SLO-TOKENS",
    "error",
    prevents="An alert says for ever that there is no data: an embedding model writes no tokens, and vLLM counts no "
    "time to the first one.",
    source=_LOGGERS,
    model=("slo", "source"),
)
def tokens_are_written(_: Resolution, release: ReleaseView) -> Violations:
    """Times of tokens are promised only of models that write tokens."""
    slo, model = release.settings.slo, release.architecture
    if slo is None or model is None or model.task == "generate":
        return
    for key in _times(slo):
        yield Violation(
            f"{release.path}.slo.{key}",
            f"`{model.id}` makes embeddings and writes no tokens",
            "leave it out; availability can be promised of every model",
        )


@release_rule(
    "SLO-SPEED",
    "warning",
    prevents="What is promised is broken from the first busy hour on: the stack's own figures say that replicas are "
    "slower.",
    source="this stack file",
    model=("slo", "expected", "typical_tokens", "concurrency", "autoscaling"),
)
def replicas_are_fast_enough(_: Resolution, release: ReleaseView) -> Violations:
    """Promised times are not below those that follow from the stated throughput of a busy replica."""
    settings = release.settings
    slo, expected = settings.slo, settings.expected
    if slo is None or expected is None or expected.output_tokens_per_second is None:
        return
    read, written = expected.input_tokens_per_second, expected.output_tokens_per_second
    if slo.ttft_p95_seconds is not None and settings.typical_tokens is not None:
        prompt = settings.typical_tokens * read / (read + written)
        if prompt / read > slo.ttft_p95_seconds:
            yield Violation(
                f"{release.path}.slo.{_FIRST}",
                f"{slo.ttft_p95_seconds:g}, but a replica that reads {read:g} tokens a second takes "
                f"{prompt / read:.1f} s for the prompt of a typical request ({prompt:,.0f} of "
                f"{settings.typical_tokens:,} tokens, by `expected`)",
                "write a longer time, or the figures of a load test into `expected` and `typical_tokens`",
            )
    if slo.itl_p95_ms is not None:
        scaling = settings.autoscaling
        requests = settings.concurrency if scaling is None else scaling.requests_per_replica
        between = requests / written * _MILLISECONDS
        if between > slo.itl_p95_ms:
            yield Violation(
                f"{release.path}.slo.{_BETWEEN}",
                f"{slo.itl_p95_ms:g}, but {requests:,} requests at once that share {written:g} tokens a second get "
                f"one every {between:.0f} ms each",
                "write a longer time, or fewer requests for a replica: `concurrency` or `autoscaling`",
            )


@release_rule(
    "SLO-TIMEOUT",
    "error",
    prevents="A promise that is worth nothing, since nothing can break it: whoever waits for so long gets an error.",
    source="this program: the gateway ends a request after gateway.request_timeout_seconds",
    model=("slo",),
    reads=("gateway.request_timeout_seconds",),
)
def times_are_within_a_request(stack: Resolution, release: ReleaseView) -> Violations:
    """Promised times are shorter than the longest request, which the gateway ends."""
    slo, longest = release.settings.slo, stack.settings.gateway.request_timeout_seconds
    if slo is None:
        return
    for key, seconds in _times(slo).items():
        if seconds >= longest:
            yield Violation(
                f"{release.path}.slo.{key}",
                f"{_written(key, seconds)}, but the gateway ends every request after {longest} s",
                f"write less than {_written(key, longest)}, or a longer gateway.request_timeout_seconds",
            )


@stack_rule(
    "SLO-RETENTION",
    "error",
    prevents="The error budget is counted on the few days that Prometheus has kept: a bad week is forgotten while its "
    "budget still counts.",
    source="https://prometheus.io/docs/prometheus/latest/storage/",
    reads=("models", "observability.retention_days"),
)
def metrics_are_kept(stack: Resolution) -> Violations:
    """Where a model has objectives, metrics are kept for as long as their window."""
    days, model = stack.settings.observability.retention_days, _first_with_objectives(stack)
    if model is not None and days < WINDOW_DAYS:
        yield Violation(
            "observability.retention_days",
            f"metrics are kept for {days} days, and what `{model}` promises is counted over {WINDOW_DAYS}",
            f"write {WINDOW_DAYS + 1} or more, with as much more storage_gib",
        )


def _first_with_objectives(stack: Resolution) -> str | None:
    return next((model.name for model in stack.settings.models if model.slo is not None), None)


@release_rule(
    "SLO-LOOSE",
    "warning",
    prevents="Nobody is called while everything fails: an alert on a budget that burns 14.4 times too fast would need "
    "more failures than there are requests.",
    source=_WORKBOOK,
    model=("slo",),
)
def fastest_alert_can_fire(_: Resolution, release: ReleaseView) -> Violations:
    """The budget is small enough for the fastest alert to fire when every request fails."""
    slo = release.settings.slo
    if slo is not None and slo.availability is not None and (1 - slo.availability) * FASTEST_BURN >= 1:
        yield Violation(
            f"{release.path}.slo.availability",
            f"{slo.availability:g} leaves a budget of {1 - slo.availability:.1%}: {FASTEST_BURN} times that is more "
            "than all requests, so that a full outage is reported after hours",
            "write 0.94 or more",
        )


@release_rule(
    "SLO-PROOF",
    "warning",
    prevents="One failed request breaks a promise for a month, or an alert comes when the budget is long gone: so few "
    "requests prove nothing.",
    source=_WORKBOOK,
    model=("slo",),
)
def requests_can_prove_it(_: Resolution, release: ReleaseView) -> Violations:
    """The expected requests of 30 days may have as many failures as an alert needs."""
    slo = release.settings.slo
    if slo is None or slo.requests_per_day is None:
        return
    requests = slo.requests_per_day * WINDOW_DAYS
    for promise in promises(slo):
        if promise.kind != "itl" and requests * promise.budget < FEWEST_BAD:
            needed = -(-FEWEST_BAD // promise.budget) / WINDOW_DAYS
            yield Violation(
                f"{release.path}.slo.{'availability' if promise.kind == 'availability' else _FIRST}",
                f"of {requests:,} requests in {WINDOW_DAYS} days {int(requests * promise.budget)} may fail, and an "
                f"alert needs {FEWEST_BAD} failures",
                f"promise less, or this from {needed:,.0f} requests a day on",
            )


@plan_rule(
    "SLO-SINGLE",
    "warning",
    prevents="One node that fails, is drained or gets a new version breaks what is promised for a month.",
    source=_WORKBOOK,
    reads=("models",),
)
def one_replica_can_be_lost(plan: Plan, _: Catalog) -> Violations:
    """A model with a single replica and no fallback starts within its error budget."""
    promised = {model.model: model for model in plan.monitoring.objectives}
    for index, model in enumerate(plan.models):
        replaced = model.fallback is not None and model.fallback.share is None
        if model.name not in promised or model.min_replicas > 1 or replaced:
            continue
        for promise in promised[model.name].objectives:
            minutes = max(release.pod.start_seconds for release in model.releases) / 60
            if promise.kind == "availability" and minutes > promise.budget_minutes:
                stops = any(not workload.rollout.max_surge for workload in model.workloads)
                when = "its node fails or is drained" + (", or a new version is rolled out" if stops else "")
                yield Violation(
                    f"models[{index}].slo.availability",
                    f"one replica: when {when}, clients get 503 for up to {minutes:.0f} minutes (`start_minutes`), "
                    f"{minutes / promise.budget_minutes:.0%} of the {promise.budget_minutes:.1f} that "
                    f"{promise.target:g} leaves in {WINDOW_DAYS} days",
                    f"write models[{index}].replicas.min: 2, a `fallback`, or promise less",
                )
