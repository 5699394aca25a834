"""What keeps an operation from beginning is one clear error with exit code 2, and nothing is changed.

The CLI is a script here that prints what the real one prints, by its source (pulumi/pulumi: pkg/cmd/pulumi,
pkg/backend/diy/lock.go, pkg/secrets/passphrase/manager.go, pkg/backend/httpstate/backend.go).
"""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import app
from operate import workspace
from tests.stack_files import ROOT

NEW = "v3.276.0"
SALT = "encryptionsalt: v1:AAAAAAAAAAA=:v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n"
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
    monkeypatch.setattr(workspace, "PROJECT", folder)
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

    def script(version: str = NEW, *, fails: str = "", prints: str = "{}") -> None:
        file = place / "pulumi"
        file.write_text(
            f'#!/bin/sh\necho "$@" >> {calls}\nif [ "$1" = version ]; then echo {version}; exit 0; fi\n'
            + (f"cat >&2 <<'END'\n{fails}\nEND\nexit 255\n" if fails else f"cat <<'END'\n{prints}\nEND\n")
        )
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    return script


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Standard error of a verb that must end with 2."""
    capsys.readouterr()
    assert app.main(arguments) == 2
    return capsys.readouterr().err


def test_no_cli(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    del project
    monkeypatch.setenv("PATH", "/nowhere")
    found = refused(capsys, "status", "dev")
    assert "the Pulumi CLI can't be run" in found
    assert "https://www.pulumi.com/docs/install/" in found


@pytest.mark.parametrize("version", ["v3.199.0", "v2.25.2", "unknown"])
def test_a_cli_that_is_too_old(version: str, pulumi: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    pulumi(version)
    found = refused(capsys, "status", "dev")
    assert "3.272.0" in found
    assert "not 3.272.0 or newer" in found or "can't be run" in found


@pytest.mark.parametrize(
    ("message", "shown", "fix"),
    [
        ("error: no stack named 'dev' found", "the state has no stack dev", "pulumi stack select --create dev"),
        (
            "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
            "signed in to no state",
            "pulumi login",
        ),
        (
            "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
            "no passphrase",
            "PULUMI_CONFIG_PASSPHRASE_FILE",
        ),
        ("error: incorrect passphrase", "a wrong one", "PULUMI_CONFIG_PASSPHRASE_FILE"),
        ("error: DefaultAzureCredential: failed to acquire a token", "Azure refuses", "az login"),
        (LOCKED, "created by ada@laptop (pid 7)", "llm-platform up dev --unlock"),
    ],
)
@pytest.mark.parametrize("verb", [("status", "dev"), ("up", "dev", "--yes"), ("destroy", "dev", "--yes", "dev")])
def test_what_the_cli_refuses(
    message: str,
    shown: str,
    fix: str,
    verb: tuple[str, ...],
    pulumi: Callable[..., None],
    calls: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pulumi(fails=message)
    found = refused(capsys, *verb)
    assert shown in found
    assert fix in found
    commands = {line.split()[0] for line in calls.read_text().replace("--non-interactive ", "").splitlines()}
    assert commands == {"version", "stack"}


def test_secrets_behind_a_passphrase_that_nobody_gave(
    project: Path, pulumi: Callable[..., None], calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi()
    with (project / "Pulumi.dev.yaml").open("a") as file:
        file.write(SALT)
    found = refused(capsys, "up", "dev", "--yes")
    assert "no passphrase" in found
    assert "change-secrets-provider" in found
    assert not calls.exists()


def test_a_folder_that_is_no_project(
    project: Path, pulumi: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi()
    (project / "Pulumi.yaml").unlink()
    assert "Pulumi.yaml" in refused(capsys, "status", "dev")


@pytest.mark.parametrize("verb", ["up", "rotate-keys", "import-ids"])
def test_a_stack_that_is_rejected_or_not_there_reaches_no_cli(
    verb: str, pulumi: Callable[..., None], calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi()
    assert app.main([verb, "nobody"]) == 2
    assert "Pulumi.nobody.yaml" in "".join(capsys.readouterr())
    assert not calls.exists()


def test_ids_that_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert "URN=ID" in refused(capsys, "up", "dev", "--exists", "chat")


def test_an_unknown_client_and_an_unknown_pool(
    project: Path, pulumi: Callable[..., None], calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi()
    before = (project / "Pulumi.dev.yaml").read_text()
    assert "clients of this stack: playground" in refused(capsys, "rotate-keys", "dev", "--client", "team-a", "--yes")
    assert "rotate-keys STACK" in refused(capsys, "rotate-keys", "dev", "--finish", "--yes")
    assert "pools of this stack: h100" in refused(capsys, "rotate-pool", "dev", "a100", "--yes")
    rejected = refused(capsys, "rotate-pool", "dev", "h100", "--set", "vm_size=Standard_Nothing", "--yes")
    assert "the edited Pulumi.dev.yaml would be rejected" in rejected
    assert "pools[0].vm_size" in rejected
    assert "at a terminal" in refused(capsys, "rotate-pool", "dev", "h100")
    assert "KEY=VALUE" in refused(capsys, "rotate-pool", "dev", "h100", "--set", "vm_size")
    assert (project / "Pulumi.dev.yaml").read_text() == before
    assert set(calls.read_text().splitlines()) == {"version"}


def test_a_protected_stack_and_the_name_of_another_one(
    pulumi: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    urn = "urn:pulumi:dev::llm-platform::llm-platform:components:Guard::guard-vault"
    held = json.dumps({"deployment": {"resources": [{"urn": urn, "type": "x", "protect": True}]}})
    pulumi(prints=held)
    found = refused(capsys, "destroy", "dev", "--yes", "dev")
    assert "guard-vault" in found
    assert "protect: false" in found
