"""Faults during an update: it fails with the cause, nothing is orphaned, and the next one converges."""

import contextlib
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from rehearsal.engine import OperationRefusedError
from rehearsal.fault_parts import COMPANY_RULE
from rehearsal.moments import signal_engine
from simulators.aks.provider import POOL
from simulators.api_server.waiting import eventually
from simulators.azure import faults
from simulators.kubernetes_provider.applied_objects import CREATOR
from simulators.kubernetes_provider.provider import DEPLOYMENT, HELM_RELEASE
from tests.cluster.fault_cases import (
    AZURE_IS_BUSY,
    NEW_SIZE,
    NO_MACHINE,
    NOT_SOLD,
    ON_THE_WAY_TO_ANOTHER_POOL,
    ON_THE_WAY_UP,
    REFUSED_BY_POLICY,
    SLOW_UPGRADE,
    Case,
)
from tests.cluster.fault_stack import FaultedStack
from tests.cluster.fault_traces import Traces
from tests.cluster.shown import shown_platform
from tests.cluster.story import Step, run_steps
from tests.engine import recovery
from tests.graph.stacks import Sections

pytestmark = [
    pytest.mark.long,
    pytest.mark.cluster,
    # A killed engine says no more.
    pytest.mark.filterwarnings("ignore:Error in event stream"),
]
# Within this time the engine cancels its providers.
CANCEL_SECONDS = 30.0
METRICS = "monitoring/kube-prometheus-stack"


def with_spare_pool(sections: Sections) -> None:
    """One pool more, which no model needs and which a change deletes before it makes another."""
    one_node = {"nodes": {"min": 1, "max": 1}, "rotation": "delete-first"}
    sections["pools"].append({**sections["pools"][0], "name": "spare", **one_node})


@pytest.fixture
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


def test_failed_updates_report_the_cause_and_the_next_one_converges(
    fresh: FaultedStack, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """One stack, from its first update to a change of its pool: each fault hits what the one before has let through."""
    stack, rotation = fresh, Rotation(fresh)
    steps = [
        *(Step(f"the first update: {case.name}", partial(meet, stack, case)) for case in ON_THE_WAY_UP),
        Step("the next update ends with everything running", partial(everything_runs, stack)),
        Step("what only a cloud or only the state knows is found", partial(traces_are_found, stack)),
        Step("other arguments are wanted", partial(stack.change, other_arguments)),
        Step("a version for which there is no machine waits and the old one serves", partial(no_machine, stack)),
        Step("a short absence of the API server does not end a rollout", partial(api_server_restarts, stack)),
        Step("more nodes and days of soft deletion are wanted", partial(stack.change, more_nodes_and_days)),
        *(
            Step(f"the update gives up on an Azure that stays busy: {busy.name}", partial(meet, stack, gives_up))
            for busy in AZURE_IS_BUSY
            for gives_up in [busy.case(faults.TRIES)]
        ),
        Step("the update waits for an Azure that is busy for a while", partial(busy_for_a_while, stack)),
        Step("one model more is wanted", partial(stack.change, one_model_more)),
        Step("the preview says already what a policy refuses", partial(refused_in_preview, stack)),
        Step("the update says what a policy refuses", partial(meet, stack, REFUSED_BY_POLICY)),
        Step("an update that is cancelled ends what it has begun and no more", partial(cancelled, stack)),
        Step(
            "a pool that was made when the engine was killed is adopted", partial(killed_and_adopted, stack, tmp_path)
        ),
        Step("other values of a chart are wanted", partial(stack.change, longer_retention)),
        Step("a chart that is not upgraded in time is reported", partial(upgraded_too_slowly, stack)),
        Step("a chart whose upgrade was cut off is rolled back and upgraded", partial(upgrade_cut_off, stack)),
        Step("a pool that went before another could be had is made by the next update", partial(gone_first, stack)),
        Step("another size of the models' pool is wanted", rotation.begin),
        *(
            Step(f"models serve on while another pool can not be had: {case.name}", partial(rotation.fails, case))
            for case in ON_THE_WAY_TO_ANOTHER_POOL
        ),
        Step("the next update ends the change of the pool", rotation.ends),
    ]
    run_steps(subtests, steps)


def meet(stack: FaultedStack, case: Case) -> None:
    with case.begin(stack):
        outcome = stack.fails(case.resource, case.cause, parallel=case.parallel)
    stack.require_consistent(outcome)


def everything_runs(stack: FaultedStack) -> None:
    stack.converges()
    assert {name for _, name in stack.serving} == {"chat", "embed"}


def traces_are_found(stack: FaultedStack) -> None:
    client, cloud = stack.engine.client, stack.engine.cloud
    metadata = {"name": "left-over", "namespace": "llm"}
    left_over = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": "value"}}
    client.create(left_over, field_manager=CREATOR)
    (gateway,) = [resource for resource in cloud.azure if resource.token == "network:NatGateway"]
    cloud.remove(gateway.id)
    found = stack.traces()
    cloud.put(gateway)
    client.delete("v1", "ConfigMap", "left-over", "llm")
    assert found == Traces(orphans=("ConfigMap llm/left-over",), ghosts=(gateway.id.lower(),))
    assert stack.traces() == Traces()


def other_arguments(sections: Sections) -> None:
    arguments = sections["models"][0]["engine"]["args"]
    arguments["max-num-batched-tokens"] = arguments.get("max-num-batched-tokens", 2048) + 1024


def no_machine(stack: FaultedStack) -> None:
    meet(stack, NO_MACHINE)
    stack.converges()


def api_server_restarts(stack: FaultedStack) -> None:
    (namespace, deployment, *_) = stack.serving[0]
    kubelets, plane = stack.engine.kubelets, stack.engine.plane
    kubelets.delay(5.0, **{"llm-platform/deployment": deployment})
    stack.change(other_arguments)

    def restart() -> None:
        eventually(lambda: len(stack.pods(namespace, deployment)) > 1, "the rollout begins")
        plane.stop_api_server()
        plane.start_api_server()

    with ThreadPoolExecutor() as beside:
        restarts = []
        stack.moments.before(lambda: restarts.append(beside.submit(restart)), DEPLOYMENT, method="Update")
        stack.converges()
        (restarted,) = restarts
        restarted.result()
    kubelets.heal()


def more_nodes_and_days(sections: Sections) -> None:
    sections["pools"][0]["nodes"]["max"] += 1
    sections["storage"] = {"soft_delete_days": 14}


def busy_for_a_while(stack: FaultedStack) -> None:
    with contextlib.ExitStack() as busy_at_first:
        for busy in AZURE_IS_BUSY:
            busy_at_first.enter_context(busy.case(faults.TRIES - 1).begin(stack))
        stack.converges()


def one_model_more(sections: Sections) -> None:
    sections["models"].append({**sections["models"][1], "name": "more"})


def refused_in_preview(stack: FaultedStack) -> None:
    with REFUSED_BY_POLICY.begin(stack), pytest.raises(OperationRefusedError, match=COMPANY_RULE) as caught:
        stack.stack.preview()
    assert caught.value.outcome.writes() == ()


def cancelled(stack: FaultedStack) -> None:
    def cancel() -> None:
        signal_engine(signal.SIGINT)
        assert stack.engine.kubernetes.cancellation.wait(CANCEL_SECONDS)

    stack.moments.after(cancel, DEPLOYMENT)
    stack.require_consistent(stack.fails("llm-platform-dev", "update canceled"))
    assert stack.state("more-deployment")["id"] == "llm/more"
    assert stack.engine.client.find("v1", "Service", "more-pods", "llm") is None
    update = stack.converges()
    assert set(update.operations.values()) == {("create",)}


def killed_and_adopted(stack: FaultedStack, folder: Path) -> None:
    stack.change(lambda sections: sections["pools"].append({**sections["pools"][1], "name": "second"}))
    (pool,) = [made for made in stack.plan.foundation.agent_pools if made.pool.name == "second"]
    stack.moments.after(lambda: signal_engine(signal.SIGKILL), POOL)
    with pytest.raises(OperationRefusedError):
        stack.stack.up(parallel=1)
    (operation,) = recovery.cut_off(stack.stack)
    urn, made = operation["resource"]["urn"], stack.engine.azure.machines.pool(pool.aks_name)
    open_ = Traces(orphans=(made.id.lower(),), pending=(f"creating {urn}",))
    assert urn.endswith(f"::{pool.logical_name}")
    assert stack.traces() == open_
    with pytest.raises(OperationRefusedError, match=r"locked by 1 lock.*`pulumi cancel`"):
        stack.stack.up()
    recovery.unlock(stack.stack)
    stack.fails(pool.logical_name, "cannot create already existing resource")
    assert stack.traces() == open_
    recovery.adopt(stack.stack, urn, made.id, folder / "state.json")
    stack.stack.refresh()
    update = stack.converges()
    assert [call for call in update.writes() if call.method == "Create"] == []
    assert stack.engine.azure.machines.pool(pool.aks_name).nodes == made.nodes


def longer_retention(sections: Sections) -> None:
    sections.setdefault("observability", {})["retention_days"] = 30


def upgraded_too_slowly(stack: FaultedStack) -> None:
    meet(stack, SLOW_UPGRADE)
    assert stack.engine.kubernetes.charts.status(METRICS) == "failed"


def upgrade_cut_off(stack: FaultedStack) -> None:
    charts = stack.engine.kubernetes.charts

    def cut_off() -> None:
        charts.cut_off(METRICS)
        signal_engine(signal.SIGKILL)

    stack.moments.before(cut_off, HELM_RELEASE, method="Update")
    with pytest.raises(OperationRefusedError):
        stack.stack.up(parallel=1)
    assert [operation["type"] for operation in recovery.cut_off(stack.stack)] == ["updating"]
    recovery.unlock(stack.stack)
    outcome = stack.fails("monitoring-release", r"another operation \(install/upgrade/rollback\) is in progress")
    stack.require_consistent(outcome)
    charts.roll_back(METRICS)
    stack.converges()
    assert charts.status(METRICS) == "deployed"


def gone_first(stack: FaultedStack) -> None:
    stack.change(lambda sections: sections["pools"][1].update(vm_size=NEW_SIZE))
    (spare,) = [made.logical_name for made in stack.plan.foundation.agent_pools if made.pool.name == "spare"]
    with NOT_SOLD.begin(stack):
        outcome = stack.fails(spare, NOT_SOLD.cause)
    stack.require_consistent(outcome, spare)
    stack.converges(spare)


class Rotation:
    """A change of the VM size of the models' pool; `old` is the logical name of the pool that goes with it."""

    def __init__(self, stack: FaultedStack) -> None:
        self.stack = stack
        self.old = ""

    def begin(self) -> None:
        self.old = self.stack.plan.foundation.agent_pools[0].logical_name
        self.stack.change(lambda sections: sections["pools"][0].update(vm_size=NEW_SIZE))

    def fails(self, case: Case) -> None:
        meet(self.stack, case)
        assert self.stack.state(self.old)["id"]

    def ends(self) -> None:
        self.stack.converges(self.old)
