"""The command line from end to end: its output for people and for scripts, and the exit codes."""

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
import yaml

from preview.__main__ import main
from tests.graph.preview_schema import DOCUMENT

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden" / "dev.txt"
DEV = (REPOSITORY / "Pulumi.dev.yaml").read_text(encoding="utf-8")
# Every Unicode character that draws boxes or fills them, except the three of the tree.
BOXES = {chr(code) for code in range(0x2500, 0x25A0)} - set("├└│─")


@dataclass(frozen=True)
class Outcome:
    code: int
    text: str


def run(*arguments: str) -> Outcome:
    """In this process, as through a pipe of 120 columns."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setenv("COLUMNS", "120")
        code = main(arguments)
    return Outcome(code, printed.getvalue())


@pytest.fixture(scope="module")
def dev() -> Outcome:
    return run("dev")


@pytest.fixture(scope="module")
def dev_json() -> Outcome:
    return run("dev", "--json", "-")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The dev stack with a misspelt key, an unknown model and an unknown key."""
    content = yaml.safe_load(DEV)
    content["config"]["llm-platform:pools"][0]["nodez"] = {}
    content["config"]["llm-platform:models"][1]["source"]["huggingface"] = "Qwen/Qwen9-8B"
    content["colour"] = "blue"
    file = tmp_path / "Pulumi.broken.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def test_the_report_of_dev_is_the_golden_one(dev: Outcome) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(dev.text, encoding="utf-8")
    assert dev.text == GOLDEN.read_text(encoding="utf-8"), "run `make golden` and read the difference"


def test_the_report_has_the_main_figures(dev: Outcome, dev_json: Outcome) -> None:
    document = json.loads(dev_json.text)
    assert dev.code == 0
    assert f"{len(document['resources'])} resources to create" in dev.text
    memory = document["plan"]["models"][0]["memory"]
    for figure in (memory["weights_gib"], memory["kv_cache_gib"], memory["overhead_gib"]):
        assert f"{figure:.1f} GiB" in dev.text
    assert "fits (4 required)" in dev.text
    assert "VNet 10.20.0.0/16, 4 subnets, NAT gateway, 3 private zones" in dev.text
    cost = document["plan"]["cost"]
    assert f"{cost['min_per_month']:,.0f}–{cost['max_per_month']:,.0f} USD a month" in dev.text
    for finding in document["findings"]:
        assert finding["rule"] in dev.text


def test_every_component_of_the_program_has_a_description(dev: Outcome) -> None:
    tree = dev.text.split("Platform\n")[1].split("\n\n")[0]
    # A kind without a description is shown by its class name, which is in CamelCase.
    names = [line[5:].split("  ")[0] for line in tree.splitlines() if line[2] in "├└"]
    assert {name for name in names if any(letter.isupper() for letter in name)} == {"GPU operator"}
    counts = [int(line.split()[-1]) for line in tree.splitlines() if line[2] in "├└"]
    assert f"{sum(counts)} resources to create" in dev.text


@pytest.mark.parametrize(("stack", "columns"), [("dev", "80"), ("dev", "200"), ("prod", "80"), ("prod", "120")])
def test_a_pipe_gets_plain_text_no_wider_than_120_columns(stack: str, columns: str) -> None:
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setenv("COLUMNS", columns)
        assert main([stack]) == 0
    text = printed.getvalue()
    assert "\x1b" not in text
    assert not BOXES & set(text)
    lines = text.splitlines()
    assert max(map(len, lines)) <= min(int(columns), 120)
    assert [line for line in lines if line != line.rstrip()] == []
    for whole in ("Standard_NC40ads_H100_v5", "32,768", "fits (4 required)"):
        assert whole in text


def test_json_has_the_shape_of_the_contract(dev_json: Outcome) -> None:
    document = json.loads(dev_json.text)
    jsonschema.validate(document, DOCUMENT)
    assert dev_json.code == 0
    assert document["ok"] is True
    urns = [resource["urn"] for resource in document["resources"]]
    assert urns == sorted(urns)
    assert document["plan"]["pools"][0]["resources"] == {"nvidia.com/gpu": 2}
    assert document["plan"]["models"][0]["placement"][0]["resource"] == "nvidia.com/gpu"


def test_two_previews_are_byte_equal_in_processes_of_their_own(tmp_path: Path) -> None:
    documents, pages = [], []
    for seed in ("0", "1"):
        page = tmp_path / f"{seed}.html"
        done = subprocess.run(
            [sys.executable, "-m", "preview", "dev", "--json", "-", "--html", str(page)],
            cwd=REPOSITORY, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True,
        )  # fmt: skip
        documents.append(done.stdout)
        pages.append(page.read_bytes())
    assert documents[0] == documents[1]
    assert pages[0] == pages[1]


def test_every_finding_of_a_broken_stack_is_printed_and_nothing_is_registered(broken: Path, tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    outcome = run("dev", "--config", str(broken), "--json", "-", "--manifests", str(folder))
    document = json.loads(outcome.text)
    jsonschema.validate(document, DOCUMENT)
    assert outcome.code == 2
    assert (document["ok"], document["plan"], document["resources"]) == (False, None, [])
    paths = {finding["path"] for finding in document["findings"] if finding["severity"] == "error"}
    assert {"colour", "pools[0].nodez"} <= paths
    assert any(path.startswith("models[1].source") for path in paths)
    assert all(finding["path"] and finding["message"] and finding["fix"] for finding in document["findings"])
    assert not folder.exists()

    text = run("dev", "--config", str(broken)).text
    assert "rejected, nothing is registered" in text
    assert "pools[0].nodez" in text
    assert "did you mean `nodes`?" in text


def test_a_rejection_needs_no_pulumi(broken: Path) -> None:
    program = (
        "import sys; from preview.__main__ import main; code = main(sys.argv[1:]);"
        "sys.exit(9 if any(name.partition('.')[0].startswith('pulumi') for name in sys.modules) else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "dev", "--config", str(broken)],
        cwd=REPOSITORY,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 2, done.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "path", "expected"),
    [
        (["nowhere"], "Pulumi.nowhere.yaml", "stacks in this project: dev"),
        (["../dev"], "../dev", "name of a stack"),
        (["dev", "--config", "no/such/file.yaml"], "no/such/file.yaml", "no such file"),
        (["dev", "--config", "."], ".", "directory"),
        (["dev", "--against", "no/such/file.json"], "no/such/file.json", "no such file"),
        (["dev", "--against", "pyproject.toml"], "pyproject.toml", "not JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_finding(
    arguments: list[str], path: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    outcome = run(*arguments, "--json", "-")
    document = json.loads(outcome.text)
    jsonschema.validate(document, DOCUMENT)
    assert outcome.code == 2
    finding = next(finding for finding in document["findings"] if finding["severity"] == "error")
    assert finding["path"] == path
    assert expected in finding["message"] + finding["fix"]


@pytest.mark.parametrize("option", ["--json", "--html", "--manifests"])
def test_an_output_path_that_cannot_be_written_is_a_finding(option: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    outcome = run("dev", option, str(file / "below"))
    assert outcome.code == 2
    assert "can't be written" in outcome.text


def test_manifests_are_the_objects_of_the_graph(tmp_path: Path, dev_json: Outcome) -> None:
    stale = tmp_path / "llm" / "service-gone.yaml"
    foreign = tmp_path / "notes.yaml"
    stale.parent.mkdir()
    stale.touch()
    foreign.touch()
    (tmp_path / "manifests.txt").write_text("llm/service-gone.yaml\n../outside.yaml\n", encoding="utf-8")
    assert run("dev", "--manifests", str(tmp_path)).code == 0
    assert not stale.exists()
    assert foreign.exists()

    deployment = yaml.safe_load((tmp_path / "llm" / "deployment-chat.yaml").read_text(encoding="utf-8"))
    resources = json.loads(dev_json.text)["resources"]
    assert deployment == next(resource["inputs"] for resource in resources if resource["name"] == "chat-deployment")
    kubernetes = [resource for resource in resources if resource["type"].startswith("kubernetes:")]
    written = (tmp_path / "manifests.txt").read_text(encoding="utf-8").splitlines()
    assert len(written) == len(kubernetes)
    assert all((tmp_path / path).is_file() for path in written)
    account = (tmp_path / "llm-gateway" / "serviceaccount-key-vault-reader.yaml").read_text(encoding="utf-8")
    assert "azure.workload.identity/client-id: '[unknown]'" in account


def test_secrets_of_the_stack_file_are_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(f"{DEV}\n  llm-platform:key-playground: {{secure: v1:ciphertext}}\n", encoding="utf-8")
    page, document = tmp_path / "page.html", tmp_path / "dev.json"
    outcome = run("dev", "--config", str(file), "--html", str(page), "--json", str(document))
    assert outcome.code == 0, outcome.text
    everything = outcome.text + page.read_text(encoding="utf-8") + document.read_text(encoding="utf-8")
    assert "ciphertext" not in everything
    assert "placeholder of a secret" not in everything
    assert "[secret]" in document.read_text(encoding="utf-8")


def test_the_page_is_self_contained(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run("dev", "--html", str(page)).code == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "<title>llm-platform · dev</title>" in text
    assert "Standard_NC40ads_H100_v5" in text
    for outside in ("<link", "<script", "src=", "@import", "url("):
        assert outside not in text


def test_against_an_earlier_preview(tmp_path: Path) -> None:
    earlier = tmp_path / "dev.json"
    assert run("dev", "--json", str(earlier)).code == 0
    same = run("dev", "--against", str(earlier))
    assert "0 added, 0 removed, 0 changed" in same.text
    assert "The monthly cost is the same." in same.text

    content = yaml.safe_load(DEV)
    content["config"]["llm-platform:models"][0]["concurrency"] = 3
    content["config"]["llm-platform:cluster"]["system_pool"]["nodes"] = {"min": 2, "max": 5}
    del content["config"]["llm-platform:models"][1]
    changed = tmp_path / "Pulumi.dev.yaml"
    changed.write_text(yaml.safe_dump(content), encoding="utf-8")
    outcome = run("dev", "--config", str(changed), "--against", str(earlier))
    assert outcome.code == 0
    comparison = outcome.text.split("Against dev")[1]
    assert "- kubernetes:apps/v1:Deployment  embed-deployment" in comparison
    assert "~ azure-native:containerservice:AgentPool  pool-system-" in comparison
    assert "\n      maxCount\n" in comparison
    assert "ManagedCluster" not in comparison
    assert "+0 USD a month at minimum nodes, +165 at maximum" in comparison


def test_a_program_that_fails_is_an_internal_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "__main__.py").write_text("raise LookupError('no such thing')\n", encoding="utf-8")
    monkeypatch.setattr("cli.preview.PROJECT", tmp_path)
    assert main(["dev", "--config", str(REPOSITORY / "Pulumi.dev.yaml")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("internal error: the program failed: LookupError: no such thing")
    assert printed.err.count("\n") == 1


def test_the_reader_of_the_output_may_stop_early() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "preview", "dev"], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate()
    assert (process.returncode, errors) == (0, b"")
