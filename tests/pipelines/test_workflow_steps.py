"""Every shell step of the workflows is run as it is written: in a checkout, with its environment, against doubles.

The steps that call Pulumi meet a `pulumi` that writes down how it is called; `tests/engine/test_pipeline_update.py` has
them with the real engine.
"""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from host_double import HostDouble

from rehearsal.toolchain import ENGINE_VERSION

REPOSITORY = Path(__file__).resolve().parents[2]
_WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("stack-*.yaml"))
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
# What the expressions of the steps' environments stand for in the run that is tried.
_VALUES = {
    "matrix.stack": "dev",
    "github.event.pull_request.base.sha": "main",
    "github.token": "token-of-the-run",
    "vars.AZURE_CLIENT_ID": "00000000-0000-4000-8000-00000000000b",
    "vars.AZURE_TENANT_ID": "00000000-0000-4000-8000-000000000001",
    "vars.AZURE_SUBSCRIPTION_ID": "00000000-0000-4000-8000-000000000002",
    "vars.PULUMI_BACKEND_URL": "azblob://dev?storage_account=stacmellmx7fst",
    "secrets.LLM_PLATFORM_KEY": "the-key-of-the-pipeline",
    "inputs.unlock == 'dev' && '--unlock' || ''": "",
    "inputs.unlock == 'prod' && '--unlock' || ''": "",
}
# How Pulumi is called by each job, without options.
_UPDATE = ["stack export", "stack history", "preview", "up", "stack output"]
_CALLS = {
    ("stack-preview", "pulumi"): ["preview"],
    ("stack-update", "dev"): _UPDATE,
    ("stack-update", "prod"): _UPDATE,
    ("stack-nightly", "azure"): ["preview"],
}
# Nothing leaves this machine, whatever the hosts of the stacks are called.
_LOOPBACK = """import socket
import ssl
connect = socket.create_connection
def loopback(address, *rest, **named):
    if address[0].endswith("acme.example"):
        raise ssl.SSLError("no certificate that clients take")
    if address[0] != "127.0.0.1":
        raise OSError("there is no network here")
    return connect(address, *rest, **named)
socket.create_connection = loopback
"""
_PULUMI = """#!/bin/sh
printf '%s\\n' "$*" >> "$PULUMI_CALLS"
test -s "$AZURE_FEDERATED_TOKEN_FILE" || { echo "not signed in" >&2; exit 9; }
case "$1 $2" in
  "stack export") echo '{"deployment": {}}' ;;
  "stack output") echo '{"gateway": "http://127.0.0.1:1/v1", "models": []}' ;;
esac
while [ $# -gt 0 ]; do
  if [ "$1" = --save-plan ]; then echo '{"resourcePlans": {}}' > "$2"; fi
  shift
done
"""


class Step(NamedTuple):
    workflow: str
    job: str
    name: str
    run: str
    environment: dict[str, str]


def _steps() -> Iterator[Step]:
    for file in _WORKFLOWS:
        for name, job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].items():
            for step in job["steps"]:
                if "run" in step:
                    environment = {**job.get("env", {}), **step.get("env", {})}
                    yield Step(file.stem, name, step["name"], step["run"], _filled(environment))


def _filled(environment: dict[str, Any]) -> dict[str, str]:
    return {name: _EXPRESSION.sub(lambda found: _VALUES[found[1]], str(value)) for name, value in environment.items()}


STEPS = list(_steps())
JOBS = sorted({(step.workflow, step.job) for step in STEPS})
_AZURE = sorted((REPOSITORY / "azure-pipelines").glob("*.yml"))


def _scripts(value: Any) -> Iterator[dict[str, Any]]:
    """The steps of a file of Azure Pipelines that run a script, in order, wherever they are in its templates."""
    if isinstance(value, dict):
        if "script" in value:
            yield value
        for inner in value.values():
            yield from _scripts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _scripts(inner)


def _run(script: str, checkout: Path, environment: dict[str, str], *options: str) -> "subprocess.CompletedProcess[str]":
    """Run a script in the host's own shell: GitHub's has the option `-e`, that of Azure Pipelines none."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", *options, "-c", script],
        cwd=checkout, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture
def double() -> Iterator[HostDouble]:
    with HostDouble.running() as running:
        yield running


def _program(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    place.chmod(place.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def environment(checkout: Path, tmp_path: Path, double: HostDouble) -> dict[str, str]:
    """A runner: what is installed, the host, and its event."""
    (tmp_path / "sitecustomize.py").write_text(_LOOPBACK, encoding="utf-8")
    _program(
        checkout / ".venv" / "bin" / "python", f'#!/bin/sh\nPYTHONPATH="{tmp_path}" exec "{sys.executable}" "$@"\n'
    )
    _program(tmp_path / "bin" / "pulumi", _PULUMI)
    real = os.environ["PATH"]
    _program(tmp_path / "bin" / "make", f'#!/bin/sh\nPATH="{real}" make -n -C "{REPOSITORY}" "$@" >/dev/null\n')
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}), encoding="utf-8")
    return {
        **os.environ,
        **double.github(str(event)),
        "TF_BUILD": "",  # whatever runs these tests
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{real}",
        "PULUMI_CALLS": str(tmp_path / "calls"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }


@pytest.mark.parametrize(("workflow", "job"), JOBS, ids=lambda value: value)
def test_the_steps_of_a_job_run_one_after_the_other(
    workflow: str, job: str, checkout: Path, environment: dict[str, str], tmp_path: Path, double: HostDouble
) -> None:
    ran = [step for step in STEPS if (step.workflow, step.job) == (workflow, job)]
    for step in ran:
        done = _run(step.run, checkout, {**environment, **step.environment}, "-e")
        assert done.returncode == 0, f"{step.name}: {done.stdout}{done.stderr}"
    calls = Path(environment["PULUMI_CALLS"])
    called = calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []
    assert [call.partition(" --")[0] for call in called] == _CALLS.get((workflow, job), [])
    assert all("--policy-pack " in call for call in called if call.startswith(("preview", "up")))
    if job == "compare":
        assert double.comments[0]["body"].startswith("<!-- llm-platform preview dev -->")
        assert (tmp_path / "summary.md").read_text(encoding="utf-8") == double.comments[0]["body"]
    if (workflow, job) == ("stack-nightly", "azure"):
        assert "no certificate that clients take" in double.issues[0]["body"]
    if (workflow, job) == ("stack-weekly", "upgrades"):
        assert [issue["title"] for issue in double.issues] == ["newer versions for dev"]
        assert "What it replaces and restarts" in double.issues[0]["body"]
    if (workflow, job) == ("stack-weekly", "pins"):
        assert [issue["title"] for issue in double.issues] == ["pinned charts and images"]
        assert "docker.io can't be reached" in double.issues[0]["body"]
    if (workflow, job) == ("stack-nightly", "check"):
        assert [issue["title"] for issue in double.issues] == ["dev has versions without support"]


@pytest.mark.parametrize("file", _AZURE, ids=lambda file: file.stem)
def test_the_scripts_of_azure_pipelines_run_one_after_the_other(
    file: Path, checkout: Path, environment: dict[str, str], double: HostDouble
) -> None:
    """Its agent passes variables as environment variables, and a secret only where a step asks for it."""
    environment |= {"GITHUB_ACTIONS": "", "STACK": "dev", "UNLOCK": "", "SYSTEM_PULLREQUEST_TARGETBRANCHNAME": "main"}
    environment |= {name: value for name, value in double.azure().items() if name != "SYSTEM_ACCESSTOKEN"}
    subprocess.run(["git", "branch", "--force", "origin/main", "main"], cwd=checkout, check=True)
    secrets = {"$(System.AccessToken)": "token-of-the-run", "$(LLM_PLATFORM_KEY)": "the-key-of-the-pipeline"}
    for step in _scripts(yaml.safe_load(file.read_text(encoding="utf-8"))):
        given = {name: secrets[value] for name, value in step.get("env", {}).items()}
        done = _run(step["script"], checkout, {**environment, **given})
        assert done.returncode == 0, f"{step['displayName']}: {done.stdout}{done.stderr}"
    calls = Path(environment["PULUMI_CALLS"])
    called = [call.partition(" --")[0] for call in calls.read_text().splitlines()] if calls.exists() else []
    assert called == {"stack-update": _UPDATE, "stack-nightly": ["preview"], "stack-preview": ["preview"]}.get(
        file.stem, []
    )
    if file.stem == "stack-preview":
        assert double.threads[0]["comments"][0]["content"].startswith("<!-- llm-platform preview dev -->")
    if file.stem == "stack-weekly":
        titles = {item["System.Title"] for item in double.work_items.values()}
        assert titles == {"pinned charts and images", "newer versions for dev"}
    if file.stem == "stack-nightly":
        assert "dev has versions without support" in {item["System.Title"] for item in double.work_items.values()}


def test_both_hosts_have_the_same_pipelines() -> None:
    assert [file.stem for file in _WORKFLOWS] == [file.stem for file in _AZURE]


def test_actions_are_pinned_to_commits_and_jobs_have_the_least_rights() -> None:
    for file in _WORKFLOWS:
        workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {}
        for job in workflow["jobs"].values():
            assert "timeout-minutes" in job
            assert set(job["permissions"].values()) <= {"read", "write"}
            for step in job["steps"]:
                assert "uses" not in step or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]), step


def test_a_check_that_fails_leaves_the_issue_as_it_is(
    checkout: Path, environment: dict[str, str], double: HostDouble
) -> None:
    """Every script of more than one command ends with the first that fails, also in the shell of Azure Pipelines."""
    environment |= {"GITHUB_ACTIONS": "", "STACK": "gone", **double.azure()}
    nightly = yaml.safe_load((REPOSITORY / "azure-pipelines" / "stack-nightly.yml").read_text(encoding="utf-8"))
    checks = [step for step in _scripts(nightly) if "issue" in step["script"]]
    assert len(checks) == 5
    for step in checks:
        done = _run(step["script"], checkout, environment)
        assert done.returncode != 0, step["displayName"]
    assert double.work_items == {}
    assert not [target for method, target in double.requests if method == "PATCH"]


def test_an_issue_is_not_closed_by_a_file_that_is_not_there(
    tmp_path: Path, environment: dict[str, str], checkout: Path, double: HostDouble
) -> None:
    done = _run(f"python -m pipelines issue title --file {tmp_path}/gone.md", checkout, {
        **environment, "PATH": f"{checkout / '.venv' / 'bin'}{os.pathsep}{environment['PATH']}",
    })  # fmt: skip
    assert done.returncode == 1
    assert "is not there" in done.stderr
    assert double.requests == []


def test_a_stack_that_no_pipeline_can_sign_in_to_is_refused_before_pulumi_runs(
    checkout: Path, environment: dict[str, str]
) -> None:
    file = checkout / "Pulumi.dev.yaml"
    kept = file.read_text(encoding="utf-8")
    file.write_text(kept.replace("login: workloadidentity", "login: azurecli"), encoding="utf-8")
    try:
        for step in ("update", "preview"):
            done = _run(f".venv/bin/python -m pipelines {step} dev", checkout, environment)
            assert done.returncode == 2
            assert "write `login: workloadidentity` under cluster in Pulumi.dev.yaml" in done.stderr
    finally:
        file.write_text(kept, encoding="utf-8")
    assert not Path(environment["PULUMI_CALLS"]).exists()


def test_an_exception_that_ended_stops_the_update_and_opens_an_issue(
    checkout: Path, environment: dict[str, str]
) -> None:
    file = checkout / "policy" / "dev.json"
    kept = file.read_text(encoding="utf-8")
    over = {
        "owner": "a@acme.example", "reason": "until the move", "expires": "2026-01-31",
        "match": [{"policies": ["budget"], "targets": ["urn:pulumi:dev::llm-platform::a:b:C::x"]}],
    }  # fmt: skip
    file.write_text(json.dumps({**json.loads(kept), "exceptions": {"old": over}}), encoding="utf-8")
    try:
        done = _run(".venv/bin/python -m pipelines update dev", checkout, environment)
        assert done.returncode == 2
        assert "POLICY-EXPIRED" in done.stderr
        command = ".venv/bin/python -m pipelines findings dev --rule POLICY-EXPIRED --out exceptions.md"
        assert _run(command, checkout, environment).returncode == 0
        assert "POLICY-EXPIRED" in (checkout / "exceptions.md").read_text(encoding="utf-8")
    finally:
        file.write_text(kept, encoding="utf-8")


def test_the_engine_of_pipelines_is_the_one_that_the_tests_run() -> None:
    assert f"PULUMI := {ENGINE_VERSION.removeprefix('v')}\n" in (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for file in (*_WORKFLOWS, *_AZURE):
        text = file.read_text(encoding="utf-8")
        assert "signed-in" not in text or "make install policy runner" in text, file
