"""`preview` judges a stack by the organisation's policies: what it prints, what its JSON says, and its exit code."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cli.app import main
from preview.stack import PROJECT
from tests.graph.preview_schema import DOCUMENT

_URN = (
    "urn:pulumi:dev::llm-platform::llm-platform:components:Cluster$azure-native:containerservice:ManagedCluster"
    "::cluster-aks"
)
_PRIVATE = "aks-private-api-server"


def _exception(expires: str) -> dict[str, Any]:
    match = [{"policies": [_PRIVATE], "targets": [_URN]}]
    return {"CHG-7": {"owner": "platform team", "reason": "until the VPN is up", "expires": expires, "match": match}}


def _configuration(folder: Path, **parts: Any) -> str:
    file = folder / "strict.json"
    policies = {"all": "disabled", _PRIVATE: "mandatory"}
    file.write_text(json.dumps({"version": 2, "policies": policies, **parts}), encoding="utf-8")
    return str(file)


def _preview(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["preview", "dev", *arguments])
    return code, capsys.readouterr().out


def test_a_mandatory_policy_that_is_violated_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strict = _configuration(tmp_path)
    code, text = _preview(capsys, "--policies", strict)
    assert code == 3
    assert "1 mandatory, 0 advisory" in text
    assert "mandatory  aks-private-api-server  cluster-aks" in text
    assert "→ cluster.api_server.access: private" in text
    code, text = _preview(capsys, "--policies", strict, "--json", "-")
    document = json.loads(text)
    jsonschema.validate(document, DOCUMENT)
    assert (code, document["ok"], len(document["policies"])) == (3, False, 1)
    assert document["policies"][0] | {"message": "", "fix": ""} == {
        "policy": _PRIVATE, "level": "mandatory", "urn": _URN, "message": "", "fix": "", "exception": None,
    }  # fmt: skip


def test_an_exception_lets_it_pass_and_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = _preview(capsys, "--policies", _configuration(tmp_path, exceptions=_exception("2999-12-31")))
    assert code == 0
    assert "0 mandatory, 0 advisory, 1 exception" in text
    assert "excepted   aks-private-api-server  cluster-aks: CHG-7" in text


def test_an_exception_that_ended_lets_nothing_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = _preview(capsys, "--policies", _configuration(tmp_path, exceptions=_exception("2026-01-01")))
    assert code == 3
    assert "POLICY-EXPIRED" in text


def test_a_mistake_in_the_configuration_is_exit_code_2_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strict = _configuration(tmp_path, policies={"all": "strict"})
    code, text = _preview(capsys, "--policies", strict)
    assert code == 2
    assert "POLICY-CONFIG" in text
    assert f"{strict}:1:" in "".join(text.split())
    code, text = _preview(capsys, "--policies", str(tmp_path / "none.json"))
    assert code == 2
    assert "no such file" in text.lower()


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_our_own_stacks_violate_nothing_mandatory(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", stack, "--json", "-"]) == 0
    assert all(each["level"] == "advisory" for each in json.loads(capsys.readouterr().out)["policies"])


def test_a_comment_shows_the_change_of_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    earlier, changed = tmp_path / "dev.json", tmp_path / "Pulumi.dev.yaml"
    assert main(["preview", "dev", "--json", str(earlier)]) == 0
    text = (PROJECT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    assert "context: 32768" in text
    changed.write_text(text.replace("context: 32768", "context: 16384"), encoding="utf-8")
    capsys.readouterr()
    code, text = _preview(capsys, "--config", str(changed), "--against", str(earlier), "--markdown")
    assert code == 0
    counted = len(json.loads(earlier.read_text(encoding="utf-8"))["resources"])
    assert f"| resources | {counted} | 1 created, " in text
    assert '| `chat` | `args["--max-model-len"]` | `32768` | `16384` |' in text
    assert "  - `spec.template.spec.volumes[0].configMap.name`: `chat-" in text
    assert "| GPUs | 1–3 | +0 |" in text
    same = _preview(capsys, "--against", str(earlier), "--markdown")[1]
    assert "| 0 created, 0 changed, 0 replaced, 0 deleted |" in same
    assert "| model | what |" not in same


def test_a_comment_says_first_what_is_deleted_and_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier, changed = tmp_path / "dev.json", tmp_path / "Pulumi.dev.yaml"
    assert main(["preview", "dev", "--json", str(earlier)]) == 0
    text = (PROJECT / "Pulumi.dev.yaml").read_text(encoding="utf-8").replace("region: eastus", "region: westus3")
    changed.write_text(text, encoding="utf-8")
    capsys.readouterr()
    _, text = _preview(capsys, "--config", str(changed), "--against", str(earlier), "--markdown")
    assert "DELETED AND MADE AGAIN" in text.partition("<details")[0]
    assert "- **replace** `cluster-aks`" in text


def test_a_comment_and_json_cannot_both_be_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "dev", "--json", "-", "--markdown"]) == 2
    assert "give --json a FILE" in capsys.readouterr().err
