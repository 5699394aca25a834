"""The comment on a pull request, made from two commits of a checkout."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.compare import INTERNAL_ERROR, VIOLATED, compare

_MARKER = "<!-- llm-platform preview dev -->"


@pytest.fixture
def changed(checkout: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The checkout with one line of the stack file changed, as a pull request has it."""
    before, after = request.param
    file = checkout / "Pulumi.dev.yaml"
    original = file.read_text(encoding="utf-8")
    assert before in original
    file.write_text(original.replace(before, after), encoding="utf-8")
    yield checkout
    file.write_text(original, encoding="utf-8")


def _worktrees(checkout: Path) -> int:
    listed = subprocess.run(["git", "worktree", "list"], cwd=checkout, check=True, capture_output=True, text=True)
    return len(listed.stdout.splitlines())


@pytest.mark.parametrize("changed", [("context: 32768", "context: 16384")], indirect=True)
def test_a_change_of_one_line_is_shown_with_both_values(changed: Path) -> None:
    status, text = compare("dev", "main", changed)
    assert status == 0
    assert text.startswith(_MARKER)
    assert '| `chat` | `args["--max-model-len"]` | `32768` | `16384` |' in text
    assert _worktrees(changed) == 1


@pytest.mark.parametrize("changed", [("context: 32768", "context: many")], indirect=True)
def test_a_stack_that_is_rejected_is_exit_code_2_with_its_findings(changed: Path) -> None:
    status, text = compare("dev", "main", changed)
    assert status == 2
    assert text.startswith(_MARKER)
    assert "rejected" in text
    assert "models[0].context" in text


def test_a_policy_that_is_violated_is_exit_code_3(checkout: Path) -> None:
    strict = checkout / "policy" / "dev.json"
    original = strict.read_text(encoding="utf-8")
    strict.write_text('{"version": 2, "policies": {"aks-private-api-server": "mandatory"}}', encoding="utf-8")
    try:
        status, text = compare("dev", "main", checkout)
    finally:
        strict.write_text(original, encoding="utf-8")
    assert status == VIOLATED
    assert "violates policies" in text


@pytest.mark.parametrize(("base", "words"), [("old", "has no stack `dev`"), ("nowhere", "is not in this checkout")])
def test_without_a_base_the_comment_says_so(checkout: Path, base: str, words: str) -> None:
    status, text = compare("dev", base, checkout)
    assert status == 0
    assert text.startswith(_MARKER)
    assert words in text
    assert re.search(r"^\| resources \| [1-9]\d\d \| – \|$", text, re.MULTILINE)


def test_a_program_that_fails_is_shown_in_the_same_comment(checkout: Path) -> None:
    program = checkout / "__main__.py"
    original = program.read_text(encoding="utf-8")
    program.write_text("raise LookupError('no such thing')\n", encoding="utf-8")
    try:
        status, text = compare("dev", "old", checkout)
    finally:
        program.write_text(original, encoding="utf-8")
    assert status == INTERNAL_ERROR
    assert text.startswith(_MARKER)
    assert "LookupError: no such thing" in text
