"""Machines are lost, unreachable or evicted: models run again where the Plan says, and updates complete."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path

import pytest

from rehearsal.fault_parts import impatient
from simulators.aks.provider import POOL
from simulators.api_server.client import Object
from simulators.api_server.waiting import eventually
from simulators.kubelet.pod_states import is_ready
from simulators.kubernetes_provider.provider import DEPLOYMENT
from tests.cluster.fault_cases import NEW_SIZE
from tests.cluster.fault_stack import FaultedStack
from tests.cluster.shown import shown_platform
from tests.graph.stacks import Sections

pytestmark = pytest.mark.cluster
# A pod of `chat` that asks for a replica beyond its floor, and one more.
BUSY = 12.0


def with_spot(sections: Sections) -> None:
    """The chat model on a pool that is always there, and on spot nodes while it has much to do."""
    size = sections["pools"][0]["vm_size"]
    sections["pools"] += [
        {"name": "floor", "class": "inference", "vm_size": size, "nodes": {"min": 1, "max": 2}},
        {"name": "burst", "class": "inference", "vm_size": size, "nodes": {"min": 0, "max": 2}, "capacity": "spot"},
    ]
    chat = sections["models"][0]
    chat["pool"] = ["floor", "burst"]
    del chat["slice"]


@pytest.fixture(scope="module")
def running(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    arm: Path,
    engine_binary: Path,
    control_plane_binaries: dict[str, Path],
) -> Iterator[FaultedStack]:
    """The development stack with a spot pool, up."""
    del engine_binary, control_plane_binaries
    with shown_platform(request.config, "dev", tmp_path_factory.mktemp("node-faults"), arm, shortcuts=True) as engine:
        stack = FaultedStack(engine, "dev", with_spot)
        stack.converges()
        yield stack


@pytest.fixture
def stack(running: FaultedStack) -> Iterator[FaultedStack]:
    """The stack with nothing to do, as its settings were at first; afterwards it is so again."""
    before = deepcopy(running.sections)
    yield running
    running.engine.azure.machines.exhausted.clear()
    running.engine.kubelets.heal()
    running.engine.keda.load("chat", 0)
    if running.sections != before:
        running.change(lambda sections: sections.update(deepcopy(before)))
        running.stack.up()
    running.require_converged()


def only_pod(stack: FaultedStack, name: str) -> Object:
    (pod,) = stack.pods(stack.deployment(name)[0], name)
    return pod


def other_arguments(stack: FaultedStack, model: int) -> None:
    def edit(sections: Sections) -> None:
        arguments = sections["models"][model].setdefault("engine", {}).setdefault("args", {})
        arguments["max-num-batched-tokens"] = arguments.get("max-num-batched-tokens", 8192) + 1024

    stack.change(edit)


def test_pods_of_a_lost_machine_run_on_another(stack: FaultedStack) -> None:
    lost = only_pod(stack, "embed")["spec"]["nodeName"]
    stack.engine.azure.machines.lose(lost)
    stack.require_pods(*stack.deployment("embed"))
    assert only_pod(stack, "embed")["spec"]["nodeName"] != lost
    stack.require_quiet()


def test_pods_of_an_unreachable_machine_run_on_another_and_can_be_updated(stack: FaultedStack) -> None:
    silent = only_pod(stack, "embed")["spec"]["nodeName"]
    stack.engine.kubelets.lose(silent)
    eventually(
        lambda: [pod["spec"].get("nodeName") != silent for pod in stack.pods("llm", "embed")] == [True],
        "a pod takes the place of the one that nobody hears of",
        timeout_seconds=90,
    )
    stack.require_pods(*stack.deployment("embed"))
    other_arguments(stack, 1)
    stack.converges()
    stack.engine.azure.machines.lose(silent)
    stack.require_quiet()


def test_a_rollout_outlives_the_machine_on_which_it_began(stack: FaultedStack) -> None:
    stack.engine.kubelets.delay(1.0, **{"llm-platform/deployment": "embed"})
    before = only_pod(stack, "embed")["metadata"]["uid"]

    def lose() -> None:
        def begun() -> list[str]:
            pods = [pod for pod in stack.pods("llm", "embed") if pod["metadata"]["uid"] != before]
            return [pod["spec"]["nodeName"] for pod in pods if pod["spec"].get("nodeName")]

        eventually(begun, "the rollout begins")
        stack.engine.azure.machines.lose(begun()[0])

    other_arguments(stack, 1)
    losses: list[Future[None]] = []
    with ThreadPoolExecutor() as beside:
        stack.moments.before(lambda: losses.append(beside.submit(lose)), DEPLOYMENT, method="Update")
        stack.converges()
    (loss,) = losses
    loss.result()
    stack.engine.kubelets.heal()


def test_a_pool_is_not_deleted_while_a_pod_on_it_may_still_answer(stack: FaultedStack) -> None:
    """The machine's state is unknown; the update reports what it waits for, and the next one completes the change."""
    silent, old = only_pod(stack, "embed")["spec"]["nodeName"], stack.plan.foundation.agent_pools[0]
    stack.engine.kubelets.lose(silent)
    stack.change(lambda sections: sections["pools"][0].update(vm_size=NEW_SIZE))
    with impatient(stack):
        outcome = stack.fails(r"model-embed-on-\w+-handover", "timed out waiting to be Ready")
    stack.require_consistent(outcome)
    assert silent in stack.engine.azure.machines.pool(old.aks_name).nodes
    stack.engine.azure.machines.lose(silent)
    stack.converges(old.logical_name)


def spot_pool(stack: FaultedStack) -> str:
    (pool,) = [made.aks_name for made in stack.plan.foundation.agent_pools if made.pool.spot]
    return pool


def test_the_floor_serves_while_spot_machines_are_evicted_and_return(stack: FaultedStack) -> None:
    floor = only_pod(stack, "chat")["metadata"]["uid"]
    stack.engine.keda.load("chat", BUSY)
    burst = stack.deployment("chat-burst")
    stack.require_pods(*burst, 2)
    taken = stack.engine.azure.machines.evict(spot_pool(stack))
    assert len(taken) == 2
    assert is_ready(only_pod(stack, "chat"))
    stack.require_pods(*burst, 2)
    assert not set(taken) & set(stack.engine.azure.machines.pool(spot_pool(stack)).nodes)
    assert only_pod(stack, "chat")["metadata"]["uid"] == floor
    stack.require_quiet()


def test_an_update_completes_while_no_spot_machine_is_available(stack: FaultedStack) -> None:
    machines = stack.engine.azure.machines
    stack.engine.keda.load("chat", BUSY)
    burst = stack.deployment("chat-burst")
    stack.require_pods(*burst, 2)
    machines.exhausted.add(spot_pool(stack))
    machines.evict(spot_pool(stack))
    other_arguments(stack, 0)
    stack.stack.up()
    assert not any(is_ready(pod) for pod in stack.pods("llm", "chat-burst"))
    assert is_ready(only_pod(stack, "chat"))
    stack.require_quiet()
    machines.exhausted.clear()
    stack.require_pods(*burst, 2)


def test_a_pool_that_somebody_deleted_is_created_again(stack: FaultedStack) -> None:
    (pool,) = [made for made in stack.plan.foundation.agent_pools if made.pool.name == "h100"]
    stack.engine.azure.delete(POOL, stack.engine.azure.machines.pool(pool.aks_name).id)
    assert not any(is_ready(pod) for pod in stack.pods("llm", "embed"))
    stack.stack.refresh()
    update = stack.converges()
    created = {call.name for call in update.writes() if call.method != "Update"}
    assert created == {pool.logical_name}
    # The refresh has found models without a ready pod: the update waits for them.
    waited = {call.type for call in update.writes() if call.method == "Update"}
    assert waited <= {DEPLOYMENT, "kubernetes:core/v1:Service"}
