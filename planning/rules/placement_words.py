"""Texts of findings about placement: what a replica takes, what is short, and an order that strands one."""

from collections.abc import Sequence

from planning.placement.pools import PoolLoad
from planning.placement.problem import Vector, total
from planning.placement.verdict import Stranding
from planning.resolving.node import NodeOffer

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
        f"memory and places for {offer.pods} pods"
    )


def shortage(loaded: PoolLoad, batch: int) -> str:
    """What of all that a batch takes is short on the whole pool, and by how much; else what a node has."""
    problem = loaded.problem
    kind = problem.batches[batch].takes
    short = []
    for index, (resource, room) in enumerate(zip(loaded.resources, problem.room, strict=True)):
        wanted, available = total(problem.batches, index), room * problem.nodes
        if kind[index] and wanted > available:
            number = amount(resource, available).split(" ")[0]
            missing = amount(resource, wanted - available).split(" ")[0]
            short.append(f"{amount(resource, wanted)} wanted, {number} available, {missing} short")
    return "; ".join(short) or (
        f"each takes {_taken(loaded, kind)}, a node has {_taken(loaded, problem.room, kind)}, and no packing onto the "
        "nodes exists"
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
    """An order that strands a replica, in words: which comes to which node, and what the last one doesn't find."""
    names = [[workload.name for workload in members for _ in range(workload.high)] for members in loaded.batches]
    last = names[found.waiting].pop()
    steps: list[tuple[int, int, str]] = []
    for node, counts in enumerate(found.places, start=1):
        held = ", ".join(
            _counted([name for batch, count in zip(names, counts, strict=True) for name in _take(batch, count)])
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
    return next(workload.name for workload in reversed(loaded.batches[found.waiting]) if workload.high)


def _take(names: list[str], count: int) -> list[str]:
    taken, names[:count] = names[:count], []
    return taken


def _counted(names: Sequence[str]) -> list[str]:
    return [f"{names.count(name)} × `{name}`" for name in dict.fromkeys(names)]


def _wanting(loaded: PoolLoad, found: Stranding) -> str:
    """The least resources that explain why each node has no room: those that are short on some node."""
    problem = loaded.problem
    kind = problem.batches[found.waiting].takes
    short = set()
    for counts in found.places:
        for index, room in enumerate(problem.room):
            used = sum(batch.takes[index] * count for batch, count in zip(problem.batches, counts, strict=True))
            if used + kind[index] > room:
                short.add(index)
    return ", ".join(amount(loaded.resources[index], kind[index]) for index in sorted(short)) + " free"
