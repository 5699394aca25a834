"""What a rehearsal is made from: a stack's graph, faults by name, an environment without anybody's sign-in."""

import contextlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import yaml

from preview.stack import assessed
from rehearsal import preparation, stand_in_reference, supervision
from rehearsal.faults import FAULTS
from rehearsal.job import Job
from rehearsal.summary import changes, diagnostics
from rehearsal.timeline import Timeline, duration
from simulators.azure.arm_schema import ArmSchema
from simulators.helm.installed_charts import InstalledCharts
from simulators.helm.reference_crds import ReferenceCrds
from tests.graph.stacks import ALL, graph, stack_file

ROOT = Path(__file__).resolve().parents[2]
every_stack = pytest.mark.parametrize("stack", ALL)


def entries(stack: str) -> list[dict[str, Any]]:
    return [resource.to_json() for resource in graph(stack)]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", "rehearse", *words],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@every_stack
def test_reference_data_made_from_a_stack_takes_the_stack(stack: str, tmp_path: Path) -> None:
    every = entries(stack)
    assert stand_in_reference.unknown_types(every) == []
    stand_in_reference.write(tmp_path, every)
    charts = InstalledCharts(client=SimpleNamespace(), reference=tmp_path)  # ty: ignore[invalid-argument-type]
    for entry in every:
        if token := stand_in_reference.arm_token(entry["type"]):
            problems = ArmSchema.load(tmp_path / "arm", token).check(entry["inputs"])
            assert problems == [], (token, problems)
        elif entry["type"] == "kubernetes:helm.sh/v3:Release":
            assert charts.problems(entry["inputs"]) == []


@every_stack
def test_reference_data_made_from_a_stack_names_things_as_the_published_one(
    stack: str, tmp_path: Path, reference: Path
) -> None:
    stand_in_reference.write(tmp_path, entries(stack))
    for file in (tmp_path / "arm").iterdir():
        token = file.stem.replace(".", ":")
        made, real = (ArmSchema.load(folder, token) for folder in (tmp_path / "arm", reference / "arm"))
        assert (made.arm_type, made.is_located) == (real.arm_type, real.is_located)
    published = ReferenceCrds(reference / "crds")
    for made in yaml.safe_load_all((tmp_path / "crds" / "of-the-stack.yaml").read_text()):
        spec, name = made["spec"], made["metadata"]["name"]
        (real,) = [crd["spec"] for crd in published.of(spec["group"]) if crd["metadata"]["name"] == name]
        assert (spec["scope"], spec["names"]["kind"]) == (real["scope"], real["names"]["kind"])
        assert {item["name"] for item in spec["versions"]} <= {item["name"] for item in real["versions"]}


def test_a_type_that_no_simulator_knows_is_named() -> None:
    odd = {"type": "azure-native:sql:Server", "urn": "u", "inputs": {}}
    assert stand_in_reference.unknown_types([odd, *entries("dev")]) == [odd["type"]]


def test_faults_apply_to_what_an_update_creates() -> None:
    plan = assessed(stack_file("dev").read_text()).plan
    assert plan is not None
    first, nothing = preparation.created([entries("dev")]), preparation.created([entries("dev")] * 2)
    applying = {name for name, fault in FAULTS.items() if not fault.why_not(plan, first)}
    assert applying == set(FAULTS) - {"no-machine-for-model"}
    assert "creates no" in FAULTS["size-not-sold"].why_not(plan, nothing)
    assert "1 nodes from the beginning" in FAULTS["no-machine-for-model"].why_not(plan, first)


def test_a_rehearsal_gets_no_sign_in_and_no_setting(tmp_path: Path) -> None:
    given = {
        "PATH": "/bin", "LANG": "C.UTF-8", "ARM_CLIENT_SECRET": "s", "AZURE_CONFIG_DIR": "/a", "KUBECONFIG": "/k",
        "PULUMI_HOME": "/p", "PULUMI_ACCESS_TOKEN": "t", "HOME": "/home/me", "HTTPS_PROXY": "p",
    }  # fmt: skip
    environment = supervision.isolated(tmp_path, given)
    assert set(environment) == {"PATH", "LANG", "HOME", "TMPDIR", "XDG_CACHE_HOME"}
    assert environment["HOME"] == str(tmp_path / "home")


def test_signals_end_what_was_begun_and_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(supervision.EndedError, match="SIGTERM"), supervision.signals_end():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_folder_of_a_rehearsal_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with contextlib.suppress(ZeroDivisionError), supervision.own_directory() as directory:
        assert directory.stat().st_mode & 0o077 == 0
        (directory / "file").touch()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_lines_have_the_time_since_the_beginning() -> None:
    times = iter([100.0, 100.0, 225.5])
    out = io.StringIO()
    timeline = Timeline(out, as_json=False, clock=lambda: next(times))
    timeline.add("phase", "one")
    timeline.add("error", "two\nmore")
    assert out.getvalue() == "00:00  one\n02:05  two\n       more\n"


def test_lines_as_json_are_an_object_each() -> None:
    times = iter([0.0, 1.25])
    out = io.StringIO()
    Timeline(out, as_json=True, clock=lambda: next(times)).add("pod", "a\nb", pod="llm/chat")
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"seconds": 1.2, "kind": "pod", "text": "a\nb", "pod": "llm/chat"}
    ]


def test_times_and_changes_in_words() -> None:
    assert (duration(7.4), duration(125)) == ("7 s", "2 min 5 s")
    done = SimpleNamespace(changes={"same": 4, "create": 2, "replace": 1}, output="")
    assert changes(done) == "2 created, 1 replaced, 4 unchanged"  # ty: ignore[invalid-argument-type]


def test_what_went_wrong_is_the_diagnostics_alone() -> None:
    output = "Updating (dev)\n\nDiagnostics:\n  a (b):\n    error: no\n\nResources:\n    + 3 created\n"
    failed = SimpleNamespace(output=output)
    assert diagnostics(failed) == "  a (b):\n    error: no"  # ty: ignore[invalid-argument-type]


# The process of a rehearsal, but for what happens in it.
_PERFORMED = """
import runpy, sys
from rehearsal import performance

def perform(job, timeline, stay, lost):
    for _ in range(20_000):
        timeline.add("phase", "one more line")
    if job.fault:
        raise LookupError("no such thing")
    return 2

performance.perform = perform
sys.argv = ["rehearsal", *sys.argv[1:]]
runpy.run_module("rehearsal", run_name="__main__", alter_sys=False)
"""


@pytest.mark.parametrize(("fault", "expected"), [("", 2), ("some", 1)])
def test_who_stops_reading_does_not_change_the_verdict(tmp_path: Path, fault: str, expected: int) -> None:
    job, ours = tmp_path / "job.json", socket.socketpair()
    job.write_bytes(msgspec.json.encode(Job("dev", (), str(tmp_path), "", 0.0, fault=fault)))
    with ours[0], ours[1], subprocess.Popen(
        [sys.executable, "-c", _PERFORMED, str(job), str(ours[1].fileno())],
        cwd=ROOT, pass_fds=[ours[1].fileno()], start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=supervision.isolated(tmp_path),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert "one more line" in process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(timeout=60) == expected
    assert "Traceback" not in errors
    assert errors.count("\n") == (1 if fault else 0)
    assert not fault or errors.startswith("internal error: LookupError: no such thing")


def test_an_unknown_fault_is_refused_with_those_that_there_are() -> None:
    done = run("dev", "--fault", "lightning")
    assert done.returncode == 2
    assert "'lightning' is no fault that can be rehearsed" in done.stdout
    assert all(name in " ".join(done.stdout.split()) for name in FAULTS)


def test_the_faults_are_listed_without_a_stack() -> None:
    done = run("--faults")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(FAULTS)


def test_a_fault_that_does_not_apply_says_why() -> None:
    done = run("dev", "--fault", "no-machine-for-model")
    assert done.returncode == 2
    assert "does not apply here: pool h100 has 1 nodes from the beginning" in done.stdout


def test_an_unknown_stack_is_refused_as_check_does() -> None:
    done = run("nowhere")
    assert done.returncode == 2
    assert "stacks in this project: dev, prod" in done.stdout


def test_a_rejected_stack_is_not_begun(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(stack_file("dev").read_text().replace("context: 32768", "context: 3276800"))
    done = run("dev", "--config", str(broken), "--json")
    assert done.returncode == 2
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["kind"] for line in lines} == {"finding"}
    assert any(line["severity"] == "error" and line["path"].startswith("models[0]") for line in lines)


def test_an_update_from_the_file_of_another_stack_is_refused(tmp_path: Path) -> None:
    done = run("dev", "--from", "Pulumi.prod.yaml")
    assert done.returncode == 2
    assert "is the file of stack prod, not of dev" in done.stdout
    other = tmp_path / "before.yaml"
    other.write_text(stack_file("dev").read_text().replace("name: acme-llm", "name: other-llm"))
    done = run("dev", "--from", str(other))
    assert done.returncode == 2
    assert "platform.name is 'other-llm', not 'acme-llm'" in " ".join(done.stdout.split())


def test_without_go_and_without_its_programs_the_message_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    done = run("dev", PATH="/nonexistent", XDG_CACHE_HOME=str(tmp_path), TMPDIR=str(tmp_path / "temporary"))
    assert done.returncode == 2
    first, *_, last = done.stdout.splitlines()
    assert "rehearse dev: up as Pulumi.dev.yaml has it" in first
    assert "install Go 1.26 or newer" in last
    assert done.stderr == ""
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_folder_without_reference_data_is_refused(tmp_path: Path) -> None:
    done = run("dev", "--reference", str(tmp_path))
    assert done.returncode == 2
    assert "holds no folder arm, charts, crds" in done.stdout


def test_every_type_of_azure_that_the_platform_can_make_is_known() -> None:
    """What no shipped stack asks for, someone's own stack does."""
    source = "\n".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "components").rglob("*.py")))
    made = {f"{module}:{name}" for module, name in re.findall(r"\b([a-z]+)\.([A-Z]\w+)\(\n", source)}
    types = {token for token in made if hasattr(_azure(token.partition(":")[0]), token.partition(":")[2])}
    assert len(types) > 40
    assert stand_in_reference.unknown_types([{"type": f"azure-native:{token}"} for token in sorted(types)]) == []


def _azure(module: str) -> object:
    name = f"pulumi_azure_native.{module}"
    return import_module(name) if find_spec(name) else object()
