"""Roles of people: nothing is made where the stack names no group, and each group gets its own roles alone."""

from typing import Any, Final

import pytest

import catalog
from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, is_azure
from tests.graph.test_graph import type_of

OPERATORS, PUBLISHERS, VIEWERS = (f"00000000-0000-4000-8000-0000000000{part}" for part in ("a1", "b1", "c1"))
ACCESS: Final = {"operator": [OPERATORS], "model_publisher": [PUBLISHERS], "viewer": [VIEWERS]}


def with_access(stack: str = "prod", access: dict[str, Any] = ACCESS) -> list[Entry]:
    def edit(sections: Sections) -> None:
        sections["access"] = access

    return graph_of(stack, edit).to_json()


def roles_in_azure(entries: list[Entry]) -> set[tuple[str, str]]:
    names = {guid: name for name, guid in catalog.load().azure.roles.items()}
    return {
        (entry["inputs"]["principalId"], names[entry["inputs"]["roleDefinitionId"].rpartition("/")[2]])
        for entry in entries
        if is_azure(entry) and type_of(entry) == "authorization:RoleAssignment" and entry["name"].startswith("people-")
    }


@pytest.mark.parametrize("stack", ALL)
def test_a_stack_without_groups_has_no_roles_of_people(stack: str) -> None:
    assert not [entry["urn"] for entry in entries_of(stack) if entry["name"].startswith(("access", "people"))]


def test_each_group_may_sign_in_and_publishers_write_one_container() -> None:
    entries = with_access()
    assert roles_in_azure(entries) == {
        *((group, "aks_cluster_user") for group in (OPERATORS, PUBLISHERS, VIEWERS)),
        (PUBLISHERS, "storage_blob_data_contributor"),
    }
    (publish,) = [entry for entry in entries if entry["name"].startswith("people-grant-publish")]
    (container,) = [entry["urn"] for entry in entries if entry["type"].endswith(":BlobContainer")]
    assert publish["options"]["depends_on"] == [container]
    assert {entry["inputs"]["principalType"] for entry in entries if entry["name"].startswith("people-grant")} == {
        "Group"
    }


def test_a_group_with_two_roles_signs_in_once() -> None:
    entries = with_access(access={"operator": [OPERATORS], "model_publisher": [OPERATORS]})
    signing_in = [entry["name"] for entry in entries if entry["name"].startswith("people-grant-sign-in")]
    assert signing_in == [f"people-grant-sign-in-{OPERATORS}"]
    looking = [
        entry["inputs"]["subjects"] for entry in entries if entry["name"] == "access-binding-llm-platform-viewer-llm"
    ]
    assert [[subject["name"] for subject in subjects] for subjects in looking] == [[OPERATORS]]


def test_roles_are_bound_in_every_namespace_of_the_platform_and_in_no_other() -> None:
    entries = with_access()
    spaces = {entry["inputs"]["metadata"]["name"] for entry in entries if entry["inputs"].get("kind") == "Namespace"}
    bound: dict[str, set[str]] = {}
    for entry in entries:
        item = entry["inputs"]
        if entry["name"].startswith("access-binding") and item["kind"] == "RoleBinding":
            bound.setdefault(item["roleRef"]["name"], set()).add(item["metadata"]["namespace"])
    assert bound == {
        "llm-platform-viewer": spaces, "llm-platform-operator": spaces, "llm-platform-model-publisher": {"llm"},
    }  # fmt: skip
