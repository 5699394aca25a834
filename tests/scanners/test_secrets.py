"""No commit of this repository holds a secret that gitleaks knows the form of, other than made-up ones."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.repository import ROOT
from tests.scanners.programs import GITLEAKS, run
from tests.scanners.skip_list import Finding, problems, skips, today


@pytest.fixture(scope="module")
def gitleaks() -> Path:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of git, or there is no git")
    try:
        return GITLEAKS.binary("gitleaks")
    except ToolUnavailableError as error:
        pytest.skip(str(error))


def findings(program: Path, folder: Path) -> list[Finding]:
    """What is found in any commit, with the text around a secret; the secret itself isn't printed."""
    report = [program, "git", "--no-banner", "--redact", "--report-format", "json", "--report-path", "-", folder]
    return [
        Finding(
            found["RuleID"], f"{found['File']}: {' '.join(found['Match'].split())}",
            f"line {found['StartLine']} in commit {found['Commit'][:12]}",
        )
        for found in json.loads(run(report, folder) or "[]")
    ]  # fmt: skip


def test_no_commit_holds_a_secret(gitleaks: Path) -> None:
    wrong = problems(findings(gitleaks, ROOT), skips("gitleaks"), today())
    assert not wrong, "\n".join(wrong)


def test_a_token_is_found_even_where_a_later_commit_removes_it(gitleaks: Path, tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", *author, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--quiet")
    for text in ("token: ghp_" + "aZ3kQ9xW7bT2mL5v" + "R8nC1dF6gH4jP0sYuEiO", "token: none"):
        (tmp_path / "settings.yaml").write_text(f"{text}\n", encoding="utf-8")
        git("add", ".")
        git("commit", "--quiet", "--message", "settings")
    (finding,) = findings(gitleaks, tmp_path)
    assert (finding.check, finding.where) == ("github-pat", "settings.yaml: REDACTED")
