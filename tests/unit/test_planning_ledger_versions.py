"""Memory figures belong to a vLLM version: one whose arithmetic nobody has compared is a finding, never a figure."""

import json

import pytest
from planning_stacks import CATALOG, planned, settings
from vllm_versions import COPIED, KNOWN, with_copied_version

import catalog
from catalog import Catalog
from planning import fit
from planning.__main__ import main
from planning.memory import LEDGERS, verified_versions
from planning.resolving.resolution import Resolution

NEW = {"models[0].engine.version": COPIED, "models[1].engine.version": COPIED}
QUESTION = fit.Question(model="Qwen/Qwen3-8B", gpu="H100-NVL-94", context=32768)


def test_every_version_of_the_catalog_names_an_arithmetic_that_exists() -> None:
    assert CATALOG.vllm(KNOWN).ledger == "0.33"
    assert verified_versions(CATALOG) == CATALOG.vllm_versions
    assert {CATALOG.vllm(version).ledger for version in CATALOG.vllm_versions} == set(LEDGERS)


@pytest.mark.parametrize("ledger", ["null", '"0.34"'])
def test_a_version_without_a_compared_arithmetic_is_refused(ledger: str) -> None:
    outcome = planned(NEW, knowing=with_copied_version(ledger))
    found = [finding for finding in outcome.findings if finding.rule == "FIT-UNVERIFIED"]
    assert [(finding.severity, finding.path) for finding in found] == [
        ("error", "models[0].engine.version"),
        ("error", "models[1].engine.version"),
    ]
    assert found[0].message == (
        "nobody compared the memory arithmetic of vLLM 0.34.0; versions with a verified ledger: `0.33.0`"
    )
    assert found[0].fix.startswith("write one of `0.33.0`")


@pytest.mark.parametrize("ledger", ["null", '"0.34"'])
def test_such_a_version_has_no_figures(ledger: str) -> None:
    knowing = with_copied_version(ledger)
    outcome = planned(NEW, knowing=knowing)
    assert outcome.plan is None
    assert Resolution(settings(NEW), knowing).memory == (None, None)
    assert {finding.rule for finding in outcome.findings if finding.rule.startswith("FIT-")} == {"FIT-UNVERIFIED"}
    # On a GPU that is far too small the figures of another version would be findings.
    small = {**NEW, "models[0].context": 40960, "models[0].concurrency": 900}
    told = [finding.rule for finding in planned(small, knowing=knowing).findings if finding.rule.startswith("FIT-")]
    assert set(told) == {"FIT-UNVERIFIED"}
    assert any(finding.rule == "FIT-CONCURRENCY" for finding in planned({**small, **old()}, knowing=knowing).findings)


def old() -> dict[str, str]:
    return dict.fromkeys(NEW, KNOWN)


def test_a_copy_that_names_a_compared_arithmetic_is_planned_like_the_original() -> None:
    copied, known = planned(NEW, knowing=with_copied_version('"0.33"')), planned({})
    assert copied.plan is not None
    assert known.plan is not None
    assert [model.memory for model in copied.plan.models] == [model.memory for model in known.plan.models]


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
                "message": "nobody compared the memory arithmetic of vLLM `0.34.0`",
                "fix": "compare it as docs/adding-a-vllm-version.md says",
            }
        ],
    }
    assert "GiB" not in printed.err


def test_check_shows_no_figure_either(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    only: Catalog = with_copied_version(alone=True)
    monkeypatch.setattr(catalog, "load", lambda: only)
    # The shipped stack asks for 0.33.0, which this catalog lacks: no figure of another version takes its place.
    assert main(["check", "dev", "--json", "-"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["plan"] is None
    assert {finding["rule"] for finding in document["findings"] if finding["severity"] == "error"} == {"ENGINE-VERSION"}
    assert not any(finding["rule"].startswith("FIT-") for finding in document["findings"])
