"""Advice about node pools: nodes that nobody uses, and spot capacity where it is taken back, or could be had."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from advising.advice import Advice
from advising.changes import Change
from advising.comparison import Comparison
from config.pools import Pool

# Nodes that were taken back on a day, above which a model with objectives is better off on demand.
_TAKEN_BACK_A_DAY: Final = 1


def pools(comparison: Comparison) -> Iterator[Advice]:
    """All advice about one stack's pools."""
    for index, pool in enumerate(comparison.pools):
        if pool.pool_class == "background":
            continue
        yield from _idle(comparison, index, pool)
        yield from _spot(comparison, index, pool)


def _idle(comparison: Comparison, index: int, pool: Pool) -> Iterator[Advice]:
    busy, peak = comparison.of_pool("nodes_busy_peak", pool.name) or 0, comparison.of_pool("nodes_peak", pool.name)
    fewest, stack = pool.nodes.min, comparison.stack
    if peak is None or busy >= fewest or fewest == 0:
        return
    outcome = next(
        (
            found
            for number in range(int(busy), fewest)
            if (found := stack.tried(Change(("pools", index, "nodes", "min"), number))).holds
            and found.plan is not None
            and found.plan.cost.min_per_month < stack.plan.cost.min_per_month
        ),
        None,
    )
    advice = Advice(
        kind="NODES-IDLE",
        path=f"pools[{index}].nodes.min",
        planned=f"{fewest} nodes of {pool.vm_size} that always run",
        seen=(
            comparison.evidence("nodes_busy_peak", f"at most {busy:.0f} nodes at once with a GPU that computes"),
            comparison.evidence(
                "nodes_mean", f"{comparison.of_pool('nodes_mean', pool.name) or 0:.1f} nodes on average"
            ),
        ),
        change=f"write nodes.min: {int(busy)}",
        gain="the autoscaler starts nodes when replicas need them",
        certainty="high",
        because="what the GPUs computed was measured on every node",
    )
    if outcome is None:
        fewest_used = stack.tried(Change(("pools", index, "nodes", "min"), int(busy)))
        why = fewest_used.problem or "the fewest replicas of its models need these nodes: see their replicas.min"
        yield replace(advice, refused=why)
        return
    number = next(change.value for change in outcome.changes)
    yield comparison.proposed(replace(advice, change=f"write nodes.min: {number}"), outcome)


def _spot(comparison: Comparison, index: int, pool: Pool) -> Iterator[Advice]:
    different, peak = (comparison.of_pool(key, pool.name) for key in ("nodes_different", "nodes_peak"))
    if different is None or peak is None:
        return
    seen = (comparison.evidence("nodes_different", f"{different:.0f} different nodes, {peak:.0f} at once at most"),)
    members = [model for model in comparison.models if pool.name in model.pools]
    promised = [model.name for model in members if model.settings.slo is not None]
    # Only of a pool that never changes its size is each further node one that was taken back.
    lost = different - peak if pool.nodes.min == pool.nodes.max else 0.0
    if pool.capacity == "spot" and promised and lost >= _TAKEN_BACK_A_DAY * comparison.seen.days:
        advice = Advice(
            kind="SPOT-LOST",
            path=f"pools[{index}].capacity",
            planned="spot nodes, which Azure may take back",
            seen=seen,
            change="write capacity: on-demand",
            gain=f"{', '.join(promised)} keeps its replicas: {lost:.0f} nodes were replaced",
            certainty="medium",
            because="upgrades and repairs replace nodes too: see the events of the scale set",
        )
        yield comparison.proposed(advice, comparison.stack.tried(Change(("pools", index, "capacity"), "on-demand")))
    bursts = members and all(
        workload.role == "burst" for model in members for workload in model.plan.workloads if workload.pool == pool.name
    )
    if pool.capacity == "on-demand" and bursts and not promised:
        advice = Advice(
            kind="SPOT-POSSIBLE",
            path=f"pools[{index}].capacity",
            planned="nodes on demand, for replicas that come with load",
            seen=seen,
            change="write capacity: spot",
            gain="its models promise nothing, and their floor runs elsewhere",
            certainty="low",
            because="nobody knows how often Azure takes nodes of this size back here; the highest spot price counts",
        )
        outcome = comparison.stack.tried(Change(("pools", index, "capacity"), "spot"))
        yield comparison.proposed(advice, outcome)
