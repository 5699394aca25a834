"""A command stays signed in for as long as it runs, and gets one signal when the pipeline is cancelled."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipelines.hosts import RefusedError
from pipelines.sign_in import signed_in

REPOSITORY = Path(__file__).resolve().parents[2]
_SECONDS = 30


class Tokens:
    """A host that gives a new token each time, and fails at the numbers that are given.

    The second and later ones come once the command has seen the first, and none after `last` is new.
    """

    def __init__(self, *failing: int, last: int | None = None, first_seen: Path | None = None) -> None:
        self.failing, self.given = failing, 0
        self.last, self.first_seen = last, first_seen

    def token(self) -> str:
        self.given += 1
        end = time.monotonic() + _SECONDS
        while self.given > 1 and self.first_seen and not self.first_seen.exists() and time.monotonic() < end:
            time.sleep(0.01)
        if self.given in self.failing:
            raise RefusedError("GET https://host was refused: 503 busy", 503)
        return f"token-{min(self.given, self.last or self.given)}"

    def comment(self, marker: str, text: str) -> str:
        raise NotImplementedError

    def issue(self, title: str, text: str) -> str:
        raise NotImplementedError

    def close(self, title: str) -> str:
        raise NotImplementedError


def _first_seen(out: Path) -> Path:
    return out.with_suffix(".first")


def _until_renewed(times: int, out: Path) -> list[str]:
    """A command that reads its token until it has seen that many, and writes down what it saw."""
    program = f"""
import json, os, pathlib, time
file, seen, end = pathlib.Path(os.environ["AZURE_FEDERATED_TOKEN_FILE"]), [], time.monotonic() + {_SECONDS}
while len(seen) < {times} and time.monotonic() < end:
    token = file.read_text()
    assert token.startswith("token-"), token
    if token not in seen:
        seen.append(token)
        pathlib.Path({str(_first_seen(out))!r}).touch()
names = ("ARM_USE_DEFAULT_AZURE_CREDENTIAL", "ARM_USE_OIDC")
found = [seen, oct(file.stat().st_mode & 0o777), str(file), *map(os.environ.get, names)]
pathlib.Path({str(out)!r}).write_text(json.dumps(found))
"""
    return [sys.executable, "-c", program]


def test_the_token_is_renewed_until_the_command_ends(tmp_path: Path) -> None:
    out = tmp_path / "seen.json"
    assert signed_in(_until_renewed(3, out), Tokens(), every_seconds=0.05) == 0
    seen, mode, file, default, oidc = json.loads(out.read_text())
    assert len(seen) == 3
    assert (mode, default, oidc) == ("0o600", "true", "false")
    assert not Path(file).exists()


def test_a_renewal_that_fails_leaves_the_token_and_is_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "seen.json"
    host = Tokens(2, 3, last=4, first_seen=_first_seen(out))
    assert signed_in(_until_renewed(2, out), host, every_seconds=0.05) == 0
    assert json.loads(out.read_text())[0] == ["token-1", "token-4"]
    assert "trying again" in capsys.readouterr().err


def test_without_a_first_token_nothing_runs(tmp_path: Path) -> None:
    out = tmp_path / "never"
    with pytest.raises(RefusedError):
        signed_in([sys.executable, "-c", f"open({str(out)!r}, 'w')"], Tokens(1))
    assert not out.exists()


def test_the_exit_code_is_the_commands() -> None:
    assert signed_in([sys.executable, "-c", "raise SystemExit(3)"], Tokens()) == 3
    assert signed_in(["sh", "-c", "kill -9 $$"], Tokens()) == 128 + 9


def test_a_command_that_does_not_exist_ends_the_renewal() -> None:
    before = threading.active_count()
    with pytest.raises(FileNotFoundError):
        signed_in(["no-such-program"], Tokens(), every_seconds=0.05)
    assert threading.active_count() == before


def test_a_cancelled_pipeline_sends_the_command_one_signal_and_waits_for_it(tmp_path: Path) -> None:
    out, ready = tmp_path / "signals", tmp_path / "ready"
    child = f"""
import pathlib, signal, time
received = []
signal.signal(signal.SIGINT, lambda *_: received.append("SIGINT"))
pathlib.Path({str(ready)!r}).touch()
end = time.monotonic() + {_SECONDS}
while not received and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.3)
pathlib.Path({str(out)!r}).write_text(" ".join(received))
raise SystemExit(7)
"""
    parent = f"""
import sys
sys.path[:0] = [{str(REPOSITORY)!r}, {str(Path(__file__).parent)!r}]
from test_pipeline_sign_in import Tokens
from pipelines.sign_in import signed_in
sys.exit(signed_in([sys.executable, "-c", {child!r}], Tokens()))
"""
    process = subprocess.Popen([sys.executable, "-c", parent], start_new_session=True)
    end = time.monotonic() + _SECONDS
    while not ready.exists() and time.monotonic() < end:
        time.sleep(0.01)
    # As a runner does it: the whole group.
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(_SECONDS) == 7
    assert out.read_text() == "SIGINT"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_pulumi_below_the_step_gets_one_signal_and_ends_in_order(number: int, tmp_path: Path) -> None:
    """As the workflows have it: `signed-in` runs the step, the step runs Pulumi; the runner signals the outer one."""
    out, ready = tmp_path / "signals", tmp_path / "ready"
    tool = tmp_path / "bin" / "pulumi"
    tool.parent.mkdir()
    tool.write_text(f"""#!{sys.executable}
import pathlib, signal, time
received = []
for each in (signal.SIGINT, signal.SIGTERM):
    signal.signal(each, lambda found, _: received.append(signal.Signals(found).name))
pathlib.Path({str(ready)!r}).touch()
end = time.monotonic() + {_SECONDS}
while not received and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.3)
pathlib.Path({str(out)!r}).write_text(" ".join(received))
raise SystemExit(8)
""")
    tool.chmod(0o755)
    step = f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
from pipelines.update import Stack
sys.exit(Stack("dev").preview(None))
"""
    parent = f"""
import sys
sys.path[:0] = [{str(REPOSITORY)!r}, {str(Path(__file__).parent)!r}]
from test_pipeline_sign_in import Tokens
from pipelines.sign_in import signed_in
sys.exit(signed_in([sys.executable, "-c", {step!r}], Tokens()))
"""
    environment = {**os.environ, "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}"}
    process = subprocess.Popen([sys.executable, "-c", parent], env=environment, start_new_session=True)
    end = time.monotonic() + _SECONDS
    while not ready.exists() and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(number)
    time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(_SECONDS) == 8
    assert out.read_text() == "SIGINT"
