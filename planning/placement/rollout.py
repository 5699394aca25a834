"""How a new release of a model replaces the old one: with a surge pod, with one replica fewer, or with downtime."""

import math

from planning.placement import placements
from planning.placement.pools import loads_on_minimum_nodes
from planning.placement.start import placement_seconds
from planning.plan import RolloutPlan
from planning.resolving.request_path import request_path
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import Workload

_SECONDS_PER_HOUR = 3600


def rollout(stack: Resolution, workload: Workload) -> RolloutPlan:
    """The rollout strategy with the least downtime that can't get stuck.

    With room for a surge pod at the maximum of replicas, whatever the order in which pods arrive, the new pod starts
    before the old one stops. Without that room the new pod would stay Pending and the rollout would never finish: then
    the old pod stops first. Where the search for room was given up, there is none. Several Deployments may share the
    same room: the first to take it finishes and frees it. Source:
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy.

    Never `Recreate`: an update between the two strategies is refused, because the API server has defaulted
    `rollingUpdate` and it cannot be removed (pulumi/pulumi-kubernetes#2843). With a single replica, one unavailable pod
    has the same effect.
    """
    if placements(stack)[workload.pool.name].spare(workload):
        return RolloutPlan(strategy="RollingUpdate", max_surge=1, max_unavailable=0)
    return RolloutPlan(strategy="RollingUpdate", max_surge=0, max_unavailable=1)


def surge_node_hours(stack: Resolution, workload: Workload) -> float:
    """The most node-hours that a rollout adds for its surge pod; 0 where a running node has room for it.

    Replicas are replaced one after the other, each within its start-up budget.
    """
    if not placements(stack)[workload.pool.name].spare(workload):
        return 0.0
    always_running = loads_on_minimum_nodes(stack).get(workload.pool.name)
    if always_running is not None and always_running.spare(workload):
        return 0.0
    return round(workload.high * start_seconds(workload) / _SECONDS_PER_HOUR, 2)


def start_seconds(workload: Workload) -> int:
    """The start-up budget of one replica in seconds, after which it is restarted."""
    return workload.release.settings.start_minutes * 60


def progress_seconds(stack: Resolution, workload: Workload) -> int:
    """The deadline within which a Deployment must get a replica ready.

    The place of the one before, whose last requests it waits for, its node, its image and its start-up budget: the
    startup probe covers the last alone, but Kubernetes counts all of them against this deadline.
    """
    grace_seconds = request_path(stack).models[workload.release.index].server.grace_seconds
    return grace_seconds + placement_seconds(stack, workload) + start_seconds(workload)


def rollout_steps(replicas: int, plan: RolloutPlan) -> int:
    """Steps of a rollout: each replaces as many replicas as the strategy has surge and unavailable pods together."""
    return math.ceil(max(1, replicas) / (plan.max_surge + plan.max_unavailable))


def rollout_seconds(stack: Resolution, workload: Workload, plan: RolloutPlan) -> int:
    """The time that a whole rollout may take: the deadline of one replica for each of its steps.

    Pulumi's provider waits for the last of them: neither a crash loop nor the Deployment's own deadline ends its wait
    before (pulumi-kubernetes provider/pkg/await/deployment.go).
    """
    return progress_seconds(stack, workload) * rollout_steps(workload.high, plan)
