"""`up` continues an update that was killed or cancelled at every tenth operation, and settles what it was at."""

from pathlib import Path

import pytest

from tests.engine.broken_off import variant
from tests.engine.operated import Every, Operated, kill, press_ctrl_c, watching
from tests.engine.platform_stacks import engine_for, settings
from tests.stack_files import ALL

pytestmark = [
    pytest.mark.engine,
    # A killed engine says no more.
    pytest.mark.filterwarnings("ignore:Error in event stream"),
]
# More than a first update of any stack has operations, a tenth of them.
_MOST = 60


def test_a_first_update_that_is_killed_at_every_tenth_operation_gets_there(
    tmp_path: Path, arm: Path, engine_binary: Path
) -> None:
    del engine_binary
    with engine_for("dev", tmp_path, arm, shortcuts=True) as engine:
        stack = Operated(engine, "dev", settings("dev"))
        killed = Every(10, lambda *_: kill())
        looked_for: list[str] = []
        with watching(engine, killed, done=True):
            for _ in range(_MOST):
                killed.is_armed = True
                # One at a time: the engine must not be killed while it writes the state for another one.
                went_well = stack.up(unlock=True, parallel=1)
                looked_for += [each["urn"] for each in stack.screen.of("pending") if each["action"] == "look"]
                if went_well:
                    break
        assert went_well
        assert killed.times >= 15
        # What was made when the engine was killed is known to no state: each was found by its id and taken in.
        assert len(looked_for) >= killed.times - 1
        stack.is_complete()


def test_a_first_update_that_is_cancelled_at_every_tenth_operation_gets_there(
    tmp_path: Path, arm: Path, engine_binary: Path
) -> None:
    del engine_binary
    with engine_for("dev", tmp_path, arm, shortcuts=True) as engine:
        stack = Operated(engine, "dev", settings("dev"))
        cancelled = Every(10, lambda _, type_: press_ctrl_c(engine, type_))
        results: list[str] = []
        with watching(engine, cancelled, done=False):
            for _ in range(_MOST):
                cancelled.is_armed = True
                went_well = stack.up(parallel=1)
                results += [each["result"] for each in stack.screen.of("outcome")]
                if went_well:
                    break
        assert went_well
        assert cancelled.times >= 15
        assert results.count("cancelled") >= cancelled.times
        stack.is_complete()


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
def test_a_later_edit_of_models_and_pools_that_is_killed_and_cancelled_in_turn_gets_there(
    name: str, tmp_path: Path, arm: Path, engine_binary: Path
) -> None:
    del engine_binary
    with engine_for(name, tmp_path, arm, shortcuts=True) as engine:
        before = {each.id for each in engine.cloud.azure}
        stack = Operated(engine, name, variant(name, 0))
        assert stack.up()
        stack.run.configure(variant(name, 1))
        # Every fifth: an edit has fewer operations than a first update.
        killed = Every(5, lambda *_: kill())
        cancelled = Every(5, lambda _, type_: press_ctrl_c(engine, type_))
        with watching(engine, cancelled, done=False), watching(engine, killed, done=True):
            for turn in range(_MOST):
                killed.count = cancelled.count = 0
                killed.is_armed, cancelled.is_armed = turn % 2 == 0, turn % 2 == 1
                went_well = stack.up(unlock=True, parallel=1)
                if went_well:
                    break
        assert went_well
        assert killed.times >= 1
        assert cancelled.times >= 1
        stack.is_complete(but=before)
