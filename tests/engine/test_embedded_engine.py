"""The embedded engine previews a new stack as the real engine does, and refuses at least as much."""

from pathlib import Path

import pytest

from preview.engine import preview
from rehearsal.engine import Engine
from tests.engine.comparison import embedded, embedded_stored, previewed, stored

pytestmark = pytest.mark.engine
PROGRAMS = Path(__file__).with_name("programs")


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("nested", {}),
        ("tiny", {"tiny:region": "eastus"}),
        ("tiny", {"tiny:region": "eastus", "tiny:protected": "true"}),
    ],
)
def test_a_first_preview_is_the_same(engine: Engine, name: str, config: dict[str, str]) -> None:
    program = PROGRAMS / f"{name}.py"
    real = previewed(engine.stack("dev", program, config).preview())
    assert embedded(preview(program, project="llm-platform", stack="dev", config=config)) == real


def test_options_are_those_that_the_state_keeps(engine: Engine) -> None:
    config = {"tiny:region": "eastus"}
    stack = engine.stack("dev", PROGRAMS / "tiny.py", config)
    stack.up()
    graph = preview(PROGRAMS / "tiny.py", project="llm-platform", stack="dev", config=config)
    assert embedded_stored(graph) == stored(stack.resources())
