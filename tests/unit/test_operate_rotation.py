"""A rotation that does not reach its update leaves the stack file as it was; one that was cut off is continued."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from scripted_cli import LOCKED, documents, refused

from cli import app
from operate import updating
from operate.cli import interruption_raises
from operate.progress import Event
from operate.running import Outcome
from operate.screen import Screen


def reading(*pairs: tuple[str, str]) -> str:
    """A state whose gateway reads these keys: the client's name in the Secret, and the vault's secret."""
    data = [{"secretKey": name, "remoteRef": {"key": key}} for name, key in pairs]
    type_ = "kubernetes:external-secrets.io/v1:ExternalSecret"
    return json.dumps(
        {"deployment": {"resources": [{"urn": "urn:x::keys", "type": type_, "inputs": {"spec": {"data": data}}}]}}
    )


ONE_KEY = reading(("playground", "key-playground"))
BOTH_KEYS = reading(("playground", "key-playground-2"), ("playground.2", "key-playground"))


def with_both_keys(project: Path) -> Path:
    file = project / "Pulumi.dev.yaml"
    text = file.read_text()
    file.write_text(text.replace("key_secret: key-playground", "key_secrets: [key-playground-2, key-playground]"))
    return file


@pytest.mark.parametrize("verb", [("rotate-keys", "dev"), ("rotate-pool", "dev", "h100")])
@pytest.mark.parametrize(
    ("message", "at", "shown"),
    [
        ("error: no stack named 'dev' found", "", "the state has no stack dev"),
        (LOCKED, "stack rename", "created by ada@laptop"),
        # The lock that another update takes after the question.
        (LOCKED, "preview", "created by ada@laptop"),
    ],
)
def test_a_rotation_that_cannot_begin_puts_the_file_back(
    verb: tuple[str, ...],
    message: str,
    at: str,
    shown: str,
    project: Path,
    pulumi: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = (project / "Pulumi.dev.yaml").read_bytes()
    pulumi(fails=message, fails_at=at, prints=ONE_KEY)
    assert shown in refused(capsys, *verb, "--yes")
    assert (project / "Pulumi.dev.yaml").read_bytes() == before


def test_a_key_that_cannot_be_encrypted_is_explained(
    project: Path, pulumi: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = (project / "Pulumi.dev.yaml").read_bytes()
    pulumi(fails="error: incorrect passphrase", fails_at="config set", prints=ONE_KEY)
    assert "a wrong one" in refused(capsys, "rotate-keys", "dev", "--yes")
    assert (project / "Pulumi.dev.yaml").read_bytes() == before


def test_an_interrupted_rotation_of_keys_is_continued_and_not_finished(
    project: Path, pulumi: Callable[..., None], calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = with_both_keys(project)
    before = file.read_bytes()
    pulumi(fails=LOCKED, fails_at="preview", prints=ONE_KEY)
    found = refused(capsys, "rotate-keys", "dev", "--finish", "--yes")
    assert "the gateway never got key-playground-2 of playground" in found
    assert "config set" not in calls.read_text()
    assert "created by ada@laptop" in refused(capsys, "rotate-keys", "dev", "--yes")
    assert "config set --secret llm-platform:key-playground-2" in calls.read_text()
    assert file.read_bytes() == before
    pulumi(prints=BOTH_KEYS)
    assert "playground has two keys already" in refused(capsys, "rotate-keys", "dev", "--yes")
    assert file.read_bytes() == before


def no(file: Path) -> bool:
    del file
    return False


def ctrl_d(file: Path) -> bool:
    del file
    raise click.Abort


def ctrl_c(file: Path) -> bool:
    del file
    raise KeyboardInterrupt


@pytest.mark.parametrize("answer", [no, ctrl_d, ctrl_c])
@pytest.mark.parametrize("verb", [("rotate-keys", "dev"), ("rotate-pool", "dev", "h100")])
def test_no_to_the_update_puts_the_file_back(
    verb: tuple[str, ...],
    answer: Callable[[Path], bool],
    project: Path,
    pulumi: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = project / "Pulumi.dev.yaml"
    before = file.read_bytes()
    pulumi(prints=ONE_KEY)
    answers_of(monkeypatch, lambda: True, lambda: answer(file))
    assert app.main(verb) == 4
    assert file.read_bytes() == before
    assert "Pulumi.dev.yaml is as it was before" in capsys.readouterr().out


def test_what_somebody_else_wrote_in_between_is_kept(
    project: Path, pulumi: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "Pulumi.dev.yaml"

    def note(*, then: bool) -> bool:
        with file.open("a") as opened:
            opened.write("# a note\n")
        return then

    pulumi(prints=ONE_KEY)
    answers_of(monkeypatch, lambda: True, lambda: note(then=False))
    assert app.main(["rotate-pool", "dev", "h100"]) == 4
    assert "changed by somebody else, and is kept" in capsys.readouterr().out
    assert file.read_text().endswith("# a note\n")
    assert "generation: 1" in file.read_text()
    before = file.read_text()
    answers_of(monkeypatch, lambda: note(then=True))
    assert "changed in the meantime" in refused(capsys, "rotate-pool", "dev", "h100")
    assert file.read_text() == f"{before}# a note\n"


def answers_of(monkeypatch: pytest.MonkeyPatch, *answers: Callable[[], bool]) -> None:
    """Somebody at a terminal gives these answers; a preview finds one resource to change."""
    left = list(answers)
    step = Event("done", 0, "update", "urn:x::y", "x", "y")
    monkeypatch.setattr(Screen, "is_terminal", True)
    monkeypatch.setattr(click, "confirm", lambda *_, **__: left.pop(0)())
    monkeypatch.setattr(updating, "run", lambda *_, **__: Outcome("preview", "succeeded", 0, {}, (step,), (), ()))


@pytest.mark.parametrize("setting", ["nodes={min: 1, max: 2}", "rotation=create-first", "nodes={min: 1, max: 3}"])
def test_settings_that_make_no_other_pool_count_a_generation(
    setting: str, pulumi: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    pulumi(prints=ONE_KEY)
    assert app.main(["rotate-pool", "dev", "h100", "--set", setting, "--json"]) == 2
    assert "+      generation: 1" in documents(capsys)[0]["difference"]
    assert app.main(["rotate-pool", "dev", "h100", "--set", "os_disk_gib=768", "--json"]) == 2
    shown = documents(capsys)[0]["difference"]
    assert "+      os_disk_gib: 768" in shown
    assert "generation" not in shown


def test_a_signal_that_would_end_the_process_raises_while_the_file_is_edited() -> None:
    former = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        with pytest.raises(KeyboardInterrupt), interruption_raises():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with interruption_raises():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, former)


def test_an_edit_that_violates_a_policy_is_refused_before_it_is_written(
    project: Path, pulumi: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """`llm-platform up` would refuse such a file; so does what edits it for an update."""
    pulumi(prints=ONE_KEY)
    before = (project / "Pulumi.dev.yaml").read_bytes()
    (project / "Pulumi.dev.yaml").write_bytes(before.replace(b"environment: dev", b"environment: prod"))
    changed = (project / "Pulumi.dev.yaml").read_bytes()
    found = refused(capsys, "rotate-pool", "dev", "h100", "--yes", "--set", "nodes={min: 1, max: 150}")
    assert "node-pool-size" in found or "would be rejected" in found
    assert (project / "Pulumi.dev.yaml").read_bytes() == changed


def test_a_client_whose_name_yaml_1_1_reads_as_a_switch(
    project: Path, pulumi: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("name: playground", "name: on"))
    pulumi(prints=reading(("on", "key-playground")))
    refused(capsys, "rotate-keys", "dev", "--tenant", "off", "--yes")
    app.main(["rotate-keys", "dev", "--tenant", "on", "--yes"])
    assert "there is no client" not in capsys.readouterr().err
