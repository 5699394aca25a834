"""The commands as a person types them: `up`, `status`, `refresh` and `destroy` in a checkout, at no terminal."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.engine import Engine
from tests.engine.platform_stacks import PROJECT, REPOSITORY, engine_for
from tests.engine.pulumi_command import pulumi_command

pytestmark = pytest.mark.engine
_LEFT_OUT = shutil.ignore_patterns(".venv", ".git", "tests", "out", "__pycache__", "bench", "docs", "policy/.venv")
# The tests' `pulumi` is a script around the engine: it passes an interruption on, as a program of Go takes its own.
_INTERRUPTION = "status = subprocess.run([{engine!r}, *arguments]).returncode"
# The Automation API has an option before the command.
_FIRST, _AFTER_AN_OPTION = "arguments[:1] and arguments[0] in", "arguments[1:] and arguments[1] in"
_PASSED_ON = """import signal
child = subprocess.Popen([{engine!r}, *arguments])
signal.signal(signal.SIGINT, lambda *_: child.send_signal(signal.SIGINT))
status = child.wait()"""


class Checkout:
    """A copy of the program whose `pulumi` is the real engine."""

    def __init__(self, folder: Path, engine: Engine, binary: Path) -> None:
        self.engine, self.folder = engine, folder / "checkout"
        shutil.copytree(REPOSITORY, self.folder, ignore=_LEFT_OUT)
        place = pulumi_command(folder, binary)
        script = place / "pulumi"
        text = script.read_text(encoding="utf-8")
        before, after = (part.format(engine=str(binary)) for part in (_INTERRUPTION, _PASSED_ON))
        assert before in text
        assert _FIRST in text
        text = text.replace(before, after).replace(_FIRST, _AFTER_AN_OPTION)
        script.write_text(text, encoding="utf-8")
        self.environment = {
            **os.environ,
            **engine.environment,
            "PATH": f"{place}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_HOME": str(folder / "home"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        subprocess.run(
            ["pulumi", "stack", "init", "dev", "--non-interactive"],
            cwd=self.folder, env=self.environment, check=True, capture_output=True,
        )  # fmt: skip

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """A verb as a process of its own, in a group of its own, as a shell starts it."""
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments],
            cwd=self.folder, env=self.environment, text=True, process_group=0,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a verb."""
        process = self.start(*arguments)
        output, errors = process.communicate()
        return process.returncode, output, errors

    @property
    def state(self) -> str:
        return (self.engine.directory / "backend" / ".pulumi" / "stacks" / PROJECT / "dev.json").read_text()


@pytest.fixture
def checkout(tmp_path: Path, arm: Path, engine_binary: Path) -> Iterator[Checkout]:
    with engine_for("dev", tmp_path, arm) as engine:
        yield Checkout(tmp_path, engine, engine_binary)


def documents(output: str) -> list[dict[str, Any]]:
    """What `--json` prints: nothing but one object a line."""
    return [json.loads(line) for line in output.splitlines()]


def test_a_stack_from_its_first_update_to_its_end(checkout: Checkout) -> None:
    before = checkout.state
    code, output, errors = checkout.run("up", "dev")
    assert code == 2, (output, errors)
    assert "--yes" in errors
    assert "resources would change" in output
    assert checkout.state == before
    code, output, errors = checkout.run("up", "dev", "--yes", "--json")
    assert code == 0, errors
    found = documents(output)
    assert found[0]["event"] == "preview"
    assert found[-1]["event"] == "outcome"
    assert found[-1]["result"] == "succeeded"
    assert {each["event"] for each in found} <= {"preview", "begun", "done", "message", "outcome"}
    begun = {(each["urn"], each["op"]) for each in found if each["event"] == "begun"}
    done = {(each["urn"], each["op"]) for each in found if each["event"] == "done"}
    assert done <= begun
    assert found[-1]["changes"]["create"] == len(done) > 200
    code, output, errors = checkout.run("up", "dev")
    assert (code, "nothing to do" in output) == (0, True), errors
    code, output, errors = checkout.run("status", "dev")
    assert code == 0, errors
    assert "update succeeded" in output
    assert "https://llm.dev.acme.example/v1" in output
    assert "chat" in output
    pool = next(each for each in checkout.engine.cloud.azure if each.token == "containerservice:AgentPool")
    pool.inputs["maxCount"] = pool.outputs["maxCount"] = 99
    code, output, errors = checkout.run("refresh", "dev", "--yes")
    assert code == 0, errors
    assert "1 resources differ from the state" in output
    assert "maxCount: 3 → 99" in output
    code, output, errors = checkout.run("destroy", "dev")
    assert code == 2
    assert "--yes dev" in errors
    code, output, errors = checkout.run("destroy", "dev", "--yes", "prod")
    assert code == 4
    assert "that is not dev" in output
    assert len(checkout.engine.cloud.azure) > 50
    code, output, errors = checkout.run("destroy", "dev", "--yes", "dev")
    assert code == 0, errors
    assert "stays, and goes on to cost" in output
    left = {each.token for each in checkout.engine.cloud.azure}
    assert "storage:StorageAccount" in left
    assert "containerservice:ManagedCluster" not in left


def test_one_ctrl_c_ends_an_update_in_order_and_the_next_one_goes_on(checkout: Checkout) -> None:
    process = checkout.start("up", "dev", "--yes", "--json")
    assert process.stdout is not None
    for line in process.stdout:
        each = json.loads(line)
        if each["event"] == "done" and each["type"].endswith("ManagedCluster"):
            # A terminal's Ctrl-C goes to the whole group.
            os.killpg(process.pid, signal.SIGINT)
            break
    rest, errors = process.communicate()
    assert process.returncode == 4, errors
    assert documents(rest)[-1]["result"] == "cancelled"
    assert "Ctrl-C again" in errors
    code, output, errors = checkout.run("status", "dev", "--json")
    assert code == 0, errors
    (found,) = documents(output)
    assert found["locks"] == []
    assert found["last_update"]["result"] == "failed"
    code, output, errors = checkout.run("up", "dev", "--yes")
    assert code == 0, errors
    assert "is read again first" in output
    code, output, errors = checkout.run("up", "dev")
    assert (code, "nothing to do" in output) == (0, True), errors
