"""What keeps an operation from beginning is one clear error with exit code 2, and nothing is changed."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from scripted_cli import LOCKED, documents, refused

from cli import app
from cli.operating import operated
from operate import state
from operate.screen import Screen
from operate.workspace import Stack
from policy.evaluation import Violation

SALT = "encryptionsalt: v1:AAAAAAAAAAA=:v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n"


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
    assert "tenants of this stack: playground" in refused(capsys, "rotate-keys", "dev", "--tenant", "team-a", "--yes")
    assert "rotate-keys STACK" in refused(capsys, "rotate-keys", "dev", "--finish", "--yes")
    assert "pools of this stack: h100" in refused(capsys, "rotate-pool", "dev", "a100", "--yes")
    rejected = refused(capsys, "rotate-pool", "dev", "h100", "--set", "vm_size=Standard_Nothing", "--yes")
    assert "the edited Pulumi.dev.yaml would be rejected" in rejected
    assert "pools[0].vm_size" in rejected
    assert "KEY=VALUE" in refused(capsys, "rotate-pool", "dev", "h100", "--set", "vm_size")
    assert (project / "Pulumi.dev.yaml").read_text() == before
    assert set(calls.read_text().splitlines()) == {"version"}
    assert "at a terminal" in refused(capsys, "rotate-pool", "dev", "h100")
    assert (project / "Pulumi.dev.yaml").read_text() == before


def test_a_protected_stack_and_the_name_of_another_one(
    pulumi: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    urn = "urn:pulumi:dev::llm-platform::llm-platform:components:Guard::guard-vault"
    held = json.dumps({"deployment": {"resources": [{"urn": urn, "type": "x", "protect": True}]}})
    pulumi(prints=held)
    found = refused(capsys, "destroy", "dev", "--yes", "dev")
    assert "guard-vault" in found
    assert "protect: false" in found


@pytest.mark.parametrize("name", ["../x", "examples/foo", ""])
@pytest.mark.parametrize("verb", ["status", "refresh", "destroy", "up"])
def test_a_name_that_no_stack_has(
    verb: str, name: str, pulumi: Callable[..., None], calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi()
    assert app.main([verb, name]) == 2
    shown = "".join(capsys.readouterr())
    assert f"{name!r} is not the name of a stack" in shown
    assert "internal error" not in shown
    assert not calls.exists()


def test_what_nobody_foresaw_is_shown_in_the_words_of_the_cli(
    pulumi: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi(fails="error: the moon is full\n  go to bed")
    assert "the Pulumi CLI failed: error: the moon is full; go to bed\n" in refused(capsys, "status", "dev")
    assert app.main(["status", "dev", "--json"]) == 2
    assert [each["event"] for each in documents(capsys)] == ["refused"]

    def cut_off(stack: Stack, screen: Screen) -> bool:
        del screen
        state.unlock(stack)
        return bool(state.saved(stack))

    pulumi(fails="error: the moon is full", fails_at="stack export")
    assert operated("dev", True, cut_off) == 4
    (found,) = documents(capsys)
    assert (found["event"], found["operation"], found["result"]) == ("outcome", "cancel", "failed")
    assert "the moon is full" in found["errors"][0]


@pytest.mark.parametrize("verb", [["up"], ["rotate-keys"], ["import-ids", "--rebuild"]])
def test_a_rejected_stack_and_a_violated_policy_are_in_the_json(
    verb: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main([*verb, "nobody", "--json"]) == 2
    (found,) = documents(capsys)
    assert (found["event"], found["stack"]) == ("refused", "nobody")
    assert "Pulumi.nobody.yaml" in found["message"]
    assert found["fix"].startswith("stacks in this project")
    violation = Violation("tags-required", "mandatory", "urn:x::y", "has no owner", "write tags")
    monkeypatch.setattr("preview.policies.judged", lambda *_: SimpleNamespace(violations=(violation,)))
    assert app.main([*verb, "dev", "--json"]) == 3
    (found,) = documents(capsys)
    assert found["event"] == "refused"
    assert "tags-required" in found["message"]
    assert "has no owner" in found["message"]
    assert found["fix"] == "write tags"


def test_ids_are_a_file_and_a_rejection_is_not_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["import-ids", "nobody"]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert "Pulumi.nobody.yaml" in errors


@pytest.mark.parametrize(
    "ask", [lambda screen: screen.confirm("Update?", "--yes"), lambda screen: screen.typed("Type dev:", "dev", "--yes")]
)
def test_the_end_of_the_input_is_no(ask: Callable[[Screen], bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Screen, "is_terminal", True)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert not ask(Screen())


@pytest.mark.parametrize("value", ["a=[", "a=" + "[" * 25_000, "a=2026-13-45x: {"])
def test_a_value_that_is_not_valid_yaml_is_a_mistake(
    value: str, pulumi: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi()
    assert "is not valid YAML" in refused(capsys, "rotate-pool", "dev", "h100", "--set", value)


def test_a_stack_file_of_any_content_keeps_no_stack_from_being_opened(
    project: Path, pulumi: Callable[..., None]
) -> None:
    """The check names what is wrong with it; here it is only read for its passphrase."""
    pulumi()
    file = project / "Pulumi.dev.yaml"
    for content in ("[" * 25_000, "a: &a [1]\n" + "b: [" + "*a, " * 200_000 + "]"):
        file.write_text(content)
        assert operated("dev", False, lambda *_: True) == 0
    file.unlink()
    os.mkfifo(file)
    assert operated("dev", False, lambda *_: True) == 0


def test_no_escape_of_a_lock_or_a_cloud_reaches_the_terminal(
    pulumi: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi(fails=LOCKED.replace("ada@laptop", "ada\x1b[31m\x1b]0;owned\x07@laptop"))
    text = refused(capsys, "refresh", "dev", "--yes")
    assert "created by ada" in text
    assert "\x1b" not in text
    assert "\x07" not in text
    Screen().say("one\x1b[2J\ntwo")
    assert capsys.readouterr().out == "one [2J\ntwo\n"
