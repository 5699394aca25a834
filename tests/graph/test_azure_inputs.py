"""What is sent to Azure: no null and nothing empty, except where an empty list says that something is to go."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.graph.stacks import ALL, Sections, entries_of, graph_of, is_azure

# Without the list the provider would keep the rules that the group has: a gateway that is no longer public would still
# be open (pulumi-azure-native, `maintainSubResourceIfUnset`).
EMPTY_ON_PURPOSE = {("azure-native:network:NetworkSecurityGroup", "securityRules")}


def nothing(value: Any, path: str = "") -> Iterator[str]:
    """Paths of nulls, empty strings, empty lists and empty mappings."""
    if value is None or value in ("", [], {}):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from nothing(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from nothing(item, f"{path}[{index}]")


def found_in(entries: Any) -> set[tuple[str, str]]:
    return {(entry["type"], path) for entry in entries if is_azure(entry) for path in nothing(entry["inputs"])}


def public(sections: Sections) -> None:
    sections["gateway"]["exposure"] = "public"


def without_tags(sections: Sections) -> None:
    sections["platform"].pop("tags", None)


def purge_protected(sections: Sections) -> None:
    sections.setdefault("security", {})["vault"] = {"purge_protection": True}


def without_zones(sections: Sections) -> None:
    sections["cluster"]["system_pool"].pop("zones", None)
    sections.get("network", {}).pop("nat_zones", None)
    for pool in sections["pools"]:
        pool.pop("zones", None)


def in_zones(sections: Sections) -> None:
    sections["cluster"]["system_pool"]["zones"] = ["1", "2"]
    sections.setdefault("network", {})["nat_zones"] = ["1"]


@pytest.mark.parametrize("stack", ALL)
def test_no_null_and_nothing_empty_is_sent_to_azure(stack: str) -> None:
    assert found_in(entries_of(stack)) - EMPTY_ON_PURPOSE == set()


@pytest.mark.parametrize("stack", ALL)
@pytest.mark.parametrize("change", [public, without_tags, purge_protected, without_zones, in_zones])
def test_nor_with_other_settings(stack: str, change: Callable[[Sections], None]) -> None:
    assert found_in(graph_of(stack, change).to_json()) - EMPTY_ON_PURPOSE == set()
