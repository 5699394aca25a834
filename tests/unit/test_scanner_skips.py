"""The list of explained findings of scanners: its form, and what it lets pass."""

import dataclasses
import datetime as dt
import re
from collections import Counter

import pytest
import yaml

from tests.repository import ROOT
from tests.scanners.skip_list import Finding, Skip, explained, problems

CONTENT = yaml.safe_load((ROOT / "tests/scanners/skips.yaml").read_text(encoding="utf-8"))
SKIPS = explained()
DAY = dt.date(2026, 12, 1)
OPEN = Finding("CKV_K8S_43", "prod/Deployment.llm.chat", "Image should use digest")
SKIP = Skip("checkov", "CKV_K8S_43", ("*/Deployment.llm.*",), "a reason", "serving", DAY)


def test_a_finding_without_an_explanation_is_a_problem() -> None:
    assert problems([OPEN], [], DAY) == ["not explained: CKV_K8S_43 prod/Deployment.llm.chat: Image should use digest"]
    elsewhere = dataclasses.replace(OPEN, where="prod/Deployment.keda.keda")
    assert len(problems([OPEN, elsewhere], [SKIP], DAY)) == 1
    other = dataclasses.replace(OPEN, check="CKV_K8S_4")
    assert len(problems([OPEN, other], [SKIP], DAY)) == 1


def test_an_explained_finding_is_none() -> None:
    assert problems([OPEN], [SKIP], DAY) == []


def test_an_explanation_ends_after_its_day() -> None:
    (ended,) = problems([OPEN], [SKIP], DAY + dt.timedelta(days=1))
    assert ended == "ended on 2026-12-01, to be mended or judged again by serving: CKV_K8S_43"


def test_an_explanation_that_explains_nothing_is_a_problem() -> None:
    two = dataclasses.replace(SKIP, where=("*/Deployment.llm.*", "*/Job.llm.*"))
    assert problems([OPEN], [two], DAY) == ["explains nothing any more, to be removed: CKV_K8S_43 */Job.llm.*"]
    assert len(problems([], [two], DAY)) == 2


@pytest.mark.parametrize("key", ["reason", "owner", "expires"])
def test_an_entry_has_a_reason_an_owner_and_an_end(key: str) -> None:
    entry = {**dataclasses.asdict(SKIP)}
    del entry[key]
    with pytest.raises(ValueError, match="CKV_K8S_43"):
        Skip.read(entry)


@pytest.mark.parametrize("skip", SKIPS, ids=lambda skip: f"{skip.check}-{skip.where[0]}")
def test_every_entry_of_the_list_is_complete(skip: Skip) -> None:
    assert skip.scanner in {"checkov", "gitleaks", "kubeconform", "pip-audit", "trivy"}
    assert len(skip.reason.split()) >= 5
    assert skip.owner in CONTENT["owners"]
    assert skip.where
    assert "*" not in skip.where, "a finding anywhere is not explained by one reason"
    assert CONTENT["judged"] < skip.expires <= CONTENT["judged"] + dt.timedelta(days=366)


def test_no_place_is_explained_twice() -> None:
    places = Counter((skip.scanner, skip.check, pattern) for skip in SKIPS for pattern in skip.where)
    assert [place for place, times in places.items() if times > 1] == []


def test_owners_are_rooms_of_the_repository() -> None:
    for folder in CONTENT["owners"].values():
        assert (ROOT / folder).exists(), folder
    assert {skip.owner for skip in SKIPS} <= set(CONTENT["owners"])


def test_a_rule_that_a_reason_names_is_one() -> None:
    groups = yaml.safe_load((ROOT / "tests/unit/severities.yaml").read_text(encoding="utf-8"))
    rules = {name for group in groups for name in group["rules"]}
    named = {name for skip in SKIPS for name in re.findall(r"\b[A-Z]+-[A-Z][A-Z-]+\b", skip.reason)}
    assert named
    assert named <= rules
