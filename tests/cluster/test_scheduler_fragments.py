"""Pod orders that the planner reports as stranding a pod do so with the real scheduler; other orders of them don't."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from planning.placement.verdict import judge
from tests.cluster.fragment_trials import FRAGMENTS, MORE, Steps, another_order, is_spread, node_name, nodes, pods
from tests.cluster.scheduler_trials import (
    SchedulingControlPlane,
    add_nodes,
    placed,
    scheduling_control_plane,
)
from tests.cluster.shown import shown_on_failure
from tests.unit.fragment_stacks import Stack
from tests.unit.placement_by_trying import can_place_all, can_strand, problem_of

pytestmark = pytest.mark.cluster
TITLES = {stack.title: number for number, stack in enumerate(FRAGMENTS)}


@pytest.fixture(scope="module")
def plane(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, control_plane_binaries: dict[str, Path]
) -> Iterator[SchedulingControlPlane]:
    del control_plane_binaries
    with (
        scheduling_control_plane(tmp_path_factory.mktemp("fragments")) as running,
        shown_on_failure(request.config, running),
    ):
        add_nodes(running.client, (node for number, stack in enumerate(FRAGMENTS) for node in nodes(number, stack)))
        yield running


def outcome(plane: SchedulingControlPlane, steps: Mapping[str, Steps], *, steered: bool) -> dict[str, list[str]]:
    """The node of every step's pod, "" for none, by the stack's title; all stacks at once."""
    sequences = {
        stack.title: pods(number, stack, steps[stack.title], steered=steered)
        for number, stack in enumerate(FRAGMENTS)
        if stack.title in steps
    }
    # The last pod of a strand waits for good, any other must find its node.
    settled = [pod["metadata"]["name"] for sequence in sequences.values() for pod in sequence[:-1]]
    found = placed(plane.client, list(sequences.values()), settled)
    return {title: [found[pod["metadata"]["name"]] for pod in sequence] for title, sequence in sequences.items()}


def expected(title: str, steps: Steps) -> list[str]:
    return ["" if node is None else node_name(TITLES[title], node) for _, node in steps]


def test_there_are_enough_of_them() -> None:
    assert len(FRAGMENTS) >= 10


@pytest.mark.parametrize("stack", MORE, ids=lambda stack: stack.title)
def test_the_planner_agrees_with_exhaustive_search(stack: Stack) -> None:
    problem = problem_of(stack.room, stack.nodes, *((takes, count) for count, takes in stack.pods.values()))
    verdict = judge(problem)
    assert (verdict.fits, verdict.every_order) == (True, False)
    assert can_place_all(problem)
    assert can_strand(problem)


def test_the_order_that_a_stack_names_strands_its_last_pod(plane: SchedulingControlPlane) -> None:
    steps = {stack.title: stack.order for stack in FRAGMENTS}
    found = outcome(plane, steps, steered=True)
    assert found == {title: expected(title, one) for title, one in steps.items()}


def test_another_order_of_the_same_pods_places_them_all(plane: SchedulingControlPlane) -> None:
    steps = {stack.title: another_order(stack) for stack in FRAGMENTS}
    found = outcome(plane, steps, steered=True)
    assert found == {title: expected(title, one) for title, one in steps.items()}


def test_the_scheduler_s_own_scores_strand_the_last_pod_where_the_order_spreads_pods(
    plane: SchedulingControlPlane,
) -> None:
    """Without steering, and without ties: an emptier node always has the higher score."""
    spread = [stack for stack in FRAGMENTS if is_spread(stack)]
    assert len(spread) >= 10
    found = outcome(plane, {stack.title: stack.order for stack in spread}, steered=False)
    assert [title for title, where in found.items() if where[-1] or not all(where[:-1])] == []
