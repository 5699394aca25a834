"""YAML text: other programs read back what was written, byte for byte the same each time."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from planning.vllm.arguments import CommandLine
from planning.yaml_text import Inline, Quoted, dump, dump_lines

printable = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]))


def test_lists_are_indented_and_mappings_keep_their_order() -> None:
    assert dump({"version": "v1", "b": [{"x": 1, "a": True}, {"x": 2}], "a": None}) == (
        "version: v1\nb:\n  - x: 1\n    a: true\n  - x: 2\na: null\n"
    )


def test_quotes_and_brackets_are_chosen_by_the_writer() -> None:
    text = dump({"ids": Inline([Quoted("0x1"), Quoted("0x2")]), Quoted("1g.5gb"): 2, "plain": "1g.5gb", "risky": "on"})
    assert text == 'ids: ["0x1", "0x2"]\n"1g.5gb": 2\nplain: 1g.5gb\nrisky: \'on\'\n'


def test_long_lines_are_not_folded_and_equal_values_are_no_aliases() -> None:
    long = Quoted("word " * 100)
    assert dump({"one": long}).count("\n") == 1
    shared = {"key": 1}
    assert "&" not in dump({"one": shared, "two": shared})


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (True, "x: true"),
        (8192, "x: 8192"),
        (0.92, "x: 0.92"),
        ("auto", 'x: "auto"'),
        ("a\nb", 'x: "a\\nb"'),
        (["a", 1], 'x: ["a", 1]'),
        ({"b": 1, "a": [1]}, 'x: "{\\"a\\": [1], \\"b\\": 1}"'),
    ],
)
def test_an_option_of_vllm_is_one_line(value: Any, line: str) -> None:
    assert CommandLine("", {"x": value}).file == f"{line}\n"


@given(st.dictionaries(st.sampled_from(["model", "port", "seed"]), printable | st.integers() | st.booleans()))
def test_vllm_reads_back_what_was_written(named: dict[str, Any]) -> None:
    assert yaml.safe_load(CommandLine("", named).file or "{}") == named


def test_text_beyond_the_basic_plane_survives() -> None:
    value = {"hint": "grüße 🦙"}
    assert yaml.safe_load(CommandLine("", {"x": value["hint"]}).file) == {"x": value["hint"]}
    assert json.loads(yaml.safe_load(CommandLine("", {"x": value}).file)["x"]) == value


def test_both_writers_write_equal_text() -> None:
    values = {
        "a": Quoted("long " * 60 + "é🦙\t"),
        "b": Inline([1, Quoted("x"), 0.5]),
        "c": "off",
        "d": False,
        "e": None,
    }
    assert dump_lines(values) == dump(values)
