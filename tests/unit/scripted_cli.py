"""A Pulumi CLI that is a script: it prints what the real one prints, and notes each command line.

By its source (pulumi/pulumi: pkg/cmd/pulumi, pkg/backend/diy/lock.go, pkg/secrets/passphrase/manager.go,
pkg/backend/httpstate/backend.go).
"""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import app
from tests.stack_files import ROOT

NEW = "v3.276.0"
LOCKED = (
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the "
    "lock file with `pulumi cancel`.\n  azblob://state/.pulumi/locks/organization/llm-platform/dev/1.json: created by "
    "ada@laptop (pid 7) at 2026-11-30T09:00:00Z"
)


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Every command line that the script got."""
    return tmp_path / "calls"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        (folder / name).write_text((ROOT / name).read_text())
    monkeypatch.setattr("operate.workspace.PROJECT", folder)
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def pulumi(tmp_path: Path, calls: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a CLI on the search path that has a version, and otherwise fails with a message, or prints an answer."""
    del project
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")

    def script(version: str = NEW, *, fails: str = "", fails_at: str = "", prints: str = "{}") -> None:
        """`fails_at` is the command that fails, every one without it; those before it have no history and a state."""
        file = place / "pulumi"
        file.write_text(
            f'#!/bin/sh\necho "$@" >> {calls}\nif [ "$1" = version ]; then echo {version}; exit 0; fi\n'
            'case "$*" in *"config set"*)'
            ' printf "  %s:\\n    secure: v1:%s\\n" "$5" "$(wc -c)" >> Pulumi.dev.yaml;; esac\n'
            + (f"case \"$*\" in *'{fails_at}'*) cat >&2 <<'END'\n{fails}\nEND\nexit 255;; esac\n" if fails else "")
            + f"case \"$*\" in *'stack history'*) echo '[]';; *) cat <<'END'\n{prints}\nEND\n;; esac\n"
        )
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    return script


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Standard error of a verb that must end with 2."""
    capsys.readouterr()
    assert app.main(arguments) == 2
    return capsys.readouterr().err


def documents(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    """Standard output of a verb with `--json`."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
