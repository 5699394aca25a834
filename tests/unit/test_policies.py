"""Every policy accepts what it should and refuses what it should, and needs nothing that Pulumi's environment lacks."""

import ast
import re
import sys
from pathlib import Path

import pytest
from planning_stacks import ROOT
from policy_cases import Made
from policy_cases_azure import CASES as AZURE
from policy_cases_kubernetes import CASES as KUBERNETES

from config.settings import SECTIONS
from config.shape import keys_at
from policy.benchmarks import CIS, MCSB
from policy.page import page
from policy.policies import LEVELS
from policy.register import BY_NAME, POLICIES
from policy.resources import Resource

CASES = {**AZURE, **KUBERNETES}
_NAMES = sorted(CASES)
# What Pulumi's environment for policies has beside the standard library, and only what is run there.
_PACK = sorted(path for path in (ROOT / "policy").glob("*.py") if path.stem not in ("configuration", "evaluation"))


def _several(made: Made) -> list[Resource]:
    return [made] if isinstance(made, Resource) else list(made)


def test_every_policy_has_a_case_and_every_case_a_policy() -> None:
    assert len(POLICIES) == len(BY_NAME)
    assert set(BY_NAME) == set(CASES)


@pytest.mark.parametrize("name", _NAMES)
def test_what_is_allowed_violates_nothing(name: str) -> None:
    case = CASES[name]
    for made in case.good:
        found = [message for _, message in BY_NAME[name].violations(_several(made), case.values)]
        assert found == [], made


@pytest.mark.parametrize("name", _NAMES)
def test_each_violation_is_found_once_and_says_what_is_wrong(name: str) -> None:
    case = CASES[name]
    for made, words in case.bad:
        found = [message for _, message in BY_NAME[name].violations(_several(made), case.values)]
        assert len(found) == 1, (made, found)
        assert words in found[0]


@pytest.mark.parametrize("name", _NAMES)
def test_a_policy_says_what_to_write_and_whose_demand_it_is(name: str) -> None:
    policy = BY_NAME[name]
    assert policy.demand.endswith(".")
    assert policy.fix
    assert policy.level in LEVELS
    assert set(policy.cis) <= set(CIS)
    assert set(policy.mcsb) <= set(MCSB)
    assert (policy.check is None) != (policy.stack_check is None)


def _settings_in(text: str) -> list[tuple[str, ...]]:
    """The dotted paths in a text that begin with a section of the stack file."""
    dotted = re.findall(r"(?<![\w./-])[a-z_]+(?:\.[a-z_]+)+", text.replace("[]", ""))
    paths = [tuple(path.split(".")) for path in dotted]
    return [path for path in paths if path[0] in SECTIONS]


def test_a_setting_that_a_policy_names_is_one_of_the_stack_file() -> None:
    named = {path for policy in POLICIES for path in _settings_in(policy.fix)}
    assert {("security", "vault", "purge_protection"), ("registry", "images")} <= named
    assert ("models", "replicas", "min") in named
    unknown = {path for path in named for end in range(1, len(path)) if path[end] not in keys_at(path[:end])}
    assert unknown == set()


@pytest.mark.parametrize("path", _PACK, ids=lambda path: path.stem)
def test_the_pack_needs_only_the_standard_library_and_pulumi(path: Path) -> None:
    allowed = {*sys.stdlib_module_names, "policy", "pulumi_policy"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert {name.partition(".")[0] for name in names} <= allowed, path


def test_every_recommendation_that_is_listed_is_somebodys() -> None:
    assert {name for policy in POLICIES for name in policy.cis} == set(CIS)
    assert {name for policy in POLICIES for name in policy.mcsb} == set(MCSB)


def test_the_page_in_the_documentation_is_that_of_the_policies() -> None:
    assert (ROOT / "docs" / "policies.md").read_text(encoding="utf-8") == page(POLICIES)
