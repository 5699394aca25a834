"""The platform on a bad day: an update fails and says why, nothing is orphaned, and the next one converges."""

import contextlib
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simulators.aks.provider import POOL
from simulators.api_server.waiting import eventually
from simulators.azure import faults
from simulators.kubernetes_provider.applied_objects import CREATOR
from simulators.kubernetes_provider.provider import DEPLOYMENT, HELM_RELEASE
from tests.cluster import fault_recovery
from tests.cluster.fault_cases import (
    AZURE_IS_BUSY,
    COMPANY_RULE,
    NEW_SIZE,
    NO_MACHINE,
    NOT_SOLD,
    ON_THE_WAY_TO_ANOTHER_POOL,
    ON_THE_WAY_UP,
    REFUSED_BY_POLICY,
    SLOW_UPGRADE,
    Busy,
    Case,
)
from tests.cluster.fault_moments import signal_engine
from tests.cluster.fault_stack import FaultedStack
from tests.cluster.fault_traces import Traces
from tests.cluster.shown import shown_platform
from tests.engine.harness import OperationRefusedError
from tests.graph.stacks import Sections

pytestmark = [
    pytest.mark.cluster,
    # The SDK's abandoned coroutines of a refused update complain when they are collected.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
# Within this time the engine tells its providers that it is cancelled.
CANCEL_SECONDS = 30.0
METRICS = "monitoring/kube-prometheus-stack"


def name_of(case: Case | Busy) -> str:
    return case.name.replace(" ", "-")


def with_spare_pool(sections: Sections) -> None:
    """One pool more, which no model needs and which a change deletes before it makes another."""
    one_node = {"nodes": {"min": 1, "max": 1}, "rotation": "delete-first"}
    sections["pools"].append({**sections["pools"][0], "name": "spare", **one_node})


@pytest.fixture(scope="module")
def fresh(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    arm: Path,
    engine_binary: Path,
    control_plane_binaries: dict[str, Path],
) -> Iterator[FaultedStack]:
    """The development stack and a spare pool, which no update has brought to its end yet."""
    del engine_binary, control_plane_binaries
    with shown_platform(request.config, "dev", tmp_path_factory.mktemp("faults"), arm, shortcuts=True) as engine:
        yield FaultedStack(engine, "dev", with_spare_pool)


@pytest.fixture(scope="module")
def running(fresh: FaultedStack) -> FaultedStack:
    """The development stack as it runs, whatever came in the way of its first update."""
    fresh.converges()
    return fresh


def meet(stack: FaultedStack, case: Case) -> None:
    with case.begin(stack):
        outcome = stack.fails(case.resource, case.cause, parallel=case.parallel)
    stack.require_sound(outcome)


def other_arguments(sections: Sections) -> None:
    arguments = sections["models"][0]["engine"]["args"]
    arguments["max-num-batched-tokens"] = arguments.get("max-num-batched-tokens", 2048) + 1024


@pytest.mark.parametrize("case", ON_THE_WAY_UP, ids=name_of)
def test_a_first_update_that_fails_says_why_and_leaves_no_orphan(fresh: FaultedStack, case: Case) -> None:
    meet(fresh, case)


def test_after_all_of_them_the_next_update_ends_with_everything_running(running: FaultedStack) -> None:
    assert {name for _, name in running.serving} == {"chat", "embed"}


def test_what_only_a_cloud_or_only_the_state_knows_is_found(running: FaultedStack) -> None:
    client, cloud = running.engine.client, running.engine.cloud
    metadata = {"name": "left-over", "namespace": "llm"}
    left_over = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": "value"}}
    client.create(left_over, field_manager=CREATOR)
    (gateway,) = [resource for resource in cloud.azure if resource.token == "network:NatGateway"]
    cloud.remove(gateway.id)
    found = running.traces()
    cloud.put(gateway)
    client.delete("v1", "ConfigMap", "left-over", "llm")
    assert found == Traces(orphans=("ConfigMap llm/left-over",), ghosts=(gateway.id.lower(),))
    assert running.traces() == Traces()


def test_a_version_for_which_there_is_no_machine_waits_and_the_old_one_serves(running: FaultedStack) -> None:
    running.change(other_arguments)
    meet(running, NO_MACHINE)
    running.converges()


def test_a_short_absence_of_the_api_server_does_not_end_a_rollout(running: FaultedStack) -> None:
    (namespace, deployment, *_) = running.serving[0]
    kubelets, plane = running.engine.kubelets, running.engine.plane
    kubelets.delay(5.0, **{"llm-platform/deployment": deployment})
    running.change(other_arguments)

    def restart() -> None:
        eventually(lambda: len(running.pods(namespace, deployment)) > 1, "the rollout begins")
        plane.stop_api_server()
        plane.start_api_server()

    with ThreadPoolExecutor() as beside:
        restarts = []
        running.moments.before(lambda: restarts.append(beside.submit(restart)), DEPLOYMENT, method="Update")
        running.converges()
        (restarted,) = restarts
        restarted.result()
    kubelets.heal()


@pytest.fixture(scope="module")
def more_to_do(running: FaultedStack) -> FaultedStack:
    """A change of a pool and one of the store of weights, still to be made."""

    def more_nodes_and_days(sections: Sections) -> None:
        sections["pools"][0]["nodes"]["max"] += 1
        sections["storage"] = {"soft_delete_days": 14}

    running.change(more_nodes_and_days)
    return running


@pytest.mark.parametrize("busy", AZURE_IS_BUSY, ids=name_of)
def test_an_update_gives_up_on_an_azure_that_stays_busy(more_to_do: FaultedStack, busy: Busy) -> None:
    meet(more_to_do, busy.case(faults.TRIES))


def test_an_update_waits_for_an_azure_that_is_busy_for_a_while(more_to_do: FaultedStack) -> None:
    with contextlib.ExitStack() as busy_at_first:
        for busy in AZURE_IS_BUSY:
            busy_at_first.enter_context(busy.case(faults.TRIES - 1).begin(more_to_do))
        more_to_do.converges()


@pytest.fixture(scope="module")
def growing(running: FaultedStack) -> FaultedStack:
    """A model that is still to be added."""
    running.change(lambda sections: sections["models"].append({**sections["models"][1], "name": "more"}))
    return running


def test_the_preview_tells_already_what_a_policy_refuses(growing: FaultedStack) -> None:
    with REFUSED_BY_POLICY.begin(growing), pytest.raises(OperationRefusedError, match=COMPANY_RULE) as told:
        growing.stack.preview()
    assert told.value.outcome.writes() == ()
    meet(growing, REFUSED_BY_POLICY)


def test_an_update_that_is_cancelled_ends_what_it_has_begun_and_no_more(growing: FaultedStack) -> None:
    def cancel() -> None:
        signal_engine(signal.SIGINT)
        assert growing.engine.kubernetes.cancelled.wait(CANCEL_SECONDS)

    growing.moments.after(cancel, DEPLOYMENT)
    growing.require_sound(growing.fails("llm-platform-dev", "update canceled"))
    assert growing.state("more-deployment")["id"] == "llm/more"
    assert growing.engine.client.find("v1", "Service", "more", "llm") is None
    update = growing.converges()
    assert set(update.operations.values()) == {("create",)}


@pytest.mark.filterwarnings("ignore:Error in event stream")
def test_a_pool_that_was_made_when_the_engine_was_killed_is_adopted(running: FaultedStack, tmp_path: Path) -> None:
    running.change(lambda sections: sections["pools"].append({**sections["pools"][1], "name": "second"}))
    (pool,) = [pool for pool in running.plan.pools if pool.name == "second"]
    running.moments.after(lambda: signal_engine(signal.SIGKILL), POOL)
    with pytest.raises(OperationRefusedError):
        running.stack.up(parallel=1)
    (operation,) = fault_recovery.cut_off(running.stack)
    urn, made = operation["resource"]["urn"], running.engine.azure.machines.pool(pool.aks_name)
    open_ = Traces(orphans=(made.id.lower(),), pending=(f"creating {urn}",))
    assert urn.endswith(f"::{pool.logical_name}")
    assert running.traces() == open_
    with pytest.raises(OperationRefusedError, match=r"locked by 1 lock.*`pulumi cancel`"):
        running.stack.up()
    fault_recovery.unlock(running.stack)
    running.fails(pool.logical_name, "cannot create already existing resource")
    assert running.traces() == open_
    fault_recovery.adopt(running.stack, urn, made.id, tmp_path / "state.json")
    running.stack.refresh()
    update = running.converges()
    assert [call for call in update.writes() if call.method == "Create"] == []
    assert running.engine.azure.machines.pool(pool.aks_name).nodes == made.nodes


@pytest.fixture(scope="module")
def upgrading(running: FaultedStack) -> FaultedStack:
    """A chart that is still to get other values."""
    running.change(lambda sections: sections.update(observability={"retention_days": 30}))
    return running


def test_a_chart_that_is_not_upgraded_in_time_is_told(upgrading: FaultedStack) -> None:
    meet(upgrading, SLOW_UPGRADE)
    assert upgrading.engine.kubernetes.charts.status(METRICS) == "failed"


@pytest.mark.filterwarnings("ignore:Error in event stream")
def test_a_chart_whose_upgrade_was_cut_off_is_rolled_back_and_upgraded(upgrading: FaultedStack) -> None:
    charts = upgrading.engine.kubernetes.charts

    def cut_off() -> None:
        charts.cut_off(METRICS)
        signal_engine(signal.SIGKILL)

    upgrading.moments.before(cut_off, HELM_RELEASE, method="Update")
    with pytest.raises(OperationRefusedError):
        upgrading.stack.up(parallel=1)
    assert [operation["type"] for operation in fault_recovery.cut_off(upgrading.stack)] == ["updating"]
    fault_recovery.unlock(upgrading.stack)
    outcome = upgrading.fails("monitoring-release", r"another operation \(install/upgrade/rollback\) is in progress")
    upgrading.require_sound(outcome)
    charts.roll_back(METRICS)
    upgrading.converges()
    assert charts.status(METRICS) == "deployed"


def test_a_pool_that_went_before_another_could_be_had_is_made_by_the_next_update(running: FaultedStack) -> None:
    running.change(lambda sections: sections["pools"][1].update(vm_size=NEW_SIZE))
    (spare,) = [pool.logical_name for pool in running.plan.pools if pool.name == "spare"]
    with NOT_SOLD.begin(running):
        outcome = running.fails(spare, NOT_SOLD.cause)
    running.require_sound(outcome, spare)
    running.converges(spare)


@pytest.fixture(scope="module")
def rotating(running: FaultedStack) -> tuple[FaultedStack, str]:
    """A change of the VM size that is still to be made, and the logical name of the pool that goes with it."""
    old = running.plan.pools[0].logical_name
    running.change(lambda sections: sections["pools"][0].update(vm_size=NEW_SIZE))
    return running, old


@pytest.mark.parametrize("case", ON_THE_WAY_TO_ANOTHER_POOL, ids=name_of)
def test_models_serve_on_while_another_pool_can_not_be_had(rotating: tuple[FaultedStack, str], case: Case) -> None:
    stack, old = rotating
    meet(stack, case)
    assert stack.state(old)["id"]


def test_the_next_update_ends_the_change_of_the_pool(rotating: tuple[FaultedStack, str]) -> None:
    stack, old = rotating
    stack.converges(old)
