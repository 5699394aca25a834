"""The preview as JSON: the names and shapes that scripts and later previews rely on."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import to_builtins

from config import Finding, blocking
from planning.plan import (
    CostPlan,
    DeviceRequest,
    ExtendedResource,
    ModelPlan,
    Plan,
    PoolPlan,
)
from planning.plan.kept import contents as kept_contents
from planning.plan.kept import kept
from planning.plan.models import contents
from planning.plan.objectives import contents as promises


def plan_json(plan: Plan) -> dict[str, Any]:
    """The part of a Plan that scripts may rely on: pools, models, cost, what is kept.

    Memory is in GiB of one GPU, of the worst rank.
    """
    promised = {model.model: {"slo": promises(model)} for model in plan.monitoring.objectives}
    return {
        "pools": [_pool(pool) for pool in plan.pools],
        "models": [{**_model(model), **promised.get(model.name, {})} for model in plan.models],
        "cost": _cost(plan.cost),
        "kept": kept_contents(kept(plan.foundation, plan.monitoring, plan.telemetry, plan.logs)),
    }


def text(
    stack: str,
    findings: Sequence[Finding],
    plan: Plan | None,
    resources: Iterable[Mapping[str, Any]],
    policies: Sequence[Mapping[str, Any]] = (),
    *,
    ok: bool = True,
) -> Iterator[str]:
    """The document in pieces, to be written in order; `resources` may be a generator.

    `policies` are violations of the organisation's policies; with `ok` false they block the stack.

    Byte-equal for equal previews. Each finding, pool, model, cost line and resource has a line of its own, so that two
    documents can be compared by line, and so that a graph of thousands of resources is never in memory as a whole.
    """
    ok = ok and plan is not None and not blocking(tuple(findings))
    yield f'{{"stack": {_line(stack)},\n "ok": {_line(ok)},\n "findings": '
    yield from _lines(_finding(finding) for finding in findings)
    if plan is None:
        yield ',\n "plan": null'
    else:
        parts = plan_json(plan)
        yield ',\n "plan": {"pools": '
        yield from _lines(parts["pools"])
        yield ',\n "models": '
        yield from _lines(parts["models"])
        yield ',\n "cost": '
        yield from _mapping(parts["cost"])
        yield ',\n "kept": '
        yield from _lines(parts["kept"])
        yield "}"
    yield ',\n "policies": '
    yield from _lines(policies)
    yield ',\n "resources": '
    yield from _lines(resources)
    yield "}\n"


def _finding(finding: Finding) -> dict[str, Any]:
    shown = ("severity", "rule", "path", "line", "column", "message", "fix")
    return {name: getattr(finding, name) for name in shown}


def _lines(items: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    mark = "["
    for item in items:
        yield f"{mark}\n  {_line(item)}"
        mark = ","
    yield "[]" if mark == "[" else "]"


def _mapping(values: Mapping[str, Any]) -> Iterator[str]:
    """A mapping on one line, except for its lists."""
    mark = "{"
    for key, value in values.items():
        yield f"{mark}{_line(key)}: "
        if isinstance(value, list):
            yield from _lines(value)
        else:
            yield _line(value)
        mark = ", "
    yield "}"


def _line(value: Any) -> str:
    return visible(json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False))


def visible(text: str) -> str:
    """JSON with its escape for every character but line breaks that a terminal would not show."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)


def _cost(cost: CostPlan) -> dict[str, Any]:
    return {
        "currency": cost.currency,
        "region": cost.region,
        "prices_of": cost.prices_of,
        "min_per_month": cost.min_per_month,
        "max_per_month": cost.max_per_month,
        "complete": cost.complete,
        "idle_min_per_month": cost.idle_min_per_month,
        "idle_max_per_month": cost.idle_max_per_month,
        "on_demand": to_builtins(cost.on_demand),
        "spot": to_builtins(cost.spot),
        "lines": [to_builtins(line) for line in cost.lines],
        "models": [to_builtins(model) for model in cost.models],
    }


def _pool(pool: PoolPlan) -> dict[str, Any]:
    return {
        "name": pool.name,
        "vm_size": pool.vm_size,
        "revision": pool.revision,
        "nodes": {"min": pool.min_nodes, "max": pool.max_nodes},
        "resources": dict(pool.resources),
        "labels": dict(pool.labels),
        "taints": list(pool.taints),
    }


def _model(model: ModelPlan) -> dict[str, Any]:
    release = model.releases[0]
    return {
        "name": model.name,
        "placement": [
            {"pool": workload.pool, **_devices(workload.request), **to_builtins(workload.replicas)}
            for workload in release.workloads
        ],
        "replicas": {"min": model.min_replicas, "max": model.max_replicas},
        "args": list(release.args),
        "memory": to_builtins(contents(release.memory)),
        "rollout": to_builtins(release.workloads[0].rollout),
    }


def _devices(request: DeviceRequest) -> dict[str, Any]:
    if isinstance(request, ExtendedResource):
        return {"resource": request.name, "count": request.count}
    return {"device_class": request.device_class, "count": request.count}
