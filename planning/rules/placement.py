"""Rules about placement: replicas fit on a node, and pools hold all of them, in whatever order they are created."""

import math

from planning.placement import (
    PoolLoad,
    least_memory_gib,
    minimum_loads,
    placements,
    pod_request,
    resources,
    unscheduled_replicas,
)
from planning.placement.host_memory import adapters_gib
from planning.placement.loading import loading_gib
from planning.placement.release_on_pool import ReleaseOnPool
from planning.placement.requests import MIB_PER_GIB, devices_suffice, host_suffices
from planning.placement.verdict import enough_in_every_order, enough_to_hold
from planning.resolving.resolution import Resolution
from planning.rules import placement_words as words
from planning.rules.reads import DEVICES, ENGINE, NODES, SOURCE
from planning.rules.register import Violation, Violations, placement_rule, stack_rule

_SCHEDULER = "https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/"


@placement_rule(
    "PLACE-NODE",
    "error",
    prevents="The pod stays Pending on an empty node: `Insufficient cpu`, `Insufficient memory` or `Insufficient "
    "ephemeral-storage`.",
    source=_SCHEDULER,
    model=("name", *SOURCE, "pool", "slice", "resources", *ENGINE),
    pool=("name", *DEVICES, "os_disk_gib"),
    reads=NODES,
)
def replica_fits_node(_: Resolution, place: ReleaseOnPool) -> Violations:
    """One replica fits an empty node of each of its pools."""
    release, workload, pool = place.release, place.workload, place.pool
    if workload is None or pool.offer is None:
        return
    requested, request = release.settings.resources, pod_request(workload)
    cpu, memory = pool.offer.cpu_millicores // 1000, pool.offer.memory_mib // MIB_PER_GIB
    reported = False
    for what, wanted, offered in (
        () if requested is None else (("cpu", requested.cpu, cpu), ("memory_gib", requested.memory_gib, memory))
    ):
        if wanted > offered:
            reported = True
            yield Violation(
                f"{release.path}.resources.{what}",
                f"{wanted}; a node of `{pool.name}` ({pool.settings.vm_size}) has {offered} left for pods",
                f"write {offered} or less",
            )
    if request.disk_mib > pool.offer.disk_mib:
        reported = True
        short = -(-(request.disk_mib - pool.offer.disk_mib) // MIB_PER_GIB)
        yield Violation(
            f"{pool.path}.os_disk_gib",
            (
                f"{pool.settings.os_disk_gib}; `{release.name}` writes up to {request.disk_mib // MIB_PER_GIB} GiB "
                f"of weights and caches, {short} GiB more than the images and the operating system leave free"
            ),
            f"write {pool.settings.os_disk_gib + -(-short // 9) * 10} or more",
        )
    # Too many devices for one node are reported by TP-DEVICES and SHARE-TP.
    if not reported and devices_suffice(workload) and not host_suffices(workload):
        yield Violation(
            place.path,
            (
                f"a node of `{pool.name}` ({pool.settings.vm_size}) has {words.host(pool.offer)} left for pods, and "
                f"one replica takes {request.cpu_millicores // 1000} cores and {request.memory_mib // MIB_PER_GIB} GiB"
            ),
            "choose a pool of larger nodes, or raise cluster.max_pods",
        )


@placement_rule(
    "PLACE-HOST-MEMORY",
    "error",
    prevents="The container is OOMKilled (exit code 137) while vLLM loads the weights.",
    source="catalog/overheads.yaml; run-ai/runai-model-streamer docs/src/env-vars.md",
    model=("pool", "slice", "resources", *SOURCE, *ENGINE),
    pool=("name", *DEVICES),
    reads=NODES,
)
def host_memory_suffices(stack: Resolution, place: ReleaseOnPool) -> Violations:
    """A replica's memory holds vLLM's processes, /dev/shm, what is offloaded, adapters, and the loader's buffers."""
    release = place.release
    if not release.placed:
        return
    least, memory = least_memory_gib(stack, release), resources(release)[1]
    if memory < least:
        loading = loading_gib(release, stack.catalog.overheads)
        buffers = f" and the loader's buffers ({loading:.1f})" if loading else ""
        adapters = adapters_gib(release)
        lora = f", adapters ({adapters:.1f})" if adapters else ""
        yield Violation(
            f"{release.path}.resources.memory_gib",
            (
                f"{memory} GiB for one replica; vLLM's processes, shared memory, offloading{lora}{buffers} take about "
                f"{least:.1f} GiB"
            ),
            f"write {math.ceil(least)} or more",
        )


def _load(loaded: PoolLoad) -> tuple[str, ...]:
    """The settings that the load of a pool depends on: its nodes, and the models with replicas on it."""
    models = sorted({workload.release.path for members in loaded.workloads for workload in members})
    return (
        *(f"{loaded.pool.path}.{key}" for key in ("name", *DEVICES, "os_disk_gib", "nodes")),
        *NODES,
        *(
            f"{path}.{key}"
            for path in models
            for key in ("name", *SOURCE, "pool", "slice", "resources", *ENGINE, "replicas")
        ),
    )


@stack_rule(
    "PLACE-CAPACITY",
    "error",
    prevents="Pods stay Pending with the pool at its largest: `Insufficient nvidia.com/gpu` (or cpu, memory, "
    "ephemeral-storage), and the autoscaler reports `max node group size reached`.",
    source=_SCHEDULER,
)
def pools_hold_replicas(stack: Resolution) -> Violations:
    """All models at their maximum of replicas fit on their pools at their maximum of nodes."""
    for pool in stack.pool_by_name.values():
        loaded = placements(stack)[pool.name]
        if loaded.verdict.fits is not False:
            continue
        missing = unscheduled_replicas(loaded)
        enough = enough_to_hold(loaded.problem)
        for index, members in enumerate(loaded.workloads):
            for workload in members:
                if workload.name in missing:
                    yield Violation(
                        f"{workload.release.path}.replicas.max",
                        (
                            f"{missing[workload.name]} of {workload.high} replicas cannot be scheduled on "
                            f"`{pool.name}` ({words.most_nodes(pool)}): {words.shortage(loaded, index)}"
                        ),
                        f"raise {words.nodes_of(pool)} to {enough}, or write fewer replicas",
                        _load(loaded),
                    )


@stack_rule(
    "PLACE-FRAGMENT",
    "warning",
    prevents="A pod stays Pending although enough GPUs are free, on different nodes: the scheduler doesn't move "
    "running pods.",
    source=_SCHEDULER,
)
def every_order_works(stack: Resolution) -> Violations:
    """Replicas fit in whatever order they are created and whichever nodes the scheduler chooses."""
    for pool in stack.pool_by_name.values():
        loaded = placements(stack)[pool.name]
        found = loaded.verdict.strands
        if loaded.verdict.fits and found is not None:
            yield Violation(
                f"{pool.path}.nodes.max",
                f"`{pool.name}` holds all replicas, but not in this order: {words.order(loaded, found)}",
                (
                    f"raise {words.nodes_of(pool)} to {enough_in_every_order(loaded.problem)}, where every order "
                    f"works, or give `{words.stranded(loaded, found)}` a pool of its own"
                ),
                _load(loaded),
            )


@stack_rule(
    "PLACE-UNDECIDED",
    "warning",
    prevents="Pods may stay Pending: there are too many combinations to prove that they fit.",
    source=_SCHEDULER,
)
def placement_decided(stack: Resolution) -> Violations:
    """It is proved that all replicas fit, or that they do not."""
    for pool in stack.pool_by_name.values():
        verdict = placements(stack)[pool.name].verdict
        if verdict.fits is None or (verdict.every_order is None and verdict.fits):
            loaded = placements(stack)[pool.name]
            if (gang := max(pod_class.gang for pod_class in loaded.problem.pod_classes)) > 1:
                yield Violation(
                    f"{pool.path}.nodes.max",
                    f"replicas of {gang} pods each, which run together or not at all: whether they fit is not proved",
                    f"run nothing else on `{pool.name}`, and keep more nodes than they need",
                    _load(loaded),
                )
                continue
            what = "they fit at all" if verdict.fits is None else "they fit in every order"
            yield Violation(
                f"{pool.path}.nodes.max",
                (
                    f"{_pods(loaded)} replicas of {len(loaded.problem.pod_classes)} sizes on {pool.most_nodes} "
                    f"nodes: the search for whether {what} was given up"
                ),
                (
                    f"raise {words.nodes_of(pool)} to {enough_in_every_order(loaded.problem)}, or put replicas of "
                    f"fewer sizes on `{pool.name}`"
                ),
                _load(loaded),
            )


def _pods(loaded: PoolLoad) -> int:
    return sum(pod_class.pods for pod_class in loaded.problem.pod_classes)


@stack_rule(
    "PLACE-FEWEST",
    "info",
    prevents="The lowest monthly cost is never reached: the autoscaler immediately adds a node.",
    source="https://learn.microsoft.com/azure/aks/cluster-autoscaler",
)
def minimum_nodes_hold_minimum_replicas(stack: Resolution) -> Violations:
    """Pools at their minimum of nodes hold all models at their minimum of replicas."""
    for name, loaded in minimum_loads(stack).items():
        pool = loaded.pool
        if loaded.verdict.fits is False and placements(stack)[name].verdict.fits:
            enough = enough_to_hold(loaded.problem)
            yield Violation(
                f"{pool.path}.nodes.min",
                f"{pool.settings.nodes.min}, but the minimum of replicas needs {enough} nodes of `{name}`",
                f"write {enough}, so that the lowest cost is the real one",
                _load(loaded),
            )


@placement_rule(
    "PLACE-SPREAD",
    "info",
    prevents="One node that fails takes all replicas of the model with it.",
    source=_SCHEDULER,
)
def one_node_holds_all(_: Resolution, place: ReleaseOnPool) -> Violations:
    """A model with several replicas runs on a pool that can have more than one node."""
    workload = place.workload
    if workload is not None and workload.low > 1 and place.pool.most_nodes == 1:
        yield Violation(
            f"{place.pool.path}.nodes.max",
            f"all {workload.low} replicas of `{place.release.name}` are on one node",
            "write 2 or more, if the model must survive the loss of a node",
        )
