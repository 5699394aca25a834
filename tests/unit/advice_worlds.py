"""What Prometheus would have of a stack in which nothing is to be advised, with some of it changed."""

from collections.abc import Mapping
from typing import Any

from planning_stacks import ROOT

from advising.advice import Advice, Report
from advising.advise import advise
from advising.changes import Stack
from advising.seen import FORMAT, Answer, Seen, Series, planned
from observability.advice import BUCKET, MODEL, POOL, WORKLOAD, questions, samples
from planning.plan import Plan
from preview.stack import assessed

DEV = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
DAYS = 7
# Of a model whose cache is half full at the peak, whose batch is half used, and whose prompts begin alike.
_USUAL: Mapping[str, float] = {
    "scraped": float(samples(DAYS)), "load_peak": 10_000.0, "waiting_share": 0.0, "kv_peak": 0.6,
    "preemptions": 0.0, "requests": 50_000.0, "prefix_queries": 5_000_000.0, "prefix_hits": 2_000_000.0,
    "guessed": 5_000_000.0, "guesses_accepted": 4_000_000.0,
}  # fmt: skip
_BUCKETS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "prompt_tokens": (("1000.0", 40_000.0), ("20000.0", 49_999.0), ("+Inf", 50_000.0)),
    "answer_tokens": (("500.0", 40_000.0), ("2000.0", 50_000.0), ("+Inf", 50_000.0)),
    "first_token": (("0.5", 30_000.0), ("2.5", 49_000.0), ("+Inf", 50_000.0)),
    "between_tokens": (("0.025", 30_000.0), ("0.075", 49_000.0), ("+Inf", 50_000.0)),
}


def stack(text: str = DEV, name: str = "dev") -> Stack:
    """A stack file as `advise` gets it."""
    found = assessed(text, folder=ROOT)
    assert found.plan is not None, found.findings
    return Stack(name, text, found, found.plan, ROOT)


def seen(plan: Plan, changes: Mapping[str, Any] | None = None, name: str = "dev") -> Seen:
    """The usual answers; `changes` has a value, or buckets, by `question` or by `question/model, workload or pool`."""
    changed = dict(changes or {})
    answers = {}
    for question in questions(plan.dashboards, DAYS):
        found = []
        for labels, value in _series(question.key, plan):
            who = labels.get(MODEL) or labels.get(WORKLOAD) or labels.get(POOL)
            given = changed.get(f"{question.key}/{who}", changed.get(question.key, value))
            if isinstance(given, tuple):
                found += [Series({**labels, BUCKET: bound}, count) for bound, count in given]
            elif given is not None:
                found.append(Series(labels, float(given)))
        answers[question.key] = Answer(question.query, found)
    known = set(answers)
    assert {key.partition("/")[0] for key in changed} <= known, changed
    return Seen(FORMAT, name, 1_800_000_000.0, DAYS, planned(plan), answers)


def _series(key: str, plan: Plan) -> Any:
    if key == "covered":
        return [({}, samples(DAYS))]
    if key in _BUCKETS:
        return [({MODEL: model.name}, _BUCKETS[key]) for model in plan.models]
    if key in ("ready", "replicas_mean", "replicas_peak", "wakings"):
        return [
            ({WORKLOAD: workload.name}, samples(DAYS) if key == "ready" else _replicas(key, workload.replicas))
            for model in plan.models
            for workload in model.workloads
        ]
    if key in ("nodes_peak", "nodes_mean", "nodes_different", "nodes_busy_peak", "gpus_busy"):
        return [({POOL: pool.name}, 0.9 if key == "gpus_busy" else pool.max_nodes) for pool in plan.pools]
    return [
        ({MODEL: model.name}, model.sequences / 2 if key == "batch_peak" else _USUAL[key])
        for model in plan.dashboards.models
    ]


def _replicas(key: str, planned: Any) -> float:
    return {"replicas_mean": planned.min, "replicas_peak": planned.max, "wakings": 0}[key]


def advised(text: str = DEV, changes: Mapping[str, Any] | None = None) -> Report:
    """The advice about a stack file with changed answers."""
    found = stack(text)
    return advise(found, seen(found.plan, changes))


def only(report: Report) -> Advice:
    """The one piece of advice."""
    assert len(report.advice) == 1, [each.kind for each in report.advice]
    return report.advice[0]
