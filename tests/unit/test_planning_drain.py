"""A node that holds replicas becomes empty within the drain that AKS is given, by the rules of disruption budgets."""

import math
from typing import Any

import pytest
from planning_stacks import CATALOG, model, plan, planned, pool

from planning import Plan
from planning.plan import AgentPoolPlan, WorkloadPlan

ND, TWO = "Standard_ND96isr_H100_v5", "Standard_NC80adis_H100_v5"
FAMILY = {"Standard_ND96isr_H100_v5": "standardNDSH100v5Family", TWO: "StandardNCadsH100v5Family"}
# Half an hour for the node, five minutes for the image; half an hour for the start; 665 seconds of grace.
NEXT, GRACE = 35 + 30, 12
# AKS' limits: https://learn.microsoft.com/azure/aks/upgrade-aks-cluster.
LEAST, LONGEST = 5, 1440


def stack(vm_size: str, nodes: int, high: int, *, quota: int | None = None, **more: Any) -> dict[str, Any]:
    """A pool of so many nodes with replicas of one model; a quota with cores for `quota` nodes of its family."""
    changes: dict[str, Any] = {
        "pools[1]": pool("other", vm_size=vm_size, nodes={"min": nodes, "max": nodes}),
        "models[2]": model("more", "other", replicas={"min": high, "max": high}, **more),
    }
    if quota is not None:
        # The development stack's own pool is in the family of the smaller size.
        own = 3 * 40 if vm_size == TWO else 0
        changes["quota"] = {FAMILY[vm_size]: quota * CATALOG.vm_sizes[vm_size].vcpu + own}
    return changes


def of(made: Plan) -> tuple[AgentPoolPlan, WorkloadPlan]:
    return made.foundation.agent_pools[1], made.models[2].workloads[0]


def allowed(budget: int | str, replicas: int) -> int:
    """`maxUnavailable` of so many replicas: pkg/controller/disruption, GetScaledValueFromIntOrPercent, rounded up."""
    return budget if isinstance(budget, int) else math.ceil(replicas * int(budget.removesuffix("%")) / 100)


def waits(budget: int, on_node: int, elsewhere: int) -> int | None:
    """How often a drain waits for successors, of which so many can be scheduled; None where it waits for ever.

    At first the successors of the node before are not ready, as many as the budget allows.
    """
    left, starting, waited, pending = on_node, budget, 0, 0
    while left:
        free = budget - starting - pending
        if free:
            gone = min(free, left)
            left, starting = left - gone, starting + min(gone, elsewhere)
            pending += gone - min(gone, elsewhere)
            elsewhere -= min(gone, elsewhere)
        elif starting:
            starting, waited = 0, waited + 1
        else:
            return None
    return waited


@pytest.mark.parametrize(
    ("vm_size", "nodes", "high", "quota", "on_node", "budget", "minutes"),
    [
        # Two on a node, and a node more than they need.
        (TWO, 2, 2, None, 2, 1, 2 * NEXT + GRACE),
        (ND, 2, 8, None, 8, 1, 8 * NEXT + GRACE),
        (ND, 2, 3, None, 3, 1, 3 * NEXT + GRACE),
        # Full, with a surge node.
        (ND, 1, 8, 2, 8, 1, 8 * NEXT + GRACE),
        (ND, 2, 16, 3, 8, 1, 8 * NEXT + GRACE),
        # Full, without one: no quota is stated, or one without room.
        (ND, 1, 8, None, 8, "88%", NEXT + GRACE),
        (ND, 1, 8, 1, 8, "88%", NEXT + GRACE),
        (TWO, 1, 2, None, 2, "51%", NEXT + GRACE),
        # With few replicas one at a time can be scheduled elsewhere.
        (TWO, 4, 8, None, 2, "13%", 2 * NEXT + GRACE),
        # Free places on the node that is drained are none.
        (ND, 1, 3, None, 3, "67%", NEXT + GRACE),
        (ND, 2, 12, None, 8, "59%", 2 * NEXT + GRACE),
    ],
)
def test_a_node_becomes_empty_within_its_drain(
    vm_size: str, nodes: int, high: int, quota: int | None, on_node: int, budget: int | str, minutes: int
) -> None:
    """Surge nodes are there before the drain; without one the other nodes have what the replicas leave free."""
    found, workload = of(plan(stack(vm_size, nodes, high, quota=quota)))
    assert (workload.disruption_budget, found.drain_minutes) == (budget, minutes)
    surges = found.max_surge == "1"
    assert surges == (quota is not None and quota > nodes)
    per_node = CATALOG.vm_sizes[vm_size].gpu_count
    for replicas in range(1, high + 1):
        # As many as possible on the drained node, then as few.
        for here in {min(replicas, on_node), max(1, replicas - per_node * (nodes - 1))}:
            elsewhere = per_node if surges else per_node * (nodes - 1) - (replicas - here)
            waited = waits(allowed(budget, replicas), here, elsewhere)
            assert waited is not None, (replicas, here)
            assert waited * NEXT + GRACE <= minutes, (replicas, here)


def test_the_old_figures_do_not_pass_this_test() -> None:
    """A budget of one on a full node never ends, and eight replicas take more than one start."""
    assert waits(1, 2, 0) is None
    assert waits(1, 8, 8) == 8


def test_many_small_replicas_leave_several_at_a_time_rather_than_longer_than_aks_waits() -> None:
    slices: dict[str, Any] = {
        "pools[1]": pool(
            "other", vm_size=ND, nodes={"min": 2, "max": 2}, gpu={"sharing": "mig", "layout": ["3g.40gb", "3g.40gb"]},
            os_disk_gib=1024,
        ),
        "models[2]": model(
            "more", "other", replicas={"min": 16, "max": 16}, slice="3g.40gb", start_minutes=120
        ),
    }  # fmt: skip
    found, workload = of(plan(slices))
    budget = workload.disruption_budget
    assert isinstance(budget, int)
    assert budget == 2
    assert found.drain_minutes is not None
    wait = found.drain_minutes - GRACE
    assert 8 * (30 + 120) <= wait < wait + GRACE <= LONGEST
    # One at a time would take twice as long.
    assert 2 * wait > LONGEST


@pytest.mark.parametrize("high", [1, 2, 8])
@pytest.mark.parametrize("start", [5, 30, 120])
@pytest.mark.parametrize("drain", [10, 7200])
def test_aks_takes_every_drain(high: int, start: int, drain: int) -> None:
    changes = stack(ND, 2, high, start_minutes=start, drain_seconds=drain)
    made = plan({**changes, "gateway.request_timeout_seconds": max(30, drain)})
    for found in made.foundation.agent_pools:
        assert found.drain_minutes is not None
        assert LEAST <= found.drain_minutes <= LONGEST
        assert found.drain_minutes * 60 >= drain


def test_one_replica_has_no_budget_and_leaves_at_once() -> None:
    found, workload = of(plan(stack(ND, 1, 1)))
    assert (workload.disruption_budget, found.drain_minutes) == (None, 60)


def test_spot_nodes_are_evicted_and_never_drained_for_an_upgrade() -> None:
    changes = stack(TWO, 1, 4, drain_seconds=20)
    more = {"pools[2]": pool("spot", vm_size=TWO, nodes={"min": 0, "max": 1}, capacity="spot")}
    made = plan({**changes, **more, "models[2].pool": ["other", "spot"], "models[2].replicas": {"min": 2, "max": 4}})
    found, workload = made.foundation.agent_pools[2], made.models[2].workloads[1]
    assert (workload.disruption_budget, found.drain_minutes, found.max_surge) == (1, None, None)


def test_the_warning_says_how_many_stop_and_for_how_long() -> None:
    (found,) = [
        finding for finding in planned(stack(TWO, 4, 8)).findings
        if finding.rule == "UPGRADE-DOWNTIME"
    ]  # fmt: skip
    assert "2 of 8 replicas of `more`" in found.message
    assert "65 minutes" in found.message
    assert "pools[1].nodes.max" in found.fix
    assert "quota.StandardNCadsH100v5Family" in found.fix
