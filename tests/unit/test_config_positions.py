"""Every finding knows the line and column of its key, and no text makes reading, planning or placing fail."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from planning_stacks import CATALOG

import config
from config import Finding
from config.document import DEEPEST, DocumentError, read, source_line
from config.stackfile import parse
from planning import Planned, assess

ROOT = Path(__file__).resolve().parents[2]
DEV = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
SMALL = """\
secretsprovider: passphrase
config:
  aws:profile: x
  llm-platform:key-playground: {secure: AAABADz}
  llm-platform:pools:
    - name: h100
      gpu: {sharing: mig, layout: [3g.47gb, 4g.47gb]}
    -
      name: "a100"
  llm-platform:models:
  - name: chat
    engine:
      args:
        limit-mm-per-prompt.image: 2
        limit-mm-per-prompt: {image: 1}
"""


def assessed(text: str) -> Planned:
    """What a command does with the text of a stack file."""
    file = parse(text)
    planned = assess(config.load(file.sections, file.problems), CATALOG, bootstrap=file.secrets)
    for finding in file.positions.located(planned.findings):
        assert (finding.line is None) == (finding.column is None)
        if finding.line is not None and finding.column is not None:
            assert 1 <= finding.column <= len(source_line(text, finding.line)) + 1, finding
    json.dumps([finding.message for finding in planned.findings])
    return planned


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ("pools", (5, 3)),
        ("pools[0]", (6, 7)),
        ("pools[0].name", (6, 7)),
        ("pools[0].gpu.layout", (7, 27)),
        ("pools[0].gpu.layout[1]", (7, 45)),
        ("pools[1].name", (9, 7)),
        ("models[0].engine.args.limit-mm-per-prompt.image", (14, 9)),
        ("models[0].engine.args.limit-mm-per-prompt", (15, 9)),
        ("secretsprovider", (1, 1)),
        ("aws:profile", (3, 3)),
        ("key-playground", (4, 3)),
    ],
)
def test_a_path_has_the_position_of_its_key_or_item(path: str, position: tuple[int, int]) -> None:
    assert parse(SMALL).positions.at(path) == position


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ("pools[0].gpu.replicas", (7, 7)),
        ("pools[2].name", (5, 3)),
        ("models[0].replicas.min", (11, 5)),
        ("gateway", (2, 1)),
        ("tenants[0].name", (2, 1)),
        ("pools[0].names", (6, 7)),
    ],
)
def test_what_is_not_written_has_the_position_of_its_nearest_ancestor(path: str, position: tuple[int, int]) -> None:
    assert parse(SMALL).positions.at(path) == position


@pytest.mark.parametrize("path", ["(stack file)", "--against", "price list", "gatewayy", ""])
def test_a_path_that_is_not_in_the_file_has_no_position(path: str) -> None:
    assert parse(SMALL).positions.at(path) is None


def test_findings_of_a_stack_file_point_into_it() -> None:
    layout = "layout: [3g.47gb, 3g.47gb]"
    assert layout in DEV
    text = DEV.replace(layout, "layout: [4g.47gb, 4g.47gb]", 1)
    file = parse(text)
    planned = assess(config.load(file.sections, file.problems), CATALOG)
    (found,) = [finding for finding in file.positions.located(planned.findings) if finding.rule == "MIG-PACKING"]
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "4g.47gb" in line)
    assert (found.line, found.column) == (line, source_line(text, line).index("layout:") + 1)


def test_a_finding_without_a_file_has_no_position() -> None:
    for finding in config.load({}).problems:
        assert (finding.line, finding.column) == (None, None)


def test_a_finding_keeps_a_position_that_it_has() -> None:
    own = Finding("error", "CFG-TWICE", "pools", "given twice", "remove one", line=3, column=4)
    assert parse(SMALL).positions.located([own]) == (own,)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("config: [\n", (2, 1)), ("config:\n\t- a\n", (2, 1)), ("config:\n  a: b\n---\nc: d", (3, 1)),
        ("config: {a: *b}", (1, 13)), ("config: \x00", (1, 9)), ("a: &x [1, *x]", (1, 11)),
        ("config: !!int x", (1, 9)), ("config:\n  a: 1\n  <<: 5\n", (3, 3)),
    ],
)  # fmt: skip
def test_invalid_yaml_has_a_position(text: str, position: tuple[int, int]) -> None:
    (found,) = parse(text).problems
    assert (found.rule, found.line, found.column) == ("CFG-YAML", *position)


def test_a_key_that_is_given_twice_points_at_the_one_that_counts() -> None:
    (found,) = parse("config:\n  llm-platform:quota: {a: 1}\n  llm-platform:quota: {a: 2}\n").problems
    assert (found.path, found.line, found.column) == ("quota", 3, 3)


def test_merge_keys_and_aliases_are_followed_as_pulumi_follows_them() -> None:
    read_file = parse(
        "config:\n  llm-platform:pools:\n    - &first {name: a, nodes: {min: 1}}\n    - {<<: *first, name: b}\n"
        "  llm-platform:models: [*first, {<<: [{x: 1}, *first], name: c}]\n  llm-platform:quota: {'<<': 1}\n"
    )
    assert read_file.problems == ()
    assert read_file.sections == {
        "pools": [{"name": "a", "nodes": {"min": 1}}, {"name": "b", "nodes": {"min": 1}}],
        "models": [{"name": "a", "nodes": {"min": 1}}, {"name": "c", "x": 1, "nodes": {"min": 1}}],
        "quota": {"<<": 1},
    }
    assert read_file.positions.at("pools[1].nodes.min") == (3, 32)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{url: https://acme.example/a?b=c:d}", {"url": "https://acme.example/a?b=c:d"}),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", 9223372036854775808.0),
        ("9" * 5000, float("inf")),
        ("-" + "9" * 5000, -float("inf")),
        ("0x" + "f" * 5000, float("inf")),
        ("1e999", float("inf")),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("!!int 5", 5),
    ],
)
def test_values_that_readers_of_yaml_disagree_about(text: str, value: Any) -> None:
    assert read(text).value == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, f"more than {DEEPEST} deep"),
        ("- " * 100_000, f"more than {DEEPEST} deep"),
        ("{a: " * 100_000, f"more than {DEEPEST} deep"),
        ("a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 30)), "aliases repeat"),
        ("a: &x {b: *x}", "contains itself"),
        ('"\\U00110000"', "not YAML"),
        ('"\\ud800"', "surrogate pair"),
    ],
)
def test_texts_made_to_break_a_reader_are_refused(text: str, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        read(text)
    assert parse(text).problems
    assessed(f"config:\n  llm-platform:platform: {text}")


@given(st.text())
@example("\ud800")
@example("config: {llm-platform:platform: '\ud800'}")
def test_any_text_is_read_to_findings(text: str) -> None:
    assessed(text)
    assessed(f"config:\n  llm-platform:platform: {text}")
    assessed(f"config:\n  {text}\n")


LINES = DEV.splitlines(keepends=True)
PIECES = [
    "  ", "\t", "\n", "- ", "? ", ": ", "{", "}", "[", "]", "&a ", "*a", "<<: *a", "!!str ", "!x ", "'", '"', "|\n",
    "#", "---\n", "\x00", "\u2028", "\ufeff", "1", "1e999", "9" * 400, ".nan", "null", "on", "llm-platform:", "config:",
    "hf_" + "A" * 20,
]  # fmt: skip


@given(
    st.lists(
        st.tuples(st.integers(0, len(DEV)), st.integers(0, 30), st.sampled_from(PIECES) | st.text(max_size=5)),
        min_size=1,
        max_size=4,
    )
)
def test_a_stack_file_with_any_edits_is_read_to_findings(edits: list[tuple[int, int, str]]) -> None:
    text = DEV
    for start, length, piece in edits:
        text = text[:start] + piece + text[start + length :]
    assessed(text)


@given(st.permutations(range(len(LINES))), st.integers(1, len(LINES)))
def test_a_stack_file_with_its_lines_in_any_order_is_read_to_findings(order: list[int], kept: int) -> None:
    assessed("".join(LINES[number] for number in order[:kept]))


def test_lines_of_the_text_are_counted_as_positions_count_them() -> None:
    text = "\ufeffa: 1\r\nb: 2\rc: 3\u2028d: 4\n"
    root = read(text.replace("\u2028", "\n")).root
    assert isinstance(root.inner, dict)
    lines = {key: source_line(text, entry.mark.line) for key, entry in root.inner.items()}
    assert lines == {"a": "a: 1", "b": "b: 2", "c": "c: 3", "d": "d: 4"}
    assert source_line(text, 0) == source_line(text, 99) == ""
