"""The mutation tool: what counts as a literal, what catches a mutant, and whether the list of survivors is right."""

import ast
from pathlib import Path

import pytest

from tests.mutation import literals, report, together, touched, trial
from tests.mutation.__main__ import AREAS, all_mutants
from tests.mutation.literals import Mutant, mutants
from tests.repository import ROOT

PROGRAM = '''"""A docstring is for people."""
from typing import Literal
__all__ = ["f"]
Severity = Literal["error"]
LIMIT: int = 3
def f(x: "int", y: bool = True) -> dict:
    """And this one."""
    if x < LIMIT:
        raise ValueError("for people too")
    return {"access": "Deny", "message": "for people", "name": f"{x}-pool", "of": storage.PublicAccess.NONE}
'''


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "components" / "example.py"
    file.parent.mkdir()
    file.write_text(PROGRAM)
    monkeypatch.setattr(literals, "ROOT", tmp_path)
    return file


def test_literals_are_what_machines_read(program: Path) -> None:
    assert [mutant.change for mutant in mutants(program)] == [
        "3 -> 4",
        "True -> False",
        "x < LIMIT: Lt -> LtE",
        "'access' -> 'access-mutated'",
        "'Deny' -> 'Allow'",
        "'message' -> 'message-mutated'",
        "'name' -> 'name-mutated'",
        "'-pool' -> '-pool-mutated'",
        "'of' -> 'of-mutated'",
        "storage.PublicAccess.NONE -> BLOB",
    ]


def test_a_mutant_differs_in_its_literal_alone(program: Path) -> None:
    before = ast.unparse(ast.parse(PROGRAM)).splitlines()
    for mutant in mutants(program):
        after = ast.unparse(literals.mutated(mutant)).splitlines()
        assert len(after) == len(before)
        assert len([line for line, other in zip(before, after, strict=True) if line != other]) == 1, mutant


def test_elsewhere_a_sentence_is_no_literal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "planning" / "example.py"
    file.parent.mkdir()
    file.write_text('A = "a sentence"\nB = f"{A} of words"\nC = "word"\nD = f"{A}-word"\nE = ", "\n')
    monkeypatch.setattr(literals, "ROOT", tmp_path)
    assert [mutant.change for mutant in mutants(file)] == ["'word' -> 'word-mutated'", "'-word' -> '-word-mutated'"]


def test_a_constant_that_is_only_a_source_is_no_literal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "planning" / "example.py"
    file.parent.mkdir()
    file.write_text('PAGE = "https://a"\nBOTH = "https://b"\nrule("A", source=PAGE)\nrule(BOTH, source=BOTH)\n')
    monkeypatch.setattr(literals, "ROOT", tmp_path)
    assert [mutant.change for mutant in mutants(file)] == [
        "'https://b' -> 'https://b-mutated'",
        "'A' -> 'A-mutated'",
    ]


def test_only_the_strictness_of_zip_is_no_literal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config" / "example.py"
    file.parent.mkdir()
    file.write_text("A = Field(strict=True)\nB = zip(A, [3], strict=True)\n")
    monkeypatch.setattr(literals, "ROOT", tmp_path)
    assert [mutant.change for mutant in mutants(file)] == ["True -> False", "3 -> 4"]


def test_equal_changes_are_counted_and_an_id_stays_when_lines_are_added(program: Path) -> None:
    before = [mutant.id for mutant in mutants(program)]
    program.write_text(PROGRAM.replace("LIMIT: int", "\n\nLIMIT: int"))
    assert [mutant.id for mutant in mutants(program)] == before
    assert len(set(before)) == len(before)


def find(file: str, change: str) -> Mutant:
    (found,) = [mutant for mutant in all_mutants([file]) if mutant.change == change]
    return found


TRIED = 'def test_unit():\n    from components.cluster.durations import in_seconds\n    assert in_seconds(3) == "3s"\n'


@pytest.mark.parametrize(("assertion", "caught"), [('== "3s"', True), ("", False)])
def test_a_mutant_is_caught_by_a_failing_assertion_alone(tmp_path: Path, assertion: str, caught: bool) -> None:
    file = tmp_path / "test_tried.py"
    file.write_text(TRIED.replace(' == "3s"', f" {assertion}"))
    by = trial.caught(find("components/cluster/durations.py", "'s' -> 's-mutated'"), [([str(file)], 5.0)])
    assert (by is not None) is caught
    assert not caught or "test_unit" in str(by)


SLOW = (
    "def test_slow():\n    from components.cluster.durations import in_seconds\n"
    "    while 'mutated' in in_seconds(3): pass\n"
)


def test_a_mutant_whose_tests_never_end_is_not_caught_unless_another_test_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow, tried = tmp_path / "test_slow.py", tmp_path / "test_tried.py"
    slow.write_text(SLOW)
    tried.write_text(TRIED)
    mutant = find("components/cluster/durations.py", "'s' -> 's-mutated'")
    # A negative time without the mutant leaves a limit of three seconds.
    by = trial.caught(mutant, [([str(slow)], -9.0)])
    assert trial.timed_out(by)
    assert "test_unit" in str(trial.caught(mutant, [([str(slow)], -9.0), ([str(tried)], 5.0)]))

    monkeypatch.setattr(report, "LIST", tmp_path / "survivors.yaml")
    (tmp_path / "survivors.yaml").write_text("[]")
    assert report.report({mutant: by}, complete=True) == 1
    printed = capsys.readouterr().out
    assert "0 of 1 literals are caught" in printed
    assert "1 timed out" in printed
    assert "survives" not in printed


def test_every_area_has_mutants_of_every_kind() -> None:
    for area in AREAS:
        kinds = {mutant.kind for mutant in all_mutants([area])}
        # Rules have numbers in their queries, and nothing that is on or off.
        assert kinds >= {"number", "text", "comparison", *(["boolean"] if area != "observability" else [])}, area


def test_the_list_of_survivors_is_about_literals_that_exist_and_says_why() -> None:
    entries = report.reviewed()
    assert report.missing(entries, all_mutants(AREAS)) == []
    assert [entry for entry in entries if len(entry.reason) < 20] == []
    assert [entry.file for entry in entries if not (ROOT / entry.file).is_file()] == []


def test_a_listed_survivor_that_is_caught_and_an_unlisted_one_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mutant = find("components/cluster/durations.py", "'s' -> 's-mutated'")
    (tmp_path / "survivors.yaml").write_text(
        f"- {{file: {mutant.file}, in: in_seconds, change: \"'s' -> *\", reason: a made-up reason of this test}}\n"
    )
    monkeypatch.setattr(report, "LIST", tmp_path / "survivors.yaml")
    assert report.report({mutant: "tests/x::y"}, complete=True) == 1
    assert "listed, but caught" in capsys.readouterr().out
    (tmp_path / "survivors.yaml").write_text("[]")
    assert report.report({mutant: None}, complete=True) == 1
    assert "survives, and is not listed: components/cluster/durations.py:" in capsys.readouterr().out


def test_the_confidence_of_a_sample() -> None:
    low, high = report.interval(190, 200)
    assert 0.90 < low < 0.95 < high < 0.98
    assert report.interval(5, 5)[1] == 1.0


def test_of_many_changed_texts_one_is_left() -> None:
    seen = {"failurePolicy": "Fail-mutated1x", "name": ["a-MUTATED2x-b"], "os_type-mutated3x": {"exec_-mutated1x": 1}}
    assert together._kept(seen, None) == {"failurePolicy": "Fail", "name": ["a-b"], "osType": {"exec": 1}}
    assert together._kept(seen, 2) == {"failurePolicy": "Fail", "name": ["a-MUTATED2x-b"], "osType": {"exec": 1}}
    assert together._kept(seen, 3)["os_type-mutated3x"] == {"exec": 1}


def test_what_changes_more_than_texts_is_tried_alone() -> None:
    one = {"urn": "a", "inputs": {"name": "b"}}
    assert together._by_urn([{"urn": "a", "inputs": {"name": "b-mutated0x"}}], [one]) is not None
    assert together._by_urn([{"urn": "a", "inputs": {"name": "c-mutated0x"}}], [one]) is None
    assert together._by_urn([], [one]) is None


def test_a_test_that_fails_beside_the_recorder_catches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = tmp_path / "test_tried.py"
    tried.write_text(f"{TRIED}\n\ndef test_that_fails():\n    assert False\n")
    monkeypatch.setattr(touched, "test_files", lambda *_: [str(tried)])
    assert [touch.test.partition("::")[2] for touch in touched.recorded(tmp_path / "touched.json")] == ["test_unit"]


def test_only_a_changed_file_of_tests_is_recorded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    same, other, kept = tmp_path / "test_same.py", tmp_path / "test_other.py", tmp_path / "touched.json"
    same.write_text(TRIED)
    other.write_text(TRIED)
    monkeypatch.setattr(touched, "test_files", lambda *_: [str(same), str(other)])
    before = touched.recorded(kept)
    other.write_text(TRIED.replace("test_unit", "test_other"))
    after = touched.recorded(kept)
    assert after[0] == before[0]
    assert [touch.test.partition("::")[2] for touch in after] == ["test_unit", "test_other"]


def test_what_a_setting_declares_is_tried_by_the_tests_of_fields() -> None:
    mutant = find("config/pools.py", "2048 -> 2049")
    touches = [
        touched.Touch("tests/unit/test_other.py::test_a", 1.0, frozenset(["config/pools.py:Pool.f"])),
        touched.Touch("tests/config/test_fields.py::test_numbers", 1.0, frozenset(["config/base.py:pattern"])),
    ]
    assert touched.ranked(mutant, touches, 1.0) == ([touches[1].test], 1.0)


def test_what_is_decided_for_the_graph_is_tried_by_the_tests_of_the_same_name() -> None:
    mutant = find("planning/deciding/api_management.py", "'key-of-' -> 'key-of--mutated'")
    assert touched.of_its_subject(mutant) == ["tests/graph/test_api_management.py"]


def test_tests_of_the_rule_itself_are_tried_before_those_that_call_less() -> None:
    mutant = find("planning/rules/pools.py", "'POOL-UNUSED' -> 'POOL-UNUSED-mutated'")
    place = f"{mutant.file}:{mutant.inside}"
    tests = {
        "tests/unit/test_planning_rules.py::test_a_rule_reports_what_breaks_it[POOL-UNUSED]": frozenset(
            [place, "a", "b"]
        ),
        "tests/unit/test_planning_rules.py::test_a_rule_reports_what_breaks_it[VM-CLASS]": frozenset([place, "a", "b"]),
        "tests/unit/test_planning_check.py::test_dev": frozenset([place]),
        "tests/unit/test_wording.py::test_words": frozenset(["a"]),
    }
    touches = [touched.Touch(test, 1.0, functions) for test, functions in reversed(tests.items())]
    assert touched.ranked(mutant, touches, 30.0) == (list(tests)[:3], 3.0)
    assert touched.ranked(mutant, touches, 1.0) == (list(tests)[:1], 1.0)
