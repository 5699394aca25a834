"""Replicas of several pods, which run together or not at all: nothing unproved is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from planning_stacks import CATALOG, model, pool
from planning_stacks import settings as loaded

from planning.money import cost
from planning.placement import auto, placements, release_on_pool
from planning.placement.candidates import Objections
from planning.placement.pool_fill import PoolFill
from planning.placement.problem import Effort, PackingProblem, PodClass
from planning.placement.verdict import Proofs, judge
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import Workload, workloads_of
from planning.rules import REGISTER
from planning.rules.register import placement_errors, pool_errors


def stack_of_gangs(gang: int) -> Resolution:
    """A model of two replicas on four nodes of two GPUs, each replica of so many pods."""
    changes = {
        "pools[1]": pool("other", nodes={"min": 1, "max": 4}),
        "models[2]": model("more", "other", replicas={"min": 1, "max": 2}),
    }
    stack = Resolution(loaded(changes), CATALOG)
    workloads = tuple(
        replace(workload, pods_per_replica=gang) if workload.name == "more" else workload
        for workload in stack.workloads
    )
    stack.__dict__["workloads"] = workloads
    return stack


def findings(stack: Resolution, rule: str) -> list[str]:
    return [finding.path for finding in REGISTER[rule].findings(stack)]


def test_a_gang_that_may_fit_is_undecided() -> None:
    stack = stack_of_gangs(2)
    load = placements(stack)["other"]
    (gangs,) = load.problem.pod_classes
    assert (gangs.pods, gangs.gang) == (4, 2)
    assert (load.verdict.fits, load.verdict.every_order, load.verdict.spare) == (None, None, (None,))
    assert findings(stack, "PLACE-UNDECIDED") == ["pools[1].nodes.max"]
    assert findings(stack, "PLACE-CAPACITY") == []


def test_single_pods_are_decided_as_before() -> None:
    stack = stack_of_gangs(1)
    assert placements(stack)["other"].verdict.fits is True
    assert findings(stack, "PLACE-UNDECIDED") == []


def test_gangs_whose_pods_do_not_fit_singly_do_not_fit() -> None:
    stack = stack_of_gangs(5)
    assert placements(stack)["other"].verdict.fits is False
    assert findings(stack, "PLACE-CAPACITY") == ["models[2].replicas.max"]


def test_a_gang_costs_what_all_of_its_pods_cost() -> None:
    single, double = (cost.loads(stack_of_gangs(gang))["other"] for gang in (1, 2))
    assert double.high == 2 * single.high


@given(st.integers(1, 4), st.integers(1, 4), st.integers(2, 4), st.integers(1, 3))
def test_no_gang_is_ever_accepted(nodes: int, room: int, gang: int, replicas: int) -> None:
    problem = PackingProblem((room, 8), nodes, (PodClass((1, 1), gang * replicas, gang),))
    verdict = judge(problem)
    assert not verdict.fits
    assert not verdict.every_order
    assert not any(verdict.spare)
    assert not Proofs(Effort.STEPS).every_order(problem)


def test_auto_places_no_other_model_on_a_pool_with_gangs() -> None:
    other = stack_of_gangs(2).pools[1]
    fill = PoolFill(other, Proofs(Effort.STEPS))
    single = (1, 1000, 1024, 1024, 1)
    assert fill.has_room(single, 1, "one")
    assert not fill.has_room(single, 2, "gang", gang=2)
    fill.add(single, 2, "gang", gang=2)
    assert not fill.has_room(single, 1, "one")


def test_auto_never_reports_room_for_a_gang(monkeypatch: pytest.MonkeyPatch) -> None:
    def gangs_of(release: ReleaseView) -> tuple[Workload, ...]:
        return tuple(replace(workload, pods_per_replica=2) for workload in workloads_of(release))

    monkeypatch.setattr(release_on_pool, "workloads_of", gangs_of)
    changes = {"pools[1]": pool("other", nodes={"min": 1, "max": 4}), "models[2]": model("more", "auto")}
    objections = Objections(pool_errors, placement_errors)
    (choice,) = auto.resolve(Resolution(loaded(changes), CATALOG), objections).choices
    assert choice.pool is not None
    assert not choice.has_room
