"""Memory figures belong to a vLLM version: a version without compared arithmetic gives a finding, never a figure."""

import json
import re
from pathlib import Path

import pytest
import yaml
from planning_stacks import CATALOG, ROOT, planned, settings
from vllm_versions import COPIED, KNOWN, with_copied_version

import catalog
from config.models import Engine
from planning import fit
from planning.__main__ import main
from planning.memory import LEDGERS, verified_versions
from planning.resolving.resolution import Resolution

NEW = {"models[0].engine.version": COPIED, "models[1].engine.version": COPIED}
QUESTION = fit.Question(model="Qwen/Qwen3-8B", gpu="H100-NVL-94", context=32768)


def test_a_ledger_that_the_catalog_names_exists_and_new_stacks_start_with_one() -> None:
    assert CATALOG.vllm(KNOWN).ledger == "0.33"
    named = {CATALOG.vllm(version).ledger for version in CATALOG.vllm_versions} - {None}
    assert named == set(LEDGERS)
    assert Engine().version in verified_versions(CATALOG)


@pytest.mark.parametrize("ledger", ["null", '"0.34"'])
def test_a_version_without_a_compared_arithmetic_is_refused(ledger: str) -> None:
    outcome = planned(NEW, knowing=with_copied_version(ledger))
    found = [finding for finding in outcome.findings if finding.rule == "FIT-UNVERIFIED"]
    assert [(finding.severity, finding.path) for finding in found] == [
        ("error", "models[0].engine.version"),
        ("error", "models[1].engine.version"),
    ]
    assert found[0].message == (
        "the memory arithmetic for vLLM 0.34.0 has not been compared with vLLM's; "
        "versions with a verified ledger: `0.33.0`"
    )
    assert found[0].fix.startswith("write one of `0.33.0`")


@pytest.mark.parametrize("ledger", ["null", '"0.34"'])
def test_such_a_version_has_no_figures(ledger: str) -> None:
    knowing = with_copied_version(ledger)
    outcome = planned(NEW, knowing=knowing)
    assert outcome.plan is None
    assert [release.ledger for release in Resolution(settings(NEW), knowing).releases] == [None, None]
    assert {finding.rule for finding in outcome.findings if finding.rule.startswith("FIT-")} == {"FIT-UNVERIFIED"}
    # With so many concurrent requests, figures of another version would give a finding.
    small = {**NEW, "models[0].context": 40960, "models[0].concurrency": 900}
    found = [finding.rule for finding in planned(small, knowing=knowing).findings if finding.rule.startswith("FIT-")]
    assert set(found) == {"FIT-UNVERIFIED"}
    assert any(finding.rule == "FIT-CONCURRENCY" for finding in planned({**small, **old()}, knowing=knowing).findings)


def old() -> dict[str, str]:
    return dict.fromkeys(NEW, KNOWN)


def test_a_copy_that_names_a_compared_arithmetic_is_planned_like_the_original() -> None:
    copied, known = planned(NEW, knowing=with_copied_version('"0.33"')), planned({})
    assert copied.plan is not None
    assert known.plan is not None
    assert [model.releases[0].memory for model in copied.plan.models] == [
        model.releases[0].memory for model in known.plan.models
    ]


def test_fit_answers_for_the_newest_version_that_was_compared() -> None:
    found = fit.answer(QUESTION, with_copied_version())
    assert isinstance(found, fit.Answer)
    assert found.version == KNOWN
    newest = fit.answer(QUESTION, with_copied_version('"0.33"'))
    assert isinstance(newest, fit.Answer)
    assert newest.version == COPIED


def test_fit_refuses_where_no_version_was_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = with_copied_version(alone=True)
    monkeypatch.setattr(catalog, "load", lambda: alone)
    assert main(["fit", "--model", "Qwen/Qwen3-8B", "--gpu", "H100-NVL-94", "--json"]) == 2
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document == {
        "fits": None,
        "problems": [
            {
                "option": "vLLM version",
                "message": "the memory arithmetic for vLLM `0.34.0` has not been compared with vLLM's",
                "fix": "compare it as docs/adding-a-vllm-version.md says",
            }
        ],
    }
    assert "GiB" not in printed.err


def test_check_shows_no_figure_either(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(catalog, "load", with_copied_version)
    content = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    for model in content["config"]["llm-platform:models"]:
        model["engine"] = {**model.get("engine", {}), "version": COPIED}
    file = tmp_path / "Pulumi.new.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert main(["check", "new", "--config", str(file), "--json", "-"]) == 2
    printed = capsys.readouterr().out
    document = json.loads(printed)
    assert document["plan"] is None
    assert {finding["rule"] for finding in document["findings"] if finding["severity"] == "error"} == {"FIT-UNVERIFIED"}
    assert not re.search(r"GiB|kv_tokens|blocks", printed)
    assert main(["check", "new", "--config", str(file)]) == 2
    assert not re.search(r"GiB|kv_tokens|blocks", capsys.readouterr().out)
