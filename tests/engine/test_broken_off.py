"""After an update that failed, was cancelled or was killed, the old stack file goes up, and so does a third one."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from rehearsal.engine import OperationRefusedError
from rehearsal.moments import METHODS
from rehearsal.outcome import Outcome
from tests.engine.broken_off import HOWS, BrokenOff, How, Moment, broken_off, moments_of
from tests.engine.platform_stacks import engine_for
from tests.stack_files import ALL, ROOT

pytestmark = [
    pytest.mark.engine,
    # A killed engine says no more.
    pytest.mark.filterwarnings("ignore:Error in event stream"),
]
# Where a name with a hash comes and goes, and where a rollout waits: in every stack.
ALWAYS = (
    Moment("Create", "kubernetes:core/v1:ConfigMap"),
    Moment("Update", "kubernetes:apps/v1:Deployment"),
    Moment("Create", "kubernetes:batch/v1:Job"),
    Moment("Create", "azure-native:containerservice:AgentPool"),
)


# A resource's key in the golden file of a whole graph: its type and its name.
RESOURCE = re.compile(r'^"(\S+:\S+) ', re.MULTILINE)


@cache
def types() -> dict[str, list[str]]:
    """The stacks that have resources of a type, by type, in the order of their names."""
    found: dict[str, list[str]] = {}
    for name in ALL:
        golden = ROOT / "tests" / "graph" / "golden" / "graph" / f"{name}.yaml"
        for type_ in sorted(set(RESOURCE.findall(golden.read_text()))):
            found.setdefault(type_, []).append(name)
    return dict(sorted(found.items()))


def is_part_of(moment: Moment, name: str) -> bool:
    """Whether a call is one stack's to break off: the stacks take turns, so that together they meet every kind."""
    stacks = types().get(moment.type) or list(ALL)
    turn = list(types()).index(moment.type) + METHODS.index(moment.method) if moment.type in types() else 0
    return stacks[turn % len(stacks)] == name


def own(outcome: Outcome, name: str) -> list[Moment]:
    return [moment for moment in moments_of(outcome) if is_part_of(moment, name)]


def in_turn(moments: Iterable[Moment], number: int) -> list[tuple[How, Moment]]:
    return [(HOWS[(place + number) % len(HOWS)], moment) for place, moment in enumerate(moments)]


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name == "dev" else pytest.mark.long) for name in ALL])
def test_the_old_stack_file_and_a_third_one_go_up_after_an_update_was_broken_off(
    name: str, tmp_path: Path, arm: Path, engine_binary: Path
) -> None:
    del engine_binary
    number, steps = ALL.index(name), []
    with engine_for(name, tmp_path, arm, shortcuts=True) as engine:
        stack = BrokenOff(engine, name)
        try:
            # The first update: there is no old stack file yet, and whatever comes next must go on from there.
            broken: list[Moment] = []
            while left := [moment for moment in own(stack.preview(0), name) if moment not in broken]:
                broken.append(left[0])
                how = HOWS[(len(broken) + number) % len(HOWS)]
                steps.append(f"{how} at {left[0]} in the first update")
                stack.breaks(how, left[0], 0)
            stack.goes_up(0)
            # What a preview shows is more: values that it can't know could replace what the update leaves alone.
            change = stack.goes_up(1)
            assert set(ALWAYS) <= set(moments_of(change))
            others = [moment for moment in own(change, name) if moment not in ALWAYS]
            broken_off(stack, in_turn([*ALWAYS, *others], number), steps.append)
        except (AssertionError, OperationRefusedError, pytest.fail.Exception) as error:
            error.add_note("\n".join(steps))
            raise
