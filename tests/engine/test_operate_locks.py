"""Two updates of one stack at a time, a lock that a lost process left, and a failed update beside another stack."""

import json
from pathlib import Path

import pytest

from operate.problems import CannotOperateError, LockedError
from operate.updating import Operator, Wishes
from rehearsal.engine import Engine
from tests.engine.operated import Every, Operated, Watched, watching
from tests.engine.platform_stacks import engine_for, section, settings
from tests.engine.test_lifecycle import TINY

pytestmark = pytest.mark.engine
CONFIG = {"tiny:region": "eastus"}


def test_a_second_update_at_the_same_time_is_refused_and_disturbs_nothing(engine: Engine) -> None:
    stack = Operated(engine, "dev", CONFIG, TINY)
    refused: list[str] = []

    def second(method: str, type_: str) -> None:
        del method, type_
        with pytest.raises(LockedError) as locked:
            Operator(stack.opened(), Watched(), Wishes(yes=True)).up()
        refused.append(locked.value.message)

    at = Every(3, second)
    at.is_armed = True
    with watching(engine, at, done=False):
        assert stack.up()
    (message,) = refused
    assert "created by" in message
    assert "pid" in message
    stack.is_complete()


def stale_lock(stack: Operated) -> Path:
    lock = stack.locks / "00000000-0000-4000-8000-00000000000a.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(json.dumps({"pid": 1, "username": "ada", "hostname": "lost", "timestamp": "2026-11-30T00:00:00Z"}))
    return lock


def test_a_stale_lock_is_explained_and_removed_on_request_alone(engine: Engine) -> None:
    stack = Operated(engine, "dev", CONFIG, TINY)
    lock = stale_lock(stack)
    with pytest.raises(LockedError, match=r"created by ada@lost \(pid 1\) at 2026-11-30") as locked:
        stack.up()
    assert "--unlock" in locked.value.fix
    assert engine.cloud.azure == []
    assert lock.exists()
    # It takes an answer at a terminal, too, and here is none.
    with pytest.raises(CannotOperateError, match="terminal"):
        stack.up(yes=False, unlock=True)
    assert lock.exists()
    assert stack.up(unlock=True)
    assert not lock.exists()
    stack.is_complete()


@pytest.mark.long
def test_a_failed_update_of_prod_leaves_dev_as_it_is(tmp_path: Path, arm: Path, engine_binary: Path) -> None:
    del engine_binary
    with engine_for("prod", tmp_path, arm, shortcuts=True) as engine:
        config = settings("dev")
        section(config, "platform")["subscription_id"] = section(settings("prod"), "platform")["subscription_id"]
        dev = Operated(engine, "dev", config)
        assert dev.up()
        before = dev.run.saved_state(), [(each.id, each.inputs) for each in engine.cloud.azure]
        mine = {each.id for each in engine.cloud.azure}
        prod = Operated(engine, "prod", settings("prod"))
        engine.azure.fail_on("azure-native:containerservice:AgentPool", message="SkuNotAvailable: none left")
        assert not prod.up()
        (failed,) = prod.screen.of("outcome")[-1]["failed"]
        assert "SkuNotAvailable" in failed["message"]
        assert "another zone, region or VM size" in failed["advice"]
        assert dev.run.saved_state() == before[0]
        assert [(each.id, each.inputs) for each in engine.cloud.azure if each.id in mine] == before[1]
        assert dev.run.preview().is_quiet
