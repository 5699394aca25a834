"""Every trap in docs/traps.md has a source and an answer, and what the answer names exists."""

import re

import pytest

from tests.graph.traps import INDEX, OPEN, PAGES, VERDICTS, Trap, prose, references, traps, unknown

ALL = [trap for page in PAGES for trap in traps(page)]
# An issue or pull request, an address, an advisory, or how it was found.
_SOURCE = re.compile(
    r"[\w.-]+/[\w.-]+#\d+|https?://|CVE-|GHSA-|PYSEC-|AADSTS|^(tried|read|measured|documented)\b", re.IGNORECASE
)
each_trap = pytest.mark.parametrize("trap", ALL, ids=lambda trap: trap.place)


def test_the_index_names_every_page() -> None:
    text = INDEX.read_text(encoding="utf-8")
    assert [page.name for page in PAGES[1:] if f"](traps/{page.name})" not in text] == []


def test_no_trap_is_listed_twice() -> None:
    known: dict[str, Trap] = {}
    twice = [(known[trap.trap].place, trap.place) for trap in ALL if known.setdefault(trap.trap, trap) is not trap]
    assert twice == []


def test_open_traps_are_in_the_index_and_nothing_else_is() -> None:
    assert [trap.place for trap in ALL if (trap.proved == OPEN) != (trap.page == INDEX)] == []


@each_trap
def test_a_trap_is_complete(trap: Trap) -> None:
    assert len(trap.trap) > 20
    assert _SOURCE.search(trap.source), "name an issue, an address, an advisory or how it was found"
    assert trap.answer
    assert trap.proved in VERDICTS or references(trap.proved) or "](" in trap.proved
    assert prose(trap.proved) in ("", *VERDICTS), "the last column holds references or a verdict only"


@each_trap
def test_what_the_answer_to_a_trap_names_exists(trap: Trap) -> None:
    named = [(reference, unknown(reference)) for reference in references(trap.proved)]
    named += [(reference, unknown(reference, prose_too=True)) for reference in references(trap.answer)]
    assert [reference for reference in named if reference[1]] == []


@pytest.mark.parametrize(
    "reference",
    [
        "FIT-CONTEXT",
        "CFG-UNKNOWN-KEY",
        "tests/graph/test_traps.py",
        "tests/graph/test_traps.py::test_the_index_names_every_page",
        "alert GatewayNotScaling",
        "models[].engine.args",
        "Deployment spec.template.spec.enableServiceLinks: false",
        "Release/gpu-operator values.toolkit.enabled: false",
        'Gateway metadata.annotations["aigateway.envoyproxy.io/gateway-config"]: llm',
        "Deployment options.ignore_changes ~ spec.replicas",
        'ConfigMap data["vllm.yaml"] ~ shutdown-timeout',
        "BackendTrafficPolicy spec.retry.retryOn.triggers[*]: reset",
    ],
)  # fmt: skip
def test_a_reference_to_what_exists_is_known(reference: str) -> None:
    assert unknown(reference) is None


@pytest.mark.parametrize(
    "reference",
    [
        "FIT-CONTEXTS",
        "tests/graph/test_trap.py",
        "tests/graph/test_traps.py::test_nothing",
        "alert GatewayNotScalin",
        "models[].engine.arg",
        "Deployments spec.template",
        "Deployment spec.template.spec.enableServiceLink",
        "Deployment spec.template.spec.enableServiceLinks: true",
        "Release/gpu-operators values.toolkit.enabled: false",
        "Deployment options.ignore_changes ~ spec.replica.",
        "what a sentence says",
    ],
)
def test_a_reference_to_what_does_not_exist_is_reported(reference: str) -> None:
    assert unknown(reference)


def test_words_in_code_are_no_references_but_a_misspelt_rule_is() -> None:
    assert unknown("nvidia.com/gpu", prose_too=True) is None
    assert unknown("spec.replicas", prose_too=True) is None
    assert unknown("MIG-FIXD", prose_too=True)
