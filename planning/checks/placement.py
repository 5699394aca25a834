"""Rules about placement: the pools at their largest hold all replicas, with the CPU and memory that they ask for."""

from collections.abc import Iterator

from planning.placement import groups, need, placements, resources
from planning.rules import Problem, rule
from planning.situation import Situation

_SCHEDULER = "https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/"


@rule(
    "PLACE-NODE", "error", prevents="Insufficient cpu or memory: the replica is larger than any node", source=_SCHEDULER
)
def replica_fits_node(s: Situation) -> Iterator[Problem]:
    """One replica fits an empty node of each of its pools."""
    for model in s.models:
        asked = model.settings.resources
        for pool, _ in model.placed:
            if asked is None or pool.offer is None:
                continue
            cpu, memory = pool.offer.cpu_millicores // 1000, pool.offer.memory_mib // 1024
            for what, wanted, offered in (("cpu", asked.cpu, cpu), ("memory_gib", asked.memory_gib, memory)):
                if wanted > offered:
                    yield (
                        f"{model.path}.resources.{what}",
                        f"{wanted}; a node of `{pool.name}` ({pool.settings.vm_size}) has {offered} left for pods",
                        f"write {offered} or less",
                    )


@rule(
    "PLACE-HOST-MEMORY",
    "error",
    prevents="a vLLM process killed for want of host memory while it loads",
    source="catalog/overheads.yaml",
)
def host_memory_suffices(s: Situation) -> Iterator[Problem]:
    """A replica's host memory holds the processes and the shared memory of vLLM."""
    overheads = s.catalog.overheads
    for model in s.models:
        if not model.placed:
            continue
        ranks = model.settings.engine.tensor_parallel
        least = overheads.vllm_host_memory_base_gib + overheads.vllm_host_memory_per_rank_gib * ranks
        least += overheads.shm_single_gpu_gib if ranks == 1 else overheads.shm_multi_gpu_gib
        memory = resources(model)[1]
        if memory < least:
            yield (
                f"{model.path}.resources.memory_gib",
                f"{memory} GiB for one replica; vLLM's processes and shared memory take about {least:.1f} GiB",
                f"write {int(-(-least // 1))} or more",
            )


@rule("PLACE-CAPACITY", "error", prevents="Pending: Insufficient nvidia.com/gpu", source=_SCHEDULER)
def pools_hold_replicas(s: Situation) -> Iterator[Problem]:
    """Every replica at the most finds a place when the pool is at its largest."""
    for pool in s.pool_by_name.values():
        loaded = placements(s)[pool.name]
        for group, missing in loaded.unplaced:
            one = need(group)
            asked = sum(member.high * member.count for member in loaded.groups if member.device == group.device)
            there = group.device.per_node * pool.settings.nodes.max
            short = (
                f"{asked} of {one.resource} wanted, {there} there"
                if asked > there
                else f"each replica takes {one.count} of {one.resource}, {one.cpu_millicores // 1000} cores and "
                f"{one.memory_mib // 1024} GiB of one node"
            )
            yield (
                f"{group.model.path}.replicas.max",
                (
                    f"{missing} of {group.high} replicas find no place on `{pool.name}` at {pool.settings.nodes.max} "
                    f"nodes: {short}"
                ),
                f"raise {pool.path}.nodes.max, or write fewer replicas",
            )


@rule("PLACE-SPREAD", "info", prevents="all replicas on one machine that fails", source=_SCHEDULER)
def one_node_holds_all(s: Situation) -> Iterator[Problem]:
    """Several replicas on a pool that never has more than one node fall together."""
    for model in s.models:
        for group in groups(model):
            if group.low > 1 and group.pool.settings.nodes.max == 1:
                yield (
                    f"{group.pool.path}.nodes.max",
                    f"all {group.low} replicas of `{model.name}` are on one node",
                    "write 2 or more, if the model must survive the loss of a node",
                )
