"""After a rollout or a move to another pool was broken off, the old stack file goes up, and so does a third one.

With a real API server and pods that run; `tests/engine/test_broken_off.py` breaks off every other kind of call.
"""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from planning.plan.labels import POOL_REVISION
from rehearsal.engine import OperationRefusedError
from rehearsal.fault_parts import impatient
from rehearsal.moments import signal_engine
from simulators.api_server.waiting import eventually
from tests.cluster.fault_cases import NEW_SIZE
from tests.cluster.fault_stack import FaultedStack
from tests.cluster.shown import shown_platform
from tests.cluster.story import Step, run_steps
from tests.engine import recovery
from tests.engine.broken_off import HOWS, How, again_while_busy
from tests.graph.stacks import Sections

pytestmark = [
    pytest.mark.long,
    pytest.mark.cluster,
    # A killed engine says no more.
    pytest.mark.filterwarnings("ignore:Error in event stream"),
]
CHAT = {"llm-platform/deployment": "chat"}
SIGNALS = {"cancelled": signal.SIGINT, "killed": signal.SIGKILL}
# More than a move takes to reach its end but for the last pod.
DRAIN_SECONDS = 6.0
Edit = Callable[[Sections], None]


@pytest.fixture
def stack(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    arm: Path,
    engine_binary: Path,
    control_plane_binaries: dict[str, Path],
) -> Iterator[FaultedStack]:
    """The development stack, up, with pods that take a while to end."""
    del engine_binary, control_plane_binaries
    with shown_platform(request.config, "dev", tmp_path_factory.mktemp("broken"), arm, shortcuts=True) as engine:
        stack = FaultedStack(engine, "dev")
        graces = [model.path.server.grace_seconds for model in stack.plan.models]
        engine.kubelets.grace_fraction = DRAIN_SECONDS / max(graces)
        stack.converges()
        yield stack


def arguments(number: int) -> Edit:
    def edit(sections: Sections) -> None:
        sections["models"][0]["engine"]["args"]["seed"] = number

    return edit


def pool(vm_size: str, os_disk_gib: int = 512) -> Edit:
    def edit(sections: Sections) -> None:
        sections["pools"][0].update(vm_size=vm_size, os_disk_gib=os_disk_gib)

    return edit


def new_pods(stack: FaultedStack) -> bool:
    """Whether the rollout has begun."""
    return len(stack.pods("llm", "chat")) > 1


def waiting_job(stack: FaultedStack) -> bool:
    """Whether the models have moved and a Job waits for their last pods."""
    jobs = stack.engine.client.list("batch/v1", "Job", "llm")
    return any(not (job.get("status") or {}).get("succeeded") for job in jobs)


def break_off(stack: FaultedStack, how: How, begun: Callable[[FaultedStack], bool]) -> None:
    """An update that ends in the middle of what it waits for."""
    if how == "failed":
        with impatient(stack), pytest.raises(OperationRefusedError):
            stack.stack.up()
        return

    def end() -> None:
        eventually(lambda: begun(stack), "what is waited for has begun")
        signal_engine(SIGNALS[how])

    with ThreadPoolExecutor() as beside:
        ending = beside.submit(end)
        with pytest.raises(OperationRefusedError):
            stack.stack.up()
        ending.result()
    if how == "killed":
        settle(stack)


def settle(stack: FaultedStack) -> None:
    """As docs/failed-updates.md says: remove the lock, delete what no state knows, forget that it was begun."""
    recovery.unlock(stack.stack)
    for orphan in stack.traces().orphans:
        kind, _, id_ = orphan.partition(" ")
        assert kind == "Job.batch", orphan
        namespace, _, name = id_.partition("/")
        stack.engine.client.delete("batch/v1", "Job", name, namespace, propagation="Foreground")
        eventually(
            lambda name=name, namespace=namespace: stack.engine.client.find("batch/v1", "Job", name, namespace) is None,
            f"{name} is gone",
        )
    stack.stack.refresh(clear_pending_creates=True)


def goes_up(stack: FaultedStack, how: How, edit: Edit) -> None:
    """After anything but an error the state is refreshed first, as the page on operating says."""
    stack.engine.kubelets.heal()
    stack.change(edit)
    again_while_busy(lambda: stack.stack.up(refresh=how != "failed"))
    stack.require_converged()
    require_mounted(stack)
    foundation = stack.plan.foundation
    revisions = {pool.revision for pool in (*stack.plan.pools, foundation.system_pool.pool)}
    nodes = stack.engine.client.list("v1", "Node")
    assert {node["metadata"]["labels"].get(POOL_REVISION) for node in nodes} == {None, *revisions}


def require_mounted(stack: FaultedStack) -> None:
    """Every ConfigMap that a live template or pod names is there, and no other one of a model."""
    client = stack.engine.client
    templates = [item["spec"]["template"]["spec"] for item in client.list("apps/v1", "Deployment", "llm")]
    pods = [item["spec"] for item in client.list("v1", "Pod", "llm") if not item["metadata"].get("deletionTimestamp")]
    named = {
        volume["configMap"]["name"]
        for spec in [*templates, *pods]
        for volume in spec.get("volumes") or []
        if "configMap" in volume
    }
    found = {item["metadata"]["name"] for item in client.list("v1", "ConfigMap", "llm")} - {"kube-root-ca.crt"}
    assert found == named


def rollout(stack: FaultedStack, how: How, old: int, new: int, then: int) -> None:
    """Arguments change from `old` to `new`, whose pods don't get ready, and to `then` afterwards."""
    assert stack.sections["models"][0]["engine"]["args"].get("seed", 0) == old
    stack.engine.kubelets.hold(**CHAT)
    stack.change(arguments(new))
    break_off(stack, how, new_pods)
    goes_up(stack, how, arguments(then))


def move(stack: FaultedStack, how: How, then: Edit) -> None:
    """The models' pool changes to another size, and as `then` says while their last pods have not ended."""
    stack.change(pool(NEW_SIZE))
    break_off(stack, how, waiting_job)
    goes_up(stack, how, then)


def test_a_rollout_or_a_move_that_was_broken_off_is_taken_back_or_followed_by_a_third(
    stack: FaultedStack, subtests: pytest.Subtests
) -> None:
    first = stack.sections["pools"][0]["vm_size"]
    goes_up(stack, "failed", arguments(1))
    run_steps(
        subtests,
        [
            *(Step(f"a rollout {how}: the old stack file", partial(rollout, stack, how, 1, 2, 1)) for how in HOWS),
            *(
                Step(f"a rollout {how}: a third stack file", partial(rollout, stack, how, old, old + 1, old + 2))
                for how, old in zip(HOWS, (1, 3, 5), strict=True)
            ),
            Step("a move failed: the old stack file", partial(move, stack, "failed", pool(first))),
            Step("a move killed: the old stack file", partial(move, stack, "killed", pool(first))),
            Step("a move cancelled: a third stack file", partial(move, stack, "cancelled", pool(first, 576))),
        ],
    )
