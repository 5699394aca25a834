"""Finds characters of a stack file that no setting has a use for: they move a terminal's cursor or reorder its text."""

import re
from collections.abc import Mapping
from typing import Any

from config.findings import Finding, Place, path_of

# Unicode's control characters but for tab and line breaks, which templates have; marks and embeddings of direction
# (https://www.unicode.org/reports/tr9/, "Trojan Source"), and separators of lines and paragraphs.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def control_characters(value: Any, place: Place = ()) -> list[Finding]:
    """One finding for every text and every key below `value` that has such a character."""
    if isinstance(value, str):
        found = _CONTROL.search(value)
        return [_finding(place, found[0])] if found else []
    if isinstance(value, Mapping):
        keys = ((key, _CONTROL.search(key)) for key in value)
        return [
            *(_finding((*place, key), found[0]) for key, found in keys if found),
            *(problem for key, item in value.items() for problem in control_characters(item, (*place, key))),
        ]
    if isinstance(value, (list, tuple)):
        return [problem for index, item in enumerate(value) for problem in control_characters(item, (*place, index))]
    return []


def _finding(place: Place, character: str) -> Finding:
    return Finding(
        "error",
        "CFG-CONTROL",
        path_of(place),
        f"the character U+{ord(character):04X} moves a terminal's cursor or hides what the text says",
        "write the text without it",
    )
