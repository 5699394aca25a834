"""The proofs about placement compared with their definitions, by exhaustive search on small pools."""

import sys
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from placement_by_trying import can_place_all, can_strand, check_order, problem_of, room_for_one_more

from planning.placement import fragmentation, packing
from planning.placement.problem import (
    Effort,
    PackingProblem,
    PodClass,
    SpentError,
    parts,
)
from planning.placement.verdict import (
    Proofs,
    enough_in_every_order,
    enough_to_hold,
    judge,
)


@st.composite
def problems(draw: st.DrawFn) -> PackingProblem:
    """Up to three nodes, three resources, three pod classes and seven pods; each pod fits an empty node."""
    resources = draw(st.integers(1, 3))
    room = tuple(draw(st.lists(st.integers(1, 8), min_size=resources, max_size=resources)))
    pod_classes, left = [], 7
    for _ in range(draw(st.integers(1, 3))):
        takes = tuple(draw(st.integers(0, most)) for most in room)
        pods = draw(st.integers(0, left))
        left -= pods
        pod_classes.append(PodClass(takes, pods))
    return PackingProblem(room, draw(st.integers(1, 3)), tuple(pod_classes))


@settings(max_examples=500)
@given(problems())
def test_pods_fit_exactly_where_exhaustive_search_places_them(problem: PackingProblem) -> None:
    assert judge(problem).fits is can_place_all(problem)


@settings(max_examples=500)
@given(problems())
def test_every_order_works_exactly_where_no_order_strands_a_pod(problem: PackingProblem) -> None:
    verdict = judge(problem)
    assert verdict.every_order is not can_strand(problem)
    assert (verdict.strands is None) is verdict.every_order
    if verdict.strands is not None:
        check_order(problem, verdict.strands.waiting, verdict.strands.places)


@settings(max_examples=300)
@given(problems())
def test_there_is_spare_room_where_every_order_leaves_it(problem: PackingProblem) -> None:
    spare = judge(problem).spare
    assert list(spare) == [room_for_one_more(problem, index) for index in range(len(problem.pod_classes))]


@settings(max_examples=300)
@given(problems())
def test_the_order_of_pod_classes_and_splitting_them_change_nothing(problem: PackingProblem) -> None:
    verdict = judge(problem)
    turned = judge(replace(problem, pod_classes=problem.pod_classes[::-1]))
    split = judge(
        replace(
            problem,
            pod_classes=tuple(
                part
                for pod_class in problem.pod_classes
                for part in (
                    replace(pod_class, pods=pod_class.pods // 2),
                    replace(pod_class, pods=pod_class.pods - pod_class.pods // 2),
                )
            ),
        )
    )
    for variant in (turned, split):
        assert (variant.fits, variant.every_order) == (verdict.fits, verdict.every_order)
        assert sum(variant.left) == sum(verdict.left)
    assert turned.spare == verdict.spare[::-1]


@settings(max_examples=300)
@given(problems())
def test_pods_are_left_over_exactly_where_not_all_were_placed(problem: PackingProblem) -> None:
    verdict = judge(problem)
    assert (sum(verdict.left) == 0) is verdict.fits
    placed = replace(
        problem,
        pod_classes=tuple(
            replace(pod_class, pods=pod_class.pods - left)
            for pod_class, left in zip(problem.pod_classes, verdict.left, strict=True)
        ),
    )
    assert can_place_all(placed)


@settings(max_examples=200)
@given(problems())
def test_the_suggested_number_of_nodes_is_enough(problem: PackingProblem) -> None:
    assert judge(replace(problem, nodes=enough_to_hold(problem))).fits
    assert judge(replace(problem, nodes=enough_in_every_order(problem))).every_order


@settings(max_examples=200)
@given(problems())
def test_more_nodes_never_make_it_worse(problem: PackingProblem) -> None:
    few, more = judge(problem), judge(replace(problem, nodes=problem.nodes + 1))
    assert not few.fits or more.fits
    assert not few.every_order or more.every_order
    assert all(after or not before for before, after in zip(few.spare, more.spare, strict=True))


@settings(max_examples=300)
@given(problems())
def test_counting_never_refuses_pods_that_can_be_placed(problem: PackingProblem) -> None:
    assert not (packing.too_many(problem) and can_place_all(problem))


def test_devices_of_each_kind_are_separate_problems_where_no_other_resource_runs_out() -> None:
    """Two kinds of slices, and cores enough for all of them: two problems of one resource each."""
    problem = problem_of((2, 3, 100), 2, ((1, 0, 20), 4), ((1, 0, 10), 1), ((0, 1, 19), 5))
    found = parts(problem)
    assert [(part.resources, part.members) for part in found] == [((1,), ((2,),)), ((0,), ((0, 1),))]


def test_a_shared_resource_that_may_run_out_keeps_them_in_one_problem() -> None:
    problem = problem_of((2, 3, 90), 2, ((1, 0, 20), 4), ((0, 1, 19), 5))
    assert len(parts(problem)) == 1


def test_a_pod_that_fits_no_empty_node_is_stranded() -> None:
    verdict = judge(problem_of((2,), 2, ((3,), 1)))
    assert verdict.fits is False
    assert verdict.strands is not None
    check_order(problem_of((2,), 2, ((3,), 1)), verdict.strands.waiting, verdict.strands.places)


def test_without_nodes_nothing_fits() -> None:
    assert judge(problem_of((2,), 0, ((1,), 1))).fits is False


def many_odd_sizes(sizes: int = 20, pods: int = 9, nodes: int = 40) -> PackingProblem:
    """Odd sizes where more cores mean less memory; in total three quarters of the nodes."""
    return problem_of((1000, 1000), nodes, *(((101 + 7 * index, 211 - 5 * index), pods) for index in range(sizes)))


def test_a_search_that_is_given_up_returns_none() -> None:
    """They fit; counting proves no more, and there are too many orders for the search."""
    verdict = judge(many_odd_sizes())
    assert verdict.fits is True
    assert verdict.every_order is None
    assert None in verdict.spare


def test_counting_avoids_the_search_for_fewer_and_for_more_pods() -> None:
    """One pod fewer of each size, and no order strands any; one more, and first fit does."""
    assert judge(many_odd_sizes(pods=8)).every_order is True
    assert judge(many_odd_sizes(pods=10)).every_order is False


@pytest.mark.parametrize("steps", [1000, 4000])
@pytest.mark.parametrize("problem", [many_odd_sizes(), many_odd_sizes(12, 15), many_odd_sizes(24, 19, 100)])
def test_the_work_of_a_search_is_bounded_by_its_steps(problem: PackingProblem, steps: int) -> None:
    """Counted in calls of functions, some ten to thirty a step, whatever the machine."""
    effort, calls, before = Effort(steps), 0, sys.getprofile()

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    others = tuple(pod_class.pods - (index == 0) for index, pod_class in enumerate(problem.pod_classes))
    sys.setprofile(count)
    try:
        with pytest.raises(SpentError):
            fragmentation.search(problem, 0, others, effort)
    finally:
        sys.setprofile(before)
    # The last step may be as large as there are pod classes.
    assert -len(problem.pod_classes) <= effort.left < 0
    assert calls < 40 * steps


def test_many_problems_share_their_steps_and_the_last_are_not_searched() -> None:
    proofs = Proofs(Effort.STEPS + 1000)
    answers = [proofs.every_order(many_odd_sizes(nodes=nodes)) for nodes in (39, 40, 41)]
    assert answers == [None, None, None]
    assert proofs.left == 0
    # What counting proves needs no steps.
    assert proofs.every_order(many_odd_sizes(pods=8)) is True
    assert proofs.every_order(many_odd_sizes(pods=40)) is False


@settings(max_examples=300)
@given(problems())
def test_problems_that_share_their_steps_get_the_same_answers(problem: PackingProblem) -> None:
    assert Proofs(Effort.STEPS).every_order(problem) is judge(problem).every_order


def test_effort_is_spent_after_its_steps_and_at_its_depth() -> None:
    effort = Effort(steps=2)
    effort.step()
    effort.step()
    with pytest.raises(SpentError):
        effort.step()
    with pytest.raises(SpentError):
        Effort().step(depth=Effort.DEPTH + 1)
