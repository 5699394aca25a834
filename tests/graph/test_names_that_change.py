"""An object that gets another name is one resource more: never a replacement, which is stuck once an update fails."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from simulators.azure.arm_paths import path_inputs
from tests.graph.stacks import ALL, Entry, Sections, by_urn, entries_of, graph_of, is_azure, is_kubernetes

# As `planning.naming.content_hash` makes it.
HASH = re.compile(r"(?<![0-9a-z])[0-9a-f]{10}(?![0-9a-z])")
HELM_RELEASE = "kubernetes:helm.sh/v3:Release"


def other_arguments(sections: Sections) -> None:
    """What every vLLM is started with."""
    for model in sections["models"]:
        engine = model.setdefault("engine", {})
        engine.setdefault("args", {})["seed"] = 7


def other_disks(sections: Sections) -> None:
    """What Azure can't change in place of any pool, so that all models move."""
    for pool in sections["pools"]:
        pool["os_disk_gib"] = pool.get("os_disk_gib", 512) + 64


EDITS = [pytest.param(other_arguments, "ConfigMap", id="arguments"), pytest.param(other_disks, "Job", id="pools")]


def identity(entry: Entry) -> tuple[Any, ...]:
    """What the object is called where it lives; empty for what lives nowhere."""
    inputs = entry["inputs"] or {}
    if is_azure(entry):
        _, module, name = entry["type"].split(":")
        return tuple(str(inputs.get(part)) for part in path_inputs(f"{module.partition('/')[0]}:{name}"))
    if entry["type"] == HELM_RELEASE:
        return inputs["namespace"], inputs["name"]
    if is_kubernetes(entry):
        return inputs["kind"], inputs["metadata"].get("namespace"), inputs["metadata"]["name"]
    return ()


def moved(stack: str, edit: Callable[[Sections], object]) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """The resources that only the stack file has, and those that only the edited one has."""
    before, after = by_urn(entries_of(stack)), by_urn(graph_of(stack, edit).to_json())
    renamed = {
        urn: (identity(before[urn]), identity(after[urn]))
        for urn in before.keys() & after.keys()
        if identity(before[urn]) != identity(after[urn])
    }
    assert renamed == {}
    return (
        {urn: before[urn] for urn in before.keys() - after.keys()},
        {urn: after[urn] for urn in after.keys() - before.keys()},
    )


@pytest.mark.parametrize(("edit", "kind"), EDITS)
@pytest.mark.parametrize("stack", ALL)
def test_a_name_that_changes_is_another_resource(stack: str, edit: Callable[[Sections], object], kind: str) -> None:
    gone, new = moved(stack, edit)
    kinds = Counter(entry["type"].rpartition(":")[2] for entry in new.values())
    assert kinds == Counter(entry["type"].rpartition(":")[2] for entry in gone.values())
    assert kinds[kind] > 0


@pytest.mark.parametrize("stack", ALL)
def test_a_hash_in_the_name_of_an_object_is_in_its_logical_name(stack: str) -> None:
    named = {
        entry["name"]: found
        for entry in filter(is_kubernetes, entries_of(stack))
        for found in HASH.findall(str((entry["inputs"].get("metadata") or {}).get("name", "")))
    }
    assert {name: found for name, found in named.items() if found not in name} == {}
    assert named


@pytest.mark.parametrize("stack", ALL)
def test_no_two_resources_claim_the_same_former_name(stack: str) -> None:
    graph = graph_of(stack)
    former = [(resource.type, alias.name) for resource in graph for alias in resource.options.aliases if alias.name]
    assert [claim for claim, count in Counter(former).items() if count > 1] == []
    assert {(resource.type, resource.name) for resource in graph}.isdisjoint(former)
    assert former
