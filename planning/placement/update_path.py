"""The longest chain of waits in one update, if every limit were used up: what a sign-in has to outlast."""

from typing import NamedTuple

from planning.plan import ModelPlan, Plan
from planning.plan.limits import (
    CLUSTER_CREATE_MINUTES,
    CLUSTER_UPDATE_MINUTES,
    POOL_CREATE_MINUTES,
    POOL_DELETE_MINUTES,
    POOL_UPDATE_MINUTES,
)

_SECONDS_PER_MINUTE = 60


class Step(NamedTuple):
    """One operation of an update, with its limit."""

    name: str
    seconds: int


def update_path(plan: Plan) -> tuple[Step, ...]:
    """The steps that wait for each other and whose limits add up to most, in order.

    AKS takes one operation on a cluster at a time, so its pools wait for each other; charts wait for the system pool,
    models for their pools and charts. An operation counts with the larger of its limits for creating and updating. The
    pools that new ones replace are deleted after all of it, in the opposite order.
    """
    azure = plan.foundation
    cluster = Step("cluster", max(CLUSTER_CREATE_MINUTES, CLUSTER_UPDATE_MINUTES) * _SECONDS_PER_MINUTE)
    system = _pool(azure.system_pool.pool.name)
    ends = [
        tuple(_pool(pool.name) for pool in plan.pools),
        *(_model(plan, model, end) for model in plan.models for end in range(len(_workloads(model)))),
        (
            Step(plan.gateway.envoy.name, plan.gateway.envoy.timeout_seconds),
            Step(plan.gateway.ai.name, plan.gateway.ai.timeout_seconds),
            Step(plan.gateway.move.name, plan.gateway.move.timeout_seconds),
        ),
        (
            Step(plan.monitoring.chart.name, plan.monitoring.chart.timeout_seconds),
            Step(plan.monitoring.move.name, plan.monitoring.move.timeout_seconds),
        ),
    ]
    replaced = [azure.system_pool.pool.name, *(pool.name for pool in plan.pools)]
    return (cluster, system, *max(ends, key=duration), *(_deleted(name) for name in reversed(replaced)))


def duration(steps: tuple[Step, ...]) -> int:
    """The sum of the limits in seconds."""
    return sum(step.seconds for step in steps)


def _pool(name: str) -> Step:
    return Step(name, max(POOL_CREATE_MINUTES, POOL_UPDATE_MINUTES) * _SECONDS_PER_MINUTE)


def _deleted(name: str) -> Step:
    return Step(f"deleting {name}", POOL_DELETE_MINUTES * _SECONDS_PER_MINUTE)


def _workloads(model: ModelPlan) -> list[tuple[str, str, int]]:
    return [
        (workload.name, workload.pool, workload.rollout_seconds)
        for release in model.releases
        for workload in release.workloads
    ]


def _model(plan: Plan, model: ModelPlan, index: int) -> tuple[Step, ...]:
    """The chain over one of a model's workloads: the pools up to its own, or the GPU operator where that is more."""
    name, pool, seconds = _workloads(model)[index]
    names = [known.name for known in plan.pools]
    pools = tuple(_pool(known) for known in names[: names.index(pool) + 1])
    operator = (Step(plan.gpu_operator.chart.name, plan.gpu_operator.chart.timeout_seconds),)
    before = max(pools, operator, key=duration)
    return (*before, Step(name, seconds), Step(model.handover.name, model.handover.timeout_seconds))
