"""actionlint finds nothing in the workflows: expressions, contexts, needs, inputs of actions, shells."""

from pathlib import Path

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.repository import ROOT
from tests.scanners.programs import ACTIONLINT, run

_WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
# Neither is here by itself, and what it finds would depend on whether somebody installed it.
_ALONE = ("-shellcheck=", "-pyflakes=")


@pytest.fixture(scope="module")
def actionlint() -> Path:
    try:
        return ACTIONLINT.binary("actionlint")
    except ToolUnavailableError as error:
        pytest.skip(str(error))


def test_the_workflows_are_what_github_takes(actionlint: Path) -> None:
    assert _WORKFLOWS
    assert run([actionlint, "-oneline", "-no-color", *_ALONE, *_WORKFLOWS], ROOT) == ""


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("needs: dev", "needs: devv", '"devv" which does not exist'),
        ("${{ inputs.unlock ==", "${{ input.unlock ==", 'undefined variable "input"'),
        ("runs-on: ${{ vars.RUNNER ||", "run-on: ${{ vars.RUNNER ||", '"run-on"'),
        ("cancel-in-progress: false", "cancel-in-progress: never", "boolean literal"),
        ("id-token: write", "id-token: admin", '"admin"'),
    ],
)
def test_a_broken_workflow_is_found(actionlint: Path, tmp_path: Path, before: str, after: str, found: str) -> None:
    text = (ROOT / ".github" / "workflows" / "stack-update.yaml").read_text(encoding="utf-8")
    assert before in text
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace(before, after), encoding="utf-8")
    assert found in run([actionlint, "-oneline", "-no-color", *_ALONE, broken], ROOT)
