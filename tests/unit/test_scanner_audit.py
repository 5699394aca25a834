"""The audit of Python packages never says that all is well when nobody answered."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.repository import files
from tests.scanners import audit

KNOWN = {"id": "GHSA-0000-0000-0001", "fix_versions": ["2.1"], "aliases": [], "description": ""}


def environment(folder: Path, printed: str, status: int) -> Path:
    """An environment whose pip-audit prints this."""
    (folder / "bin").mkdir()
    (folder / "answer").write_text(printed, encoding="utf-8")
    program = folder / "bin" / "pip-audit"
    program.write_text(f"#!/bin/sh\ncat '{folder}/answer'\necho 'ConnectionError: no route' >&2\nexit {status}\n")
    program.chmod(0o755)
    return folder


def answer(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


@pytest.mark.parametrize(
    ("printed", "status", "code", "words"),
    [
        (answer({"name": "a", "version": "2", "vulns": []}), 0, 0, "7 packages audited, 0 problems"),
        (
            answer({"name": "a", "version": "2", "vulns": [KNOWN]}),
            1,
            1,
            "not explained: GHSA-0000-0000-0001 a: 2, mended in",
        ),
        ("", 1, audit.NOT_AUDITED, "requirements.txt: pip-audit ended with 1 and no answer: ConnectionError: no route"),
        (answer(), 0, audit.NOT_AUDITED, "NOT AUDITED"),
        (answer({"name": "a", "skip_reason": "not on PyPI"}), 0, audit.NOT_AUDITED, "1 of 1 packages have no answer"),
    ],
    ids=["none", "some", "offline", "nothing read", "unknown package"],
)
def test_the_exit_code_distinguishes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], printed: str, status: int, code: int, words: str
) -> None:
    assert audit.main(environment(tmp_path, printed, status)) == code
    assert words in capsys.readouterr().out


def test_every_set_of_requirements_with_hashes_is_audited() -> None:
    hashed = {
        path.relative_to(audit.ROOT).as_posix()
        for path in files(".txt")
        if path.name.startswith("requirements") and "--hash=" in path.read_text(encoding="utf-8")
    }
    assert hashed == set(audit.REQUIREMENTS)
