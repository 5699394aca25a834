"""`llm-platform rehearse` as a person starts it: what it shows, how it ends, and that nothing is left of it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulators.api_server.waiting import eventually
from tests.stack_files import ROOT, stack_file

pytestmark = pytest.mark.cluster
LIMIT_SECONDS = 900
Line = dict[str, Any]


class Rehearsal:
    """The command in a process of its own; `temporary` is where it keeps its files."""

    def __init__(self, temporary: Path, *words: str, **environment: str) -> None:
        self.temporary = temporary
        self._errors = temporary.parent / "errors"
        with self._errors.open("w") as errors:
            # Whoever runs the tests may ignore signals, which a process hands on to those that it starts.
            self.process = subprocess.Popen(
                ["env", "--default-signal=INT,TERM,HUP", sys.executable, "-m", "cli", "rehearse", *words, "--json"],
                cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary), **environment}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
            )  # fmt: skip
        self.lines: list[Line] = []

    def until(self, happened: Callable[[Line], bool]) -> Line:
        """Read lines up to the first of which something is true."""
        assert self.process.stdout is not None
        for text in self.process.stdout:
            self.lines.append(json.loads(text))
            if happened(self.lines[-1]):
                return self.lines[-1]
        raise AssertionError(f"ended before: {self.lines[-5:]} {self._errors.read_text()}")

    def end(self) -> int:
        """Read the rest; the exit code."""
        assert self.process.stdout is not None
        self.lines += [json.loads(text) for text in self.process.stdout]
        return self.process.wait(timeout=LIMIT_SECONDS)

    def of(self, kind: str) -> list[Line]:
        """Lines of one kind."""
        return [line for line in self.lines if line["kind"] == kind]

    def require_nothing_left(self) -> None:
        """No file, and no process that was started for it."""
        eventually(lambda: not list(self.temporary.iterdir()), "the files are gone", timeout_seconds=30)
        eventually(lambda: processes_below(self.temporary) == [], "the processes are gone", timeout_seconds=30)

    @property
    def errors(self) -> str:
        """What it wrote to standard error."""
        return self._errors.read_text()


def commands_of(folder: Path) -> list[tuple[int, str]]:
    """Process ids and command lines of processes that work in a folder, or name it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_text(errors="replace")
            if str(folder) in command or (process / "cwd").readlink().is_relative_to(folder):
                found.append((int(process.name), command))
    return found


def processes_below(folder: Path) -> list[str]:
    """Command lines of these processes."""
    return [command.replace("\0", " ") for _, command in commands_of(folder)]


@pytest.fixture
def start(
    tmp_path: Path, engine_binary: Path, control_plane_binaries: dict[str, Path]
) -> Iterator[Callable[..., Rehearsal]]:
    """Start a rehearsal; at the end nothing may be left of it, whatever the test did."""
    del engine_binary, control_plane_binaries
    temporary, started = tmp_path / "temporary", []
    temporary.mkdir()

    def begin(*words: str, **environment: str) -> Rehearsal:
        # Neither a person's files nor their sign-in may matter: the first is missing, the second makes no sense.
        odd = {"HOME": "/nonexistent", "ARM_CLIENT_ID": "not-an-id", "KUBECONFIG": "/nonexistent/config"}
        cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        rehearsal = Rehearsal(temporary, *words, **{**odd, "XDG_CACHE_HOME": cache, **environment})
        started.append(rehearsal)
        return rehearsal

    yield begin
    for rehearsal in started:
        with rehearsal.process as process:
            process.kill()
        rehearsal.require_nothing_left()


def summary(rehearsal: Rehearsal, deployment: str) -> Line:
    (found,) = [line for line in rehearsal.of("summary") if line.get("deployment") == deployment]
    return found


def test_a_stack_comes_up_and_everything_is_gone_afterwards(start: Callable[..., Rehearsal]) -> None:
    """Without reference data, as whoever has the repository alone runs it."""
    rehearsal = start("dev", REFERENCE_DIR="")
    assert rehearsal.end() == 0, (rehearsal.lines[-20:], rehearsal.errors)
    assert rehearsal.errors == ""
    made = {line["type"] for line in rehearsal.of("resource") if line["operation"] == "create"}
    assert {
        "azure-native:containerservice:ManagedCluster", "azure-native:containerservice:AgentPool",
        "kubernetes:helm.sh/v3:Release", "kubernetes:apps/v1:Deployment",
    } <= made  # fmt: skip
    assert any(line["devices"] == ["2 nvidia.com/gpu"] for line in rehearsal.of("node") if "devices" in line)
    pods = rehearsal.of("pod")
    assert any(line["state"].startswith("Ready on ") for line in pods)
    assert any(line["updated"] == line["wanted"] == line["ready"] for line in rehearsal.of("rollout"))
    assert [summary(rehearsal, name)["serving"] for name in ("chat", "embed")] == [1, 1]
    (not_shown,) = rehearsal.of("not-shown")
    assert "docs/not-verified.md" in not_shown["text"]
    times = [line["seconds"] for line in rehearsal.lines]
    assert times == sorted(times)
    rehearsal.require_nothing_left()


@pytest.mark.long
def test_while_it_is_kept_the_kubeconfig_shows_the_cluster(start: Callable[..., Rehearsal], reference: Path) -> None:
    rehearsal = start("dev", "--keep-for", "3600", "--reference", str(reference))
    path = Path(rehearsal.until(lambda line: line["kind"] == "kubeconfig")["path"])
    cluster = yaml.safe_load(path.read_text())
    assert cluster["clusters"][0]["cluster"]["server"].startswith("https://127.0.0.1:")
    assert Path(cluster["clusters"][0]["cluster"]["certificate-authority"]).is_file()
    rehearsal.process.send_signal(signal.SIGTERM)
    assert rehearsal.end() == 128 + signal.SIGTERM
    rehearsal.require_nothing_left()


@pytest.mark.long
def test_at_a_terminal_it_waits_for_enter(tmp_path: Path, engine_binary: Path, control_plane_binaries: object) -> None:
    """Encrypted settings are in the file, as of a stack that was bootstrapped: they are not decrypted."""
    del engine_binary, control_plane_binaries
    file, temporary = tmp_path / "stack.yaml", tmp_path / "temporary"
    secure = "  llm-platform:gateway-certificate:\n    secure: v1:AAAA:BBBB\nencryptionsalt: v1:CCCC:v1:DDDD:EEEE\n"
    file.write_text(stack_file("dev").read_text() + secure)
    temporary.mkdir()
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "rehearse", "dev", "--config", str(file)],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)}, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while b"press Enter" not in shown:
        shown += os.read(ours, 4096)
    assert b"azure-native:keyvault:Secret" in shown
    os.write(ours, b"\n")
    assert process.wait(timeout=LIMIT_SECONDS) == 0
    os.close(ours)
    eventually(lambda: not list(temporary.iterdir()), "the files are gone", timeout_seconds=30)
    eventually(lambda: processes_below(temporary) == [], "the processes are gone", timeout_seconds=30)


@pytest.mark.long
def test_an_update_shows_what_is_replaced_and_that_models_serve_on(
    start: Callable[..., Rehearsal], tmp_path: Path
) -> None:
    before = tmp_path / "before.yaml"
    text = stack_file("dev").read_text()
    before.write_text(text.replace("vm_size: Standard_NC40ads_H100_v5", "vm_size: Standard_NC80adis_H100_v5"))
    rehearsal = start("dev", "--from", str(before))
    assert rehearsal.end() == 0, (rehearsal.lines[-20:], rehearsal.errors)
    (deleted,) = [line["deleted"] for line in rehearsal.of("summary") if "deleted" in line]
    assert any(name.startswith("pool-h100") for name in deleted)
    for name in ("chat", "embed"):
        assert summary(rehearsal, name)["fewest"] >= 1
    assert any(line["old"] and line["updated"] for line in rehearsal.of("rollout"))
    assert any(line["state"] == "gone" for line in rehearsal.of("node"))


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("missing-role", "AuthorizationFailed"),
        ("no-capacity-for-cluster", "AllocationFailed"),
        ("size-not-sold", "SkuNotAvailable"),
        ("no-capacity-for-pool", "AllocationFailed"),
        ("azure-stays-busy", "TooManyRequests"),
        ("api-server-dies", "does not answer"),
        ("chart-times-out", "failed to initialize"),
        ("webhook-away", "failed calling webhook"),
        ("policy-refuses", "review of the security team"),
        ("pods-crash", "OOMKilled"),
        ("update-cancelled", "cancel"),
    ],
)
def test_a_fault_is_shown_as_the_user_sees_it_and_the_next_up_mends_it(
    start: Callable[..., Rehearsal], fault: str, cause: str
) -> None:
    rehearsal = start("dev", "--fault", fault)
    assert rehearsal.end() == 0, (rehearsal.lines[-20:], rehearsal.errors)
    (error,) = rehearsal.of("error")
    assert cause in error["text"]
    assert [line["fault"] for line in rehearsal.of("fault")] == [fault]
    assert rehearsal.errors == ""
    assert any(line["text"].startswith("the next up: ") for line in rehearsal.of("summary"))
    assert summary(rehearsal, "chat")["serving"] == 1


@pytest.mark.long
def test_pods_without_a_machine_are_pending_for_the_scheduler_s_reason(
    start: Callable[..., Rehearsal], tmp_path: Path
) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text(stack_file("dev").read_text().replace("nodes: {min: 1, max: 3}", "nodes: {min: 0, max: 3}"))
    rehearsal = start("dev", "--config", str(empty), "--fault", "no-machine-for-model")
    assert rehearsal.end() == 0, (rehearsal.lines[-20:], rehearsal.errors)
    pending = [line for line in rehearsal.of("pod") if line["state"].startswith("Pending: 0/3 nodes are available")]
    assert {line["pod"].rsplit("-", 2)[0] for line in pending} == {"llm/chat", "llm/embed"}
    assert any("untolerated taint" in line.get("reason", "") for line in rehearsal.of("summary"))


@pytest.mark.long
def test_a_fault_of_a_later_update_leaves_the_models_serving(start: Callable[..., Rehearsal], tmp_path: Path) -> None:
    before = tmp_path / "before.yaml"
    text = stack_file("dev").read_text()
    before.write_text(text.replace("vm_size: Standard_NC40ads_H100_v5", "vm_size: Standard_NC80adis_H100_v5"))
    rehearsal = start("dev", "--from", str(before), "--fault", "size-not-sold")
    assert rehearsal.end() == 0, (rehearsal.lines[-20:], rehearsal.errors)
    (error,) = rehearsal.of("error")
    assert "SkuNotAvailable" in error["text"]
    assert [summary(rehearsal, name)["fewest"] for name in ("chat", "embed")] == [1, 1]


def is_under_way(line: Line) -> bool:
    return line["kind"] == "resource" and line["type"] == "azure-native:containerservice:ManagedCluster"


def test_an_interrupted_rehearsal_leaves_nothing(start: Callable[..., Rehearsal]) -> None:
    rehearsal = start("dev")
    rehearsal.until(is_under_way)
    assert processes_below(rehearsal.temporary)
    rehearsal.process.send_signal(signal.SIGINT)
    assert rehearsal.end() == 128 + signal.SIGINT
    assert rehearsal.lines[-1]["text"].startswith("ended by SIGINT")
    assert rehearsal.errors == ""
    rehearsal.require_nothing_left()


@pytest.mark.long
@pytest.mark.parametrize("seconds", [0.2, 2.0, 5.0, 12.0])
def test_it_may_be_interrupted_at_any_moment(start: Callable[..., Rehearsal], seconds: float) -> None:
    rehearsal = start("dev")
    time.sleep(seconds)
    rehearsal.process.send_signal(signal.SIGTERM)
    assert rehearsal.end() in (128 + signal.SIGTERM, -signal.SIGTERM)
    assert "Traceback" not in rehearsal.errors
    rehearsal.require_nothing_left()


@pytest.mark.long
@pytest.mark.parametrize("victim", ["-m\0rehearsal", "kube-apiserver", "etcd\0", "bin/pulumi"])
def test_when_a_part_of_it_is_killed_the_rest_ends(start: Callable[..., Rehearsal], victim: str) -> None:
    rehearsal = start("dev")
    rehearsal.until(is_under_way)
    killed = [pid for pid, command in commands_of(rehearsal.temporary) if victim in command and "guard" not in command]
    assert killed
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    assert rehearsal.end() in (1, 2)
    rehearsal.require_nothing_left()


@pytest.mark.long
def test_when_the_command_itself_is_killed_the_rest_ends(start: Callable[..., Rehearsal]) -> None:
    rehearsal = start("dev")
    rehearsal.until(is_under_way)
    rehearsal.process.kill()
    rehearsal.end()
    rehearsal.require_nothing_left()
