"""No character of a stack file moves the terminal's cursor, changes its colours or reorders what it shows."""

import io
import re
from pathlib import Path

import pytest
from written_anywhere import Place, every_place, outputs, written

from cli.app import main
from preview.comparison import compare
from preview.differences import difference_section
from preview.report import console

EVERY = every_place()
# ESC with a colour, BEL, a title, backspace, C1's CSI, DEL, an override of direction, an isolate, a separator of lines.
CONTROLS = (
    "\x1b[31mred",
    "a\a",
    "\x1b]0;title\a",
    "a\b\b",
    "\x9b31m",
    "a\x7f",
    "\u202egnp.exe",
    "\u2066a\u2069",
    "a\u2028b",
)
_MOVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize(("number", "stack", "place"), [(number, *each) for number, each in enumerate(EVERY)])
def test_a_control_character_at_any_place_is_refused_and_never_printed(number: int, stack: str, place: Place) -> None:
    value = CONTROLS[number % len(CONTROLS)]
    accepted, text = outputs(written(stack, place, value))
    assert not accepted
    assert f"U+{ord(_MOVES.search(value)[0]):04X}" in text  # ty: ignore[not-subscriptable]
    assert _MOVES.search(text) is None


@pytest.mark.parametrize("control", CONTROLS)
def test_nor_does_one_in_a_key_or_beside_the_settings(control: str) -> None:
    for place in ((control,), ("config", control), ("config", "llm-platform:platform", control)):
        accepted, text = outputs(written("dev", place, "value"))
        assert not accepted
        assert _MOVES.search(text) is None


def test_nor_does_one_in_a_file_that_is_not_yaml() -> None:
    for control in CONTROLS:
        accepted, text = outputs(f"config: {{a: [{control}\n")
        assert not accepted
        assert _MOVES.search(text) is None


@pytest.mark.parametrize(
    "value", ["two\nlines", "a\ttab", "Z\N{LATIN SMALL LETTER U WITH DIAERESIS}rich \N{PARTY POPPER}"]
)
def test_line_breaks_and_letters_of_any_script_are_text(value: str) -> None:
    _, text = outputs(written("dev", ("config", "llm-platform:models", 0, "engine", "args", "chat-template"), value))
    assert "CFG-CONTROL" not in text


@pytest.mark.parametrize("control", CONTROLS)
def test_nor_does_one_of_an_earlier_preview(control: str) -> None:
    urn = "urn:pulumi:dev::llm-platform::kubernetes:core/v1:Secret::keys"
    line = {"name": control, "min_per_month": 1.0, "max_per_month": 1.0}
    cost = {"currency": "USD", "min_per_month": 1.0, "max_per_month": 1.0, "lines": [line], "models": []}
    before = {"stack": "dev", "plan": {"cost": cost}}
    before["resources"] = [{"urn": urn, "inputs": {control: 1}, "options": {control: 1}}]
    free = {"currency": "USD", "min_per_month": 0.0, "max_per_month": 0.0, "lines": [], "models": []}
    found = compare(before, [{"urn": urn, "inputs": {}, "options": {}}], free)
    assert found.cost is not None
    assert found.cost.parts
    assert found.changed
    shown = io.StringIO()
    console(shown, 200).print(difference_section(found))
    assert _MOVES.search(shown.getvalue()) is None


@pytest.mark.parametrize("control", CONTROLS)
def test_nor_does_one_of_a_log(control: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "start.log"
    text = f"INFO non-default args: {{'model': '{control}', 'port': 1}}\nINFO Model loading took 5.0 GiB\n"
    log.write_text(text, encoding="utf-8")
    assert main(["fit", "--check-log", str(log)]) == 2
    printed = capsys.readouterr()
    assert "is not in the catalog" in printed.err
    assert _MOVES.search(printed.out + printed.err) is None
