"""A comparison of previews says what Azure doesn't change, and the stand-in for Azure refuses or replaces the same."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import catalog
from catalog import FixedProperty
from preview import comparison
from preview.differences import difference_section
from preview.report import console
from simulators.azure import change_rules, fixed_once_created
from simulators.provider_protocol.calls import RefusedError
from simulators.provider_protocol.differences import differences, touches
from tests.graph.stacks import ROOT, Sections, entries_of, graph_of

FACTS = catalog.load().fixed
COST = {"currency": "USD", "min_per_month": 1.0, "max_per_month": 1.0, "lines": [], "models": []}
PAGE = ROOT / "docs" / "fixed-once-created.md"


def write(path: str, value: Any) -> Callable[[Sections], None]:
    """An edit of a stack file: a value at a path such as `security.vault.soft_delete_days`."""

    def change(sections: Sections) -> None:
        *holders, key = path.split(".")
        place = sections
        for name in holders:
            place = place.setdefault(name, {})
        place[key] = value

    return change


def private(sections: Sections) -> None:
    sections["cluster"]["api_server"] = {"access": "private"}


def moved(sections: Sections) -> None:
    subnets = {"nodes": "10.30.0.0/18", "api_server": "10.30.64.0/28", "gateway": "10.30.65.0/24"}
    sections["network"] = {
        "address_space": "10.30.0.0/16", "subnets": {**subnets, "private_endpoints": "10.30.66.0/24"}
    }  # fmt: skip


def region(sections: Sections) -> None:
    sections["platform"]["region"] = "westeurope"


# Stack, edit, what the comparison says of it: names in catalog/fixed.yaml, each with its outcome.
EDITS: dict[str, tuple[str, Callable[[Sections], object], set[str]]] = {
    "retention of secrets": ("dev", write("security.vault.soft_delete_days", 30), {"vault retention"}),
    "purge protection off": ("prod", write("security.vault.purge_protection", False), {"purge protection"}),
    "redundancy": ("dev", write("storage.redundancy", "zone"), {"storage redundancy", "registry zones"}),
    "range of pods": ("dev", write("network.pods", "10.245.0.0/16"), {"addresses in the cluster"}),
    "range of services": ("dev", write("network.services", "10.97.0.0/16"), {"addresses in the cluster"}),
    "access of the API server": ("dev", private, {"name of the API server"}),
    "the whole network": ("dev", moved, {"range of a subnet"}),
    "region": ("dev", region, {"names and region"}),
    "purge protection on": ("dev", write("security.vault.purge_protection", True), set()),
    "nodes of a pool": ("dev", write("cluster.maintenance.hours", 6), set()),
}


def compared(stack: str, edit: Callable[[Sections], object]) -> comparison.Difference:
    document = {"stack": stack, "plan": {"cost": COST}, "resources": entries_of(stack)}
    now = graph_of(stack, edit).to_json()
    return comparison.compare(json.loads(json.dumps(document)), now, COST, FACTS.values())


def shown(found: comparison.Difference) -> str:
    text = io.StringIO()
    screen: Console = console(text, 400)
    screen.print(difference_section(found))
    return text.getvalue()


@pytest.mark.parametrize("name", sorted(EDITS))
def test_a_comparison_names_what_azure_does_not_change(name: str) -> None:
    stack, edit, expected = EDITS[name]
    found = compared(stack, edit)
    assert {change.property.name for change in found.fixed} == expected
    text = shown(found)
    for change in found.fixed:
        assert change.property.instead in text
        assert all(place in text for place in change.property.settings)


def test_what_replaces_the_whole_cluster_comes_first_and_in_capitals() -> None:
    both = lambda sections: (EDITS["retention of secrets"][1](sections), EDITS["range of pods"][1](sections))  # noqa: E731
    lines = [line for line in shown(compared("dev", both)).splitlines() if "! " in line]
    assert ["cluster-aks IS DELETED AND MADE AGAIN" in line for line in lines] == [True, False]
    assert "Azure refuses this update" in lines[1]


def test_a_protected_cluster_is_not_replaced() -> None:
    text = shown(compared("prod", EDITS["range of pods"][1]))
    assert "PULUMI REFUSES TO REPLACE cluster-aks" in text
    assert "IS DELETED" not in text


@pytest.mark.parametrize("fact", FACTS.values(), ids=lambda fact: fact.name)
def test_the_stand_in_for_azure_agrees(fact: FixedProperty) -> None:
    for path in fact.paths:
        before, now = (_inputs(path, value) for value in ((True, None) if fact.allowed == "on" else ("a", "b")))
        replaced = any(touches(found, change_rules.replacement_rules(fact.type)) for found in differences(before, now))
        assert replaced == (fact.outcome == "replaced"), path
        if fact.outcome == "refused":
            with pytest.raises(RefusedError):
                fixed_once_created.refuse(fact.type, before, now)
        if fact.outcome == "kept":
            assert fixed_once_created.kept(fact.type, before, now) == before


def test_what_azure_changes_is_not_refused() -> None:
    for kind, path in (
        ("keyvault:Vault", "tags"),
        ("network:Subnet", "natGateway"),
        ("storage:StorageAccount", "tags"),
    ):
        fixed_once_created.refuse(kind, _inputs(path, "a"), _inputs(path, "b"))
    # What was never set can be set once.
    path = "properties.softDeleteRetentionInDays"
    fixed_once_created.refuse("keyvault:Vault", _inputs(path, None), _inputs(path, 7))


def _inputs(path: str, value: Any) -> dict[str, Any]:
    for key in reversed(path.split(".")):
        value = {} if value is None else {key: value}
    return value


def page() -> str:
    """The table of everything that Azure fixes."""
    lines = [
        "# Fixed once created", "",
        "What Azure doesn't change once a resource exists. Pulumi previews such a change as a plain update.",
        "`--against` with an earlier preview's JSON names it before `up` does.", "",
        "This page is generated from `catalog/fixed.yaml`.", "",
        "| what | settings | what follows | what to do | source |", "|---|---|---|---|---|",
    ]  # fmt: skip
    outcomes = {
        "refused": "Azure refuses the update",
        "kept": "no effect: it stays on",
        "replaced": "**the whole cluster is deleted and made again**; in a protected stack Pulumi refuses",
    }
    for fact in FACTS.values():
        settings = ", ".join(f"`{place}`" for place in fact.settings) or "none: this program's own"
        source = fact.source.strip()
        lines.append(f"| {fact.what} | {settings} | {outcomes[fact.outcome]} | {fact.instead} | {source} |")
    return "\n".join([*lines, ""])


def test_the_page_is_current() -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        Path(PAGE).write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "make golden"
