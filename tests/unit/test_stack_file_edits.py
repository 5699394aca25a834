"""Single values of a stack file change, and every other character stays as it is."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_stacks import ROOT

from config.editing import EditRefusedError, Path, with_values
from config.stackfile import parse

DEV = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
PROD = (ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8")
KUBERNETES: Path = ("cluster", "kubernetes")
VERSION: Path = ("models", 0, "engine", "version")


def lines(before: str, after: str) -> list[str]:
    """The lines that differ."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in found if line[0] in "+-" and not line.startswith(("+++", "---"))]


def test_a_value_keeps_its_quotes_and_its_neighbours() -> None:
    after = with_values(DEV, {KUBERNETES: "1.37", VERSION: "0.34.0"})
    old, new = (line for line in lines(DEV, after) if "engine" in line)
    assert new[1:] == old[1:].replace("0.33.0", "0.34.0")
    assert [line for line in lines(DEV, after) if "engine" not in line] == [
        '-    kubernetes: "1.36"', '+    kubernetes: "1.37"',
    ]  # fmt: skip


def test_comments_and_line_breaks_stay() -> None:
    text = "config: # all\r\n  llm-platform:cluster:\r\n    kubernetes: '1.36'  # until spring\r\n"
    assert with_values(text, {KUBERNETES: "1.37"}) == text.replace("1.36", "1.37")


def test_a_number_in_place_of_a_version_gets_quotes() -> None:
    text = "config:\n  llm-platform:cluster: {kubernetes: v, tier: Free}\n"
    assert '{kubernetes: "1.37", tier: Free}' in with_values(text, {KUBERNETES: "1.37"})


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("    - name: a\n      pool: b\n", "    - name: a\n      engine: {version: 0.34.0}\n      pool: b\n"),
        ("    - name: a\n      engine:\n        args: {}\n",
         "    - name: a\n      engine:\n        version: 0.34.0\n        args: {}\n"),
        ("    - name: a\n      engine: {args: {}}\n", "    - name: a\n      engine: {version: 0.34.0, args: {}}\n"),
        ("    - {name: a, engine: {}}\n", "    - {name: a, engine: {version: 0.34.0}}\n"),
        ("    - {name: a}\n", "    - {engine: {version: 0.34.0}, name: a}\n"),
    ],
)  # fmt: skip
def test_a_missing_key_is_added_where_it_belongs(text: str, added: str) -> None:
    head = "config:\n  llm-platform:models:\n"
    assert with_values(head + text, {VERSION: "0.34.0"}) == head + added


SHARED = """\
config:
  llm-platform:models:
    - name: a
      engine: &engine {version: 0.33.0}
    - name: b
      engine: *engine
"""


@pytest.mark.parametrize(
    ("text", "path", "value", "problem"),
    [
        (SHARED, VERSION, "0.34.0", "is shared with another place by an anchor"),
        (DEV, ("models", 7, "engine", "version"), "0.34.0", "has no place in the file|is shared"),
        (DEV, ("models", 0, "engine"), "0.34.0", "has a list or a mapping where a version is expected"),
        (DEV, ("platform", "name", "version"), "0.34.0", "has nothing around it"),
        (DEV, KUBERNETES, "1.37}\nplatform: x", "is not a version, a commit or a folder"),
        ("a: [b", KUBERNETES, "1.37", "."),
        ("config: [1]\n", KUBERNETES, "1.37", "has nothing around it"),
    ],
)
def test_what_can_not_be_changed_by_itself_is_refused(text: str, path: Path, value: str, problem: str) -> None:
    with pytest.raises(EditRefusedError, match=problem):
        with_values(text, {path: value})


@given(st.sampled_from([DEV, PROD]), st.from_regex(r"[0-9]\.[0-9]{1,2}(\.[0-9])?", fullmatch=True))
def test_the_file_says_what_was_written_and_nothing_else_changes(text: str, version: str) -> None:
    before, after = parse(text), parse(with_values(text, {VERSION: version}))
    assert after.sections["models"][0]["engine"]["version"] == version
    assert after.problems == before.problems
    after.sections["models"][0]["engine"]["version"] = before.sections["models"][0]["engine"]["version"]
    assert after.sections == before.sections
