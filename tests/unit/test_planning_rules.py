"""Every rule of the register reports a stack that breaks it, and does not report one that only just keeps it."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from planning_stacks import CATALOG, ROOT, planned
from rule_cases import CASES, SUBJECTS, Case

from planning import Planned
from planning.rules import REGISTER
from planning.rules.page import page
from planning.rules.register import stack_rule
from tests.places import unread

REVIEWED: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("severities.yaml").read_text(encoding="utf-8"))
SEVERITIES: dict[str, str] = {rule: group["severity"] for group in REVIEWED for rule in group["rules"]}


def broken(case: Case) -> Planned:
    return planned(case.breaks, tuple(filter(None, case.bootstrap[:1])), case.today[0], case.knowing[0])


def rules_kept(case: Case) -> set[str]:
    outcome = planned(case.keeps, tuple(filter(None, case.bootstrap[1:])), case.today[1], case.knowing[1])
    return {finding.rule for finding in outcome.findings}


def test_the_table_covers_the_register() -> None:
    assert set(CASES) == set(REGISTER)


def test_a_row_of_the_table_is_in_the_module_named_like_that_of_its_rule() -> None:
    rows = {name: subject.__name__.rpartition(".")[2] for subject in SUBJECTS for name in subject.CASES}
    assert rows == {name: rule.check.__module__.rpartition(".")[2] for name, rule in REGISTER.items()}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_rule_reports_what_breaks_it(name: str) -> None:
    found = [finding for finding in broken(CASES[name]).findings if finding.rule == name]
    assert found
    assert unread(REGISTER[name]) == []
    assert {finding.severity for finding in found} == {SEVERITIES[name]}
    assert all(finding.path and finding.message and finding.fix for finding in found)


def test_the_severity_of_every_rule_is_reviewed_once() -> None:
    assert {
        rule for rule, count in Counter(rule for group in REVIEWED for rule in group["rules"]).items() if count > 1
    } == set()
    assert {name: rule.severity for name, rule in REGISTER.items()} == SEVERITIES
    assert all(len(group["why"]) > 30 for group in REVIEWED)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_rule_does_not_report_what_keeps_it(name: str) -> None:
    assert name not in rules_kept(CASES[name])


@pytest.mark.parametrize(
    ("path", "weak", "strong"),
    [
        ("platform.protect", False, True),
        ("platform.locks", False, True),
        ("security.vault.purge_protection", False, True),
        ("cluster.tier", "Free", "Standard"),
        ("cluster.upgrade_channel", "none", "patch"),
        ("security.azure_policy", False, True),
        ("security.image_cleaner", False, True),
        ("security.node_resource_group", "unrestricted", "read-only"),
    ],
)
def test_production_is_warned_of_each_protection_that_it_lacks(path: str, weak: object, strong: object) -> None:
    def warned(environment: str, value: object) -> bool:
        found = planned({"platform.environment": environment, path: value}).findings
        return any((finding.rule, finding.path) == ("PROD-PROTECTION", path) for finding in found)

    assert warned("prod", weak)
    assert not warned("prod", strong)
    assert not warned("dev", weak)


@pytest.mark.parametrize("name", sorted(CASES))
def test_errors_prevent_a_plan_and_notes_do_not(name: str) -> None:
    outcome = broken(CASES[name])
    assert (outcome.plan is None) == any(finding.severity == "error" for finding in outcome.findings)


def test_every_rule_states_what_it_checks_and_prevents() -> None:
    for rule in REGISTER.values():
        assert rule.check.__doc__, rule.name
        assert rule.prevents.endswith("."), rule.name
        assert rule.source, rule.name


def test_no_two_rules_share_an_id() -> None:
    with pytest.raises(ValueError, match="two rules are called FIT-CONTEXT"):
        stack_rule("FIT-CONTEXT", "error", prevents="", source="")(lambda _: iter(()))


def test_the_page_of_rules_is_current() -> None:
    written = Path(ROOT, "docs", "rules.md").read_text(encoding="utf-8")
    assert written == page(REGISTER), "regenerate it: python -m planning rules > docs/rules.md"
    for name in REGISTER:
        assert f"| `{name}` |" in written


def test_a_suggestion_names_only_what_the_catalog_has() -> None:
    """Suggestions come from the catalog: what a fix proposes must be accepted."""
    found = planned({"platform.region": "eastsu"}).findings
    fix = next(finding.fix for finding in found if finding.rule == "REGION-UNKNOWN")
    proposed = fix.split("`")[1::2]
    assert proposed
    assert set(proposed) <= set(CATALOG.regions)
