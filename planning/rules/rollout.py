"""Rules about rollouts: which models are down while a new version starts."""

from planning.money import quota
from planning.placement import drain, placements
from planning.placement.pools import by_pool
from planning.placement.rollout import rollout, start_seconds
from planning.placement.start import placement_seconds
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import workloads_of
from planning.rules import placement_words as words
from planning.rules.register import Violation, Violations, stack_rule


@stack_rule(
    "ROLLOUT-DOWNTIME",
    "warning",
    prevents="Every `pulumi up` that changes the model stops its only replica first: clients get 503 until weights are "
    "loaded again.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy",
)
def versions_change_without_gap(stack: Resolution) -> Violations:
    """The pool of a model with one replica has room for a surge pod, so the new pod starts before the old stops."""
    for release in stack.releases:
        # With [floor, burst] the floor alone counts: the burst may be empty.
        for workload in workloads_of(release)[:1]:
            loaded = placements(stack)[workload.pool.name]
            # Replicas that fit nowhere are reported by PLACE-CAPACITY and PLACE-NODE.
            placed = loaded.verdict.fits is not False and workload.name in loaded.class_of
            if workload.low != 1 or not placed or rollout(stack, workload).max_surge:
                continue
            start = start_seconds(workload) // 60
            alone = "" if workload.high == 1 else " while it has one replica"
            yield Violation(
                f"{release.path}.replicas",
                (
                    f"`{workload.pool.name}` has no room for a surge pod when `{release.name}` is fully scaled, so "
                    f"every rollout{alone} means downtime: up to {start} minutes, "
                    f"{start + placement_seconds(stack, workload) // 60} where a new image must be pulled"
                ),
                f"raise {words.nodes_of(workload.pool)}, or write replicas.min: 2",
            )


@stack_rule(
    "UPGRADE-DOWNTIME",
    "warning",
    prevents="Each new node image, which AKS installs by itself, stops several replicas of a model together: they find "
    "no other place until the node is back.",
    source="https://learn.microsoft.com/azure/aks/upgrade-aks-cluster; "
    "https://kubernetes.io/docs/tasks/run-application/configure-pdb/; Azure/AKS#2508",
    needs="aks",
)
def upgraded_nodes_have_a_substitute(stack: Resolution) -> Violations:
    """Where a node holds several replicas of a model there is a surge node, or room for them on the other nodes."""
    for pool in stack.pools:
        if pool.spot or quota.surge_fits(stack, pool.name) or drain.other_nodes_suffice(stack, pool):
            continue
        for workload in by_pool(stack)[pool.name]:
            together = drain.replicas_on_node(workload)
            if together <= 1:
                continue
            family = pool.vm.quota_family if pool.vm is not None else None
            stated = f", or state a quota with cores for one more node (quota.{family})" if family else ""
            minutes = drain.next_seconds(stack, workload) // 60
            yield Violation(
                f"{workload.release.path}.replicas",
                (
                    f"a node of `{pool.name}` may hold {together} of {workload.high} replicas of "
                    f"`{workload.release.name}`, and while it is upgraded there is neither a surge node nor room for "
                    f"them on other nodes: they stop together and are back up to {minutes} minutes after the node"
                ),
                f"raise {words.nodes_of(pool)}{stated}",
            )
