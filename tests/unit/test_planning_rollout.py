"""How versions are replaced follows from what is free: with a surge pod, one replica fewer, or a reported downtime."""

from operator import attrgetter
from typing import Any

import pytest
from msgspec.structs import replace
from planning_stacks import model, plan, planned, pool
from planning_stacks import settings as loaded

from catalog import load
from planning import Plan
from planning.placement.rollout import rollout_steps
from planning.plan import RolloutPlan, WorkloadPlan
from planning.planner import plan_stack

SURGE = RolloutPlan(strategy="RollingUpdate", max_surge=1, max_unavailable=0)
ONE_FEWER = RolloutPlan(strategy="RollingUpdate", max_surge=0, max_unavailable=1)


def stack(nodes: tuple[int, int], **models: tuple[int, int, int]) -> dict[str, Any]:
    """Machines of two GPUs, and models by name with GPUs, fewest and most replicas."""
    changes: dict[str, Any] = {"pools[1]": pool("other", nodes={"min": nodes[0], "max": nodes[1]})}
    for index, (name, (gpus, low, high)) in enumerate(models.items(), start=2):
        changes[f"models[{index}]"] = model(
            name, "other", engine={"tensor_parallel": gpus}, replicas={"min": low, "max": high}
        )
    return changes


def workloads(found: Plan) -> dict[str, WorkloadPlan]:
    return {workload.name: workload for model in found.models for workload in model.workloads}


def messages(changes: dict[str, Any], rule: str) -> list[str]:
    return [finding.message for finding in planned(changes).findings if finding.rule == rule]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (stack((1, 1), one=(1, 1, 1)), {"one": SURGE}),
        (stack((1, 1), one=(2, 1, 1)), {"one": ONE_FEWER}),
        (stack((1, 2), one=(2, 1, 1)), {"one": SURGE}),
        (stack((1, 1), one=(1, 2, 2)), {"one": ONE_FEWER}),
        (stack((1, 1), one=(1, 1, 2)), {"one": ONE_FEWER}),
        (stack((1, 2), one=(1, 1, 3)), {"one": SURGE}),
        (stack((1, 1), one=(1, 1, 1), two=(1, 1, 1)), {"one": ONE_FEWER, "two": ONE_FEWER}),
        # Two GPUs are free, but perhaps one on each machine: that is room for the single, not for the pair.
        (stack((1, 3), single=(1, 2, 2), pair=(2, 1, 1)), {"single": SURGE, "pair": ONE_FEWER}),
        (stack((1, 4), single=(1, 2, 2), pair=(2, 1, 1)), {"single": SURGE, "pair": SURGE}),
    ],
)
def test_the_strategy_follows_from_what_is_free_in_every_order(
    changes: dict[str, Any], expected: dict[str, RolloutPlan]
) -> None:
    found = workloads(plan(changes))
    assert {name: found[name].rollout for name in expected} == expected


def test_a_surge_pod_needs_cores_and_memory_as_well() -> None:
    """Two GPUs of four are free; 80 of 94 cores are not."""
    wanted: dict[str, Any] = {"cpu": 40, "memory_gib": 64}
    changes = {
        "pools[1]": pool("other", vm_size="Standard_NC96ads_A100_v4", nodes={"min": 1, "max": 1}),
        "models[2]": model("more", "other", replicas={"min": 2, "max": 2}, resources=wanted),
    }
    assert workloads(plan(changes))["more"].rollout == ONE_FEWER
    wanted["cpu"] = 30
    assert workloads(plan(changes | {"models[2].resources.cpu": 30}))["more"].rollout == SURGE


def test_floor_and_burst_each_follow_their_own_pool() -> None:
    changes = {
        "pools[1]": pool("floor", nodes={"min": 1, "max": 1}),
        "pools[2]": pool("burst", capacity="spot", nodes={"min": 0, "max": 2}),
        "models[2]": model("more", ["floor", "burst"], replicas={"min": 2, "max": 5}, drain_seconds=20),
    }
    found = workloads(plan(changes))
    assert (found["more"].rollout, found["more-burst"].rollout) == (ONE_FEWER, SURGE)
    assert plan(changes).models[2].workloads[0].rollout == ONE_FEWER


@pytest.mark.parametrize(
    ("nodes", "hours"),
    [
        # A running machine has room.
        ((2, 2), 0.0),
        # Three GPUs needed, two always run: one more machine for three replicas of half an hour each at the longest.
        ((1, 2), 1.5),
        # Without room for a surge pod no extra node runs.
        ((1, 1), 0.0),
    ],
)
def test_what_a_surge_costs(nodes: tuple[int, int], hours: float) -> None:
    high = 2 if nodes == (1, 1) else 3
    assert workloads(plan(stack(nodes, one=(1, 1, high))))["one"].surge_node_hours == hours


def test_deadlines_are_above_the_start_up_budget() -> None:
    for workload in workloads(plan({"models[0].start_minutes": 45})).values():
        budget = 45 * 60 if workload.name == "chat" else 30 * 60
        # The replica before waits 45 seconds, drains for 600 and takes 20 to end; then half an hour for the node, and
        # 41 GB of layers and files onto a disk of 150 MB/s.
        assert workload.progress_seconds == 45 + 600 + 20 + budget + 1800 + 300
        assert workload.rollout_seconds == workload.progress_seconds * workload.replicas.max


@pytest.mark.parametrize(("surge", "unavailable", "steps"), [(1, 0, 3), (0, 1, 3), (1, 1, 2), (2, 1, 1), (3, 3, 1)])
def test_the_deadline_of_a_rollout_counts_its_steps(surge: int, unavailable: int, steps: int) -> None:
    assert (
        rollout_steps(3, RolloutPlan(strategy="RollingUpdate", max_surge=surge, max_unavailable=unavailable)) == steps
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (stack((1, 1), one=(2, 1, 1)), "so every rollout means downtime: up to 30 minutes, 65 where a new image"),
        (stack((1, 1), one=(1, 1, 2)), "so every rollout while it has one replica means downtime: up to 30 minutes"),
        (stack((1, 1), one=(2, 1, 1)) | {"models[2].start_minutes": 50}, "downtime: up to 50 minutes, 85 where"),
        (stack((1, 1), one=(1, 2, 2)), None),
        (stack((1, 2), one=(2, 1, 1)), None),
    ],
)
def test_downtime_is_reported_with_its_length(changes: dict[str, Any], message: str | None) -> None:
    found = messages(changes, "ROLLOUT-DOWNTIME")
    assert len(found) == (message is not None)
    assert message is None or message in found[0]


def test_an_added_model_changes_no_other_while_room_is_left() -> None:
    """Four GPUs: with one, two and three models of one GPU each something is free, with the fourth nothing is."""
    names = ("one", "two", "three", "four")
    plans = [plan(stack((2, 2), **dict.fromkeys(names[:count], (1, 1, 1)))) for count in range(1, 5)]
    first = [workloads(found)["one"] for found in plans]
    assert first[0] == first[1] == first[2]
    assert first[3] == replace(first[0], rollout=ONE_FEWER)


def test_the_order_of_pools_and_models_changes_nothing() -> None:
    changes = stack((1, 3), single=(1, 2, 2), pair=(2, 1, 1), auto=(1, 1, 2)) | {"models[4].pool": "auto"}
    settings = loaded(changes)
    turned = settings.model_copy(update={"pools": settings.pools[::-1], "models": settings.models[::-1]})
    written, reversed_ = (plan_stack(each, load()).plan for each in (settings, turned))
    assert written is not None
    assert reversed_ is not None
    assert workloads(written) == workloads(reversed_)
    assert sorted(written.pools, key=attrgetter("name")) == sorted(reversed_.pools, key=attrgetter("name"))
    assert sorted(written.models, key=attrgetter("name")) == sorted(reversed_.models, key=attrgetter("name"))
