"""Texts of findings about placement: what a replica takes, what is short, and an order that strands a replica."""

from collections.abc import Sequence

from planning.placement.pools import PoolLoad
from planning.placement.problem import Vector, total
from planning.placement.verdict import Stranding
from planning.resolving.node import NodeOffer
from planning.resolving.pools import PoolView

_MIB_PER_GIB = 1024
_MILLICORES = 1000


def amount(resource: str, count: int) -> str:
    """`3 of nvidia.com/gpu`, `12 cores`, `80 GiB of memory`; what is short is never rounded to nothing."""
    if resource == "cpu":
        return f"{_rounded(count / _MILLICORES)} cores"
    if resource in ("memory", "ephemeral-storage"):
        return f"{_rounded(count / _MIB_PER_GIB)} GiB of {resource}"
    return f"{count} pods" if resource == "pods" else f"{count} of {resource}"


def _rounded(figure: float) -> str:
    return f"{figure:.1f}".removesuffix(".0")


def host(offer: NodeOffer) -> str:
    """What a node offers to pods besides devices."""
    return (
        f"{_rounded(offer.cpu_millicores / _MILLICORES)} cores, {_rounded(offer.memory_mib / _MIB_PER_GIB)} GiB of "
        f"memory and room for {offer.pods} pods"
    )


def most_nodes(pool: PoolView) -> str:
    """The most nodes of a pool: `max 3 nodes`, and that a pool never grows, where it never does."""
    if pool.fixed_size:
        return f"{pool.most_nodes} nodes: with slices of several MIG profiles it never grows beyond nodes.min"
    return f"max {pool.most_nodes} nodes"


def nodes_of(pool: PoolView) -> str:
    """The settings that decide how many nodes a pool can have."""
    return f"{pool.path}.nodes.min and nodes.max" if pool.fixed_size else f"{pool.path}.nodes.max"


def shortage(loaded: PoolLoad, index: int) -> str:
    """The resources of a pod class that the pool has too little of, and by how much; else one pod and one node."""
    problem = loaded.problem
    kind = problem.pod_classes[index].takes
    short = []
    for place, (resource, room) in enumerate(zip(loaded.resources, problem.room, strict=True)):
        wanted, available = total(problem.pod_classes, place), room * problem.nodes
        if kind[place] and wanted > available:
            number = amount(resource, available).split(" ")[0]
            missing = amount(resource, wanted - available).split(" ")[0]
            short.append(f"{amount(resource, wanted)} required, {number} available, {missing} short")
    return "; ".join(short) or (
        f"each replica takes {_taken(loaded, kind)}, each node offers {_taken(loaded, problem.room, kind)}, and no "
        "packing onto the nodes exists"
    )


def _taken(loaded: PoolLoad, amounts: Vector, of: Vector | None = None) -> str:
    """Amounts of the resources that `of` takes, pods left out."""
    wanted = of or amounts
    named = [
        amount(resource, amounts[index])
        for index, resource in enumerate(loaded.resources)
        if wanted[index] and resource != "pods"
    ]
    return ", ".join(named)


def order(loaded: PoolLoad, found: Stranding) -> str:
    """An order that strands a replica, as text: which replicas are on which node, and what the last one lacks."""
    names = [[workload.name for workload in members for _ in range(workload.high)] for members in loaded.workloads]
    last = names[found.waiting].pop()
    steps: list[tuple[int, int, str]] = []
    for node, counts in enumerate(found.places, start=1):
        held = ", ".join(
            _counted([name for members, count in zip(names, counts, strict=True) for name in _take(members, count)])
        )
        if held and steps and steps[-1][2] == held and steps[-1][1] == node - 1:
            steps[-1] = (steps[-1][0], node, held)
        elif held:
            steps.append((node, node, held))
    texts = [
        f"{held} on {f'node {low}' if low == high else f'each of the nodes {low} to {high}'}"
        for low, high, held in steps
    ]
    return f"{'; '.join(texts)}; then `{last}` finds no node with {_wanting(loaded, found)}"


def stranded(loaded: PoolLoad, found: Stranding) -> str:
    """Name of the Deployment whose replica is stranded."""
    return next(workload.name for workload in reversed(loaded.workloads[found.waiting]) if workload.high)


def _take(names: list[str], count: int) -> list[str]:
    taken, names[:count] = names[:count], []
    return taken


def _counted(names: Sequence[str]) -> list[str]:
    return [f"{names.count(name)} × `{name}`" for name in dict.fromkeys(names)]


def _wanting(loaded: PoolLoad, found: Stranding) -> str:
    """The resources that explain why no node has room: those that are short on some node."""
    problem = loaded.problem
    kind = problem.pod_classes[found.waiting].takes
    short = set()
    for counts in found.places:
        for index, room in enumerate(problem.room):
            used = sum(
                pod_class.takes[index] * count for pod_class, count in zip(problem.pod_classes, counts, strict=True)
            )
            if used + kind[index] > room:
                short.add(index)
    return ", ".join(amount(loaded.resources[index], kind[index]) for index in sorted(short)) + " free"
