"""Handmade pools on which some order strands a pod, or none does: planner and exhaustive search agree."""

import pytest
from fragment_stacks import STACKS, Stack
from placement_by_trying import can_place_all, can_strand, check_order, fits, less, problem_of

from planning.placement.problem import PackingProblem
from planning.placement.verdict import judge

each_stack = pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.title)


def problem(stack: Stack) -> PackingProblem:
    return problem_of(stack.room, stack.nodes, *((takes, count) for count, takes in stack.pods.values()))


@each_stack
def test_the_planner_decides_whether_every_order_works(stack: Stack) -> None:
    verdict = judge(problem(stack))
    assert verdict.fits is True
    assert verdict.every_order is stack.every_order
    if verdict.strands is not None:
        check_order(problem(stack), verdict.strands.waiting, verdict.strands.places)


@each_stack
def test_exhaustive_search_agrees(stack: Stack) -> None:
    assert can_place_all(problem(stack))
    assert can_strand(problem(stack)) is not stack.every_order


@pytest.mark.parametrize("stack", [stack for stack in STACKS if not stack.every_order], ids=lambda stack: stack.title)
def test_the_written_order_strands_its_last_pod(stack: Stack) -> None:
    free = [stack.room] * stack.nodes
    left = {name: count for name, (count, _) in stack.pods.items()}
    *placed, (last, nowhere) = stack.order
    assert nowhere is None
    for name, node in placed:
        assert node is not None
        takes = stack.pods[name][1]
        assert fits(free[node], takes), (name, node)
        free[node] = less(free[node], takes)
        left[name] -= 1
    left[last] -= 1
    assert min(left.values()) >= 0
    assert not any(fits(room, stack.pods[last][1]) for room in free)


def test_there_are_enough_examples_of_both_kinds() -> None:
    assert sum(not stack.every_order for stack in STACKS) >= 8
    assert sum(stack.every_order for stack in STACKS) >= 5
