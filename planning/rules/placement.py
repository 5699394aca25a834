"""Rules about placement: every replica fits a node, the pools hold all of them, and they do so in every order."""

from collections.abc import Iterator

from planning.placement import (
    PoolLoad,
    fewest,
    least_memory_gib,
    left_over,
    placements,
    pod_request,
    resources,
)
from planning.placement.requests import MIB_PER_GIB
from planning.placement.verdict import enough_in_every_order, enough_to_hold
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import workloads_of
from planning.rules import placement_words as words
from planning.rules.register import Problem, rule

_SCHEDULER = "https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/"


@rule(
    "PLACE-NODE",
    "error",
    prevents="Insufficient cpu, memory or ephemeral-storage: the replica is larger than any node",
    source=_SCHEDULER,
)
def replica_fits_node(stack: Resolution) -> Iterator[Problem]:
    """One replica fits an empty node of each of its pools."""
    for model in stack.releases:
        asked = model.settings.resources
        for workload in workloads_of(model):
            pool, one = workload.pool, pod_request(workload)
            if pool.offer is None:
                continue
            cpu, memory = pool.offer.cpu_millicores // 1000, pool.offer.memory_mib // MIB_PER_GIB
            for what, wanted, offered in (
                () if asked is None else (("cpu", asked.cpu, cpu), ("memory_gib", asked.memory_gib, memory))
            ):
                if wanted > offered:
                    yield (
                        f"{model.path}.resources.{what}",
                        f"{wanted}; a node of `{pool.name}` ({pool.settings.vm_size}) has {offered} left for pods",
                        f"write {offered} or less",
                    )
            if one.disk_mib > pool.offer.disk_mib:
                short = -(-(one.disk_mib - pool.offer.disk_mib) // MIB_PER_GIB)
                yield (
                    f"{pool.path}.os_disk_gib",
                    (
                        f"{pool.settings.os_disk_gib}; `{model.name}` writes up to {one.disk_mib // MIB_PER_GIB} GiB "
                        f"of weights and caches, {short} GiB more than images and the system leave of it"
                    ),
                    f"write {pool.settings.os_disk_gib + -(-short // 9) * 10} or more",
                )


@rule(
    "PLACE-HOST-MEMORY",
    "error",
    prevents="a vLLM process killed for want of host memory while it loads",
    source="catalog/overheads.yaml",
)
def host_memory_suffices(stack: Resolution) -> Iterator[Problem]:
    """A replica's host memory holds vLLM's processes, its shared memory and what it offloads."""
    for model in stack.releases:
        if not model.placed:
            continue
        least, memory = least_memory_gib(stack, model), resources(model)[1]
        if memory < least:
            yield (
                f"{model.path}.resources.memory_gib",
                (
                    f"{memory} GiB for one replica; vLLM's processes, shared memory and offloading take about "
                    f"{least:.1f} GiB"
                ),
                f"write {int(-(-least // 1))} or more",
            )


@rule(
    "PLACE-CAPACITY",
    "error",
    prevents="Pending: Insufficient nvidia.com/gpu, cpu, memory or ephemeral-storage",
    source=_SCHEDULER,
)
def pools_hold_replicas(stack: Resolution) -> Iterator[Problem]:
    """All replicas at the most can be placed on the pools at their largest."""
    for pool in stack.pool_by_name.values():
        loaded = placements(stack)[pool.name]
        if loaded.verdict.fits is not False:
            continue
        missing = left_over(loaded)
        enough = enough_to_hold(loaded.problem)
        for batch, members in enumerate(loaded.batches):
            for workload in members:
                if workload.name in missing:
                    yield (
                        f"{workload.release.path}.replicas.max",
                        (
                            f"{missing[workload.name]} of {workload.high} replicas find no place on `{pool.name}` at "
                            f"{pool.settings.nodes.max} nodes: {words.shortage(loaded, batch)}"
                        ),
                        f"raise {pool.path}.nodes.max to {enough}, or write fewer replicas",
                    )


@rule(
    "PLACE-FRAGMENT",
    "warning",
    prevents="a replica Pending although its GPUs are free, some here and some there: the scheduler moves no pod",
    source=_SCHEDULER,
)
def every_order_works(stack: Resolution) -> Iterator[Problem]:
    """Replicas find places in whatever order they come and whichever nodes the scheduler chooses."""
    for pool in stack.pool_by_name.values():
        loaded = placements(stack)[pool.name]
        found = loaded.verdict.strands
        if loaded.verdict.fits and found is not None:
            yield (
                f"{pool.path}.nodes.max",
                f"`{pool.name}` holds all replicas, but not in this order: {words.order(loaded, found)}",
                (
                    f"raise it to {enough_in_every_order(loaded.problem)}, where every order works, or give "
                    f"`{words.stranded(loaded, found)}` a pool of its own"
                ),
            )


@rule(
    "PLACE-UNDECIDED",
    "warning",
    prevents="a promise that nobody has checked: too many ways to share out the nodes",
    source=_SCHEDULER,
)
def placement_decided(stack: Resolution) -> Iterator[Problem]:
    """Whether replicas find places is proved, one way or the other."""
    for pool in stack.pool_by_name.values():
        verdict = placements(stack)[pool.name].verdict
        if verdict.fits is None or (verdict.every_order is None and verdict.fits):
            loaded = placements(stack)[pool.name]
            if (gang := max(kind.gang for kind in loaded.problem.batches)) > 1:
                yield (
                    f"{pool.path}.nodes.max",
                    f"replicas of {gang} pods each, which run together or not at all: whether they fit is not proved",
                    f"keep `{pool.name}` for them alone, with room to spare",
                )
                continue
            what = "they fit at all" if verdict.fits is None else "they find places in every order"
            yield (
                f"{pool.path}.nodes.max",
                (
                    f"{_pods(loaded)} replicas of {len(loaded.batches)} sizes on {pool.settings.nodes.max} nodes: "
                    f"the search for whether {what} was given up"
                ),
                f"raise it to {enough_in_every_order(loaded.problem)}, or put replicas of fewer sizes on `{pool.name}`",
            )


def _pods(loaded: PoolLoad) -> int:
    return sum(batch.pods for batch in loaded.problem.batches)


@rule(
    "PLACE-FEWEST",
    "info",
    prevents="a lowest cost that is never reached, since the autoscaler must add a node at once",
    source="https://learn.microsoft.com/azure/aks/cluster-autoscaler",
)
def fewest_nodes_hold_fewest_replicas(stack: Resolution) -> Iterator[Problem]:
    """The fewest nodes of a pool hold the fewest replicas."""
    for name, loaded in fewest(stack).items():
        pool = loaded.pool
        if loaded.verdict.fits is False and placements(stack)[name].verdict.fits:
            enough = enough_to_hold(loaded.problem)
            yield (
                f"{pool.path}.nodes.min",
                f"{pool.settings.nodes.min}, but the fewest replicas need {enough} nodes of `{name}`",
                f"write {enough}, so that the lowest cost is the real one",
            )


@rule("PLACE-SPREAD", "info", prevents="all replicas on one machine that fails", source=_SCHEDULER)
def one_node_holds_all(stack: Resolution) -> Iterator[Problem]:
    """Several replicas on a pool that never has more than one node fall together."""
    for model in stack.releases:
        for workload in workloads_of(model):
            if workload.low > 1 and workload.pool.settings.nodes.max == 1:
                yield (
                    f"{workload.pool.path}.nodes.max",
                    f"all {workload.low} replicas of `{model.name}` are on one node",
                    "write 2 or more, if the model must survive the loss of a node",
                )
