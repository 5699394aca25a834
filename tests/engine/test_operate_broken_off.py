"""`up` continues a first update that was killed or cancelled at every tenth operation, and settles what it was at."""

from pathlib import Path

import pytest

from tests.engine.operated import Every, Operated, kill, press_ctrl_c, watching
from tests.engine.platform_stacks import engine_for, settings

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
