"""No character of a stack file moves the terminal's cursor, changes its colours or reorders what it shows."""

import re

import pytest
from written_anywhere import Place, every_place, outputs, written

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
