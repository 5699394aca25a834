"""A state that was lost is rebuilt by the ids that names make, and nothing in the clouds is touched."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from operate.importing import import_files
from operate.rebuilding import rebuild
from preview.stack import assessed
from tests.engine.operated import Operated
from tests.engine.platform_stacks import engine_for, settings
from tests.stack_files import ALL

pytestmark = pytest.mark.engine


def emptied(saved: str) -> str:
    """The backend's file of a stack that was never updated: its secrets are opened as before."""
    state: Any = json.loads(saved)
    state["checkpoint"]["latest"] |= {"resources": [], "pending_operations": []}
    return json.dumps(state)


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name == "dev" else pytest.mark.long) for name in ALL])
def test_a_lost_state_is_rebuilt_by_import_ids(name: str, tmp_path: Path, arm: Path, engine_binary: Path) -> None:
    del engine_binary
    with engine_for(name, tmp_path, arm, shortcuts=True) as engine:
        config = settings(name)
        stack = Operated(engine, name, config)
        assert stack.up()
        before = sorted(each.id for each in engine.cloud.azure)
        held = sorted(each["id"].lower() for each in stack.run.resources().values() if each.get("id"))
        stack.run.restore_state(emptied(stack.run.saved_state()))
        assert stack.run.resources() == {}
        found = assessed(yaml.safe_dump({"config": config}))
        files = import_files(name, found)
        assert files.unidentified == ()
        mark = len(engine.log)
        with engine.leaving_out():
            assert rebuild(stack.operator(), files), stack.screen.lines
        calls = [call for call in engine.log.since(mark) if not call.preview]
        changed = [call for call in calls if call.method in ("Create", "Update", "Delete")]
        # Generated values are made again, for nobody: the vault keeps those that it has.
        assert [call for call in changed if call.provider != "random"] == []
        assert sorted(each.id for each in engine.cloud.azure) == before
        again = sorted(each["id"].lower() for each in stack.run.resources().values() if each.get("id"))
        assert [id_ for id_ in again if "/" in id_] == [id_ for id_ in held if "/" in id_]
        assert stack.run.preview().is_quiet
        assert stack.run.refresh().is_quiet
