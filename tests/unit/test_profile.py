"""Profiling a replica: what the stack file turns on, who may reach it, and what is done by kubectl in which order."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from planning_stacks import ROOT, plan

from cli.app import main
from planning.plan.endpoint import TRACES_FOLDER
from planning.plan.labels import MODEL

DEV = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
ON = DEV.replace("      concurrency: 4\n", "      concurrency: 4\n      profiling: true\n")
PODS = {
    "items": [
        {"metadata": {"name": "chat-b"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
        {"metadata": {"name": "chat-a"}, "status": {"conditions": [{"type": "Ready", "status": "False"}]}},
        {"metadata": {"name": "chat-c"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
        {"metadata": {"name": "chat-d"}},
    ]
}
# Like kubectl: one record a command; fails where its arguments have the word of FAILS.
KUBECTL = """\
#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
if os.environ.get("FAILS", "never") in sys.argv:
    sys.exit("error: Internal error occurred:\\n  404 page not found")
if "get" in sys.argv:
    print({pods!r})
if "cp" in sys.argv:
    open(os.path.join(sys.argv[-1], "rank0.1.pt.trace.json.gz"), "w").close()
"""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a stack file, and a kubectl that writes down its arguments."""
    (tmp_path / "bin").mkdir()
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.write_text(KUBECTL.format(python=sys.executable, log=str(tmp_path / "log"), pods=json.dumps(PODS)))
    kubectl.chmod(0o755)
    (tmp_path / "stack.yaml").write_text(ON)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def profile(folder: Path, *more: str, model: str = "chat") -> int:
    file, output = str(folder / "stack.yaml"), str(folder / "traces")
    return main(["profile", "dev", model, "--config", file, "--output", output, *more])


def commands(folder: Path) -> list[list[str]]:
    log = folder / "log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def test_a_replica_is_recorded_and_its_traces_are_fetched(cluster: Path, capsys: Any) -> None:
    assert profile(cluster, "--seconds", "3") == 0
    head = ["--context", plan({}).foundation.cluster.name, "--namespace", "llm"]
    done = commands(cluster)
    assert all(each[:4] == head for each in done)
    inside = ["exec", "chat-b", "--container", "vllm", "--"]
    assert done[0][4:] == ["get", "pods", "--selector", f"{MODEL}=chat", "--output", "json"]
    assert [(each[4:9], each[-1]) for each in done[1:4]] == [
        (inside, "start_profile"), (inside, "3"), (inside, "stop_profile")
    ]  # fmt: skip
    assert done[4][4:] == ["cp", "--container", "vllm", f"chat-b:{TRACES_FOLDER}", str(cluster / "traces")]
    assert capsys.readouterr().out == f"{cluster / 'traces' / 'rank0.1.pt.trace.json.gz'}\n"


def test_the_profiler_stops_although_kubectl_failed_in_between(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILS", "sleep")
    assert profile(cluster) == 2
    assert [each[-1] for each in commands(cluster)][-1] == "stop_profile"


def test_a_server_without_a_profiler_is_left_alone(
    cluster: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:  # fmt: skip
    monkeypatch.setenv("FAILS", "start_profile")
    assert profile(cluster) == 2
    assert "404 page not found" in capsys.readouterr().err
    assert [each[-1] for each in commands(cluster)] == ["json", "start_profile"]


def test_a_replica_may_be_chosen(cluster: Path, capsys: Any) -> None:
    assert profile(cluster, "--pod", "chat-c", "--context", "other") == 0
    assert [each[1] for each in commands(cluster)] == ["other"] * 5
    assert profile(cluster, "--pod", "chat-a") == 2
    assert "ready replicas of chat: chat-b, chat-c" in capsys.readouterr().err


def test_nothing_is_run_for_a_model_that_can_t_be_profiled(cluster: Path, capsys: Any) -> None:
    assert profile(cluster, model="embed") == 2
    assert "write profiling: true" in capsys.readouterr().err
    assert profile(cluster, model="nobody") == 2
    assert "models of this stack: chat, embed" in capsys.readouterr().err
    assert profile(cluster, "--seconds", "121") == 2
    assert not commands(cluster)


def test_no_kubectl_is_reported(cluster: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("PATH", str(cluster))
    assert profile(cluster) == 2
    assert "no kubectl" in capsys.readouterr().err


def test_a_profiler_is_there_only_where_the_stack_file_has_it() -> None:
    without, on = (plan(changes).models[0].releases[0] for changes in ({}, {"models[0].profiling": True}))
    assert without.pod.traces_gib is None
    assert "profiler-config" not in without.arguments_file
    settings = yaml.safe_load(on.arguments_file)["profiler-config"]
    settings = json.loads(settings) if isinstance(settings, str) else settings
    assert (settings["profiler"], settings["torch_profiler_dir"]) == ("torch", TRACES_FOLDER)
    # Without an end of its own, one that nobody stops fills the folder, and the pod is evicted.
    assert settings["max_iterations"] > 0
    assert on.pod.traces_gib is not None
    assert on.pod.cache_gib == without.pod.cache_gib + on.pod.traces_gib
    # Other models of the stack are as they were.
    assert plan({"models[0].profiling": True}).models[1] == plan({}).models[1]
