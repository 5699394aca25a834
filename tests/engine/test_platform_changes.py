"""A change of one setting changes what it must and nothing else, in an order that keeps the platform serving."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.harness import StackRun
from tests.engine.outcome import Outcome
from tests.engine.platform_stacks import engine_for, run, section, settings

pytestmark = pytest.mark.engine
OTHER_SIZE = "Standard_NC80adis_H100_v5"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, arm: Path, engine_binary: Path) -> Iterator[StackRun]:
    del engine_binary
    with engine_for("dev", tmp_path_factory.mktemp("changes"), arm) as engine:
        yield run(engine, "dev")


@pytest.fixture
def dev(running: StackRun) -> StackRun:
    """The stack as its file has it."""
    running.configure(settings(running.name))
    running.up()
    return running


def change(stack: StackRun, edit: Callable[[dict[str, Any]], None]) -> Outcome:
    """Preview and apply changed settings; the update does what the preview said, and then all is quiet."""
    edited = settings(stack.name)
    edit(edited)
    stack.configure(edited)
    told = stack.preview()
    done = stack.up()
    assert {urn: set(ops) for urn, ops in done.operations.items()} == {
        urn: set(ops) for urn, ops in told.operations.items()
    }
    assert stack.preview().operations == {}
    return done


def kinds(outcome: Outcome) -> dict[tuple[str, str], tuple[str, ...]]:
    """Operations by resource type and logical name."""
    return {
        (urn.split("::")[2].rpartition("$")[2], urn.rpartition("::")[2]): tuple(sorted(ops))
        for urn, ops in outcome.operations.items()
    }


def test_a_changed_argument_of_vllm_rolls_one_model(dev: StackRun) -> None:
    def more_batched_tokens(edited: dict[str, Any]) -> None:
        section(edited, "models")[0]["engine"]["args"]["max-num-batched-tokens"] = 4096

    done = change(dev, more_batched_tokens)
    deployment, arguments = ":Deployment", ":ConfigMap"
    assert kinds(done) == {
        ("kubernetes:apps/v1:Deployment", "chat-deployment"): ("update",),
        ("kubernetes:core/v1:ConfigMap", "model-chat-arguments"): ("create-replacement", "delete-replaced", "replace"),
    }
    order = [(call.method, call.type.rpartition("/v1")[2]) for call in done.writes()]
    # The pods of the old arguments run until the new ones do: their ConfigMap must outlive them.
    assert order == [("Create", arguments), ("Update", deployment), ("Delete", arguments)]


def test_a_changed_vm_size_makes_the_new_pool_first_and_drops_the_old_last(dev: StackRun) -> None:
    def bigger(edited: dict[str, Any]) -> None:
        section(edited, "pools")[0]["vm_size"] = OTHER_SIZE

    done = change(dev, bigger)
    writes = done.writes()
    moments = {
        (call.method, call.type.rpartition(":")[2]): call.order
        for call in writes
        if call.type.endswith((":AgentPool", ":Deployment"))
    }
    rolled = [call.order for call in writes if (call.method, call.type) == ("Update", "kubernetes:apps/v1:Deployment")]
    assert len(rolled) == len(section(settings("dev"), "models"))
    assert moments["Create", "AgentPool"] < min(rolled)
    assert moments["Delete", "AgentPool"] == max(call.order for call in writes)
    assert moments["Delete", "AgentPool"] > max(rolled)
    assert not any(call.method == "Delete" and call.type.endswith(":Deployment") for call in writes)


def test_one_model_more_changes_no_other(dev: StackRun) -> None:
    def one_more(edited: dict[str, Any]) -> None:
        models = section(edited, "models")
        models.append({**models[1], "name": "embed-two"})

    done = change(dev, one_more)
    assert {op for ops in done.operations.values() for op in ops} == {"create"}
    assert all("embed-two" in urn for urn in done.operations)
