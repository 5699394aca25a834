"""How a new version of a model replaces the old one: with a replica more, with one fewer, or with a gap."""

from planning.placement import placements
from planning.placement.pools import at_fewest_nodes
from planning.plan import RolloutPlan
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import Workload

# Before vLLM starts, a node may have to come (15 minutes) and pull the image (12 GB).
PLACEMENT_SECONDS = 1800
_SECONDS_PER_HOUR = 3600


def rollout(stack: Resolution, workload: Workload) -> RolloutPlan:
    """Replace replicas by the gentlest strategy that can't wait for ever.

    With a place to spare at the most replicas, in every order in which pods may come, the new replica starts before
    the old one goes. Without one it would stay Pending, and the old one kept: then the old one goes first. Where the
    search for a place was given up, there is none. Several Deployments may share one place: whichever takes it
    finishes and gives it back. Source:
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy.

    Never `Recreate`: an update between the two strategies is refused, because the API server has filled in
    `rollingUpdate` and nobody can take it out (pulumi/pulumi-kubernetes#2843). One replica less is the same for one.
    """
    if placements(stack)[workload.pool.name].spare(workload):
        return RolloutPlan(strategy="RollingUpdate", max_surge=1, max_unavailable=0)
    return RolloutPlan(strategy="RollingUpdate", max_surge=0, max_unavailable=1)


def surge_node_hours(stack: Resolution, workload: Workload) -> float:
    """At most so many hours of one node more does a rollout with a surge take; none where a running node has a place.

    One replica after the other is replaced, each in its start-up budget at the longest.
    """
    if not placements(stack)[workload.pool.name].spare(workload):
        return 0.0
    always_running = at_fewest_nodes(stack).get(workload.pool.name)
    if always_running is not None and always_running.spare(workload):
        return 0.0
    return round(workload.high * start_seconds(workload) / _SECONDS_PER_HOUR, 2)


def start_seconds(workload: Workload) -> int:
    """The start-up budget of one replica, after which it is restarted."""
    return workload.release.settings.start_minutes * 60


def progress_seconds(workload: Workload) -> int:
    """The deadline within which a Deployment must get a replica ready: its node, its image and its start-up budget."""
    return PLACEMENT_SECONDS + start_seconds(workload)


def rollout_seconds(workload: Workload) -> int:
    """The time that a whole rollout may take: without a place to spare one replica comes after the other."""
    return progress_seconds(workload) * max(1, workload.high)
