"""API keys of clients: revoked within a minute, two while one replaces the other, never put back by an update."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

import catalog
from components.cluster.gateway_specs import KEYS_SECRET
from config import Settings
from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of

LONGEST_SECONDS = 60
UNITS = {"s": 1, "m": 60, "h": 3600}


def keys_of(entries: Sequence[Entry]) -> dict[str, Any]:
    (found,) = [
        entry["inputs"]["spec"]
        for entry in entries
        if entry["inputs"].get("kind") == "ExternalSecret" and entry["inputs"]["metadata"]["name"] == KEYS_SECRET
    ]
    return found


def seconds(interval: str) -> int:
    match = re.fullmatch(r"(\d+)([smh])", interval)
    assert match is not None
    return int(match[1]) * UNITS[match[2]]


@pytest.mark.parametrize("stack", ALL)
def test_keys_are_read_from_the_vault_every_minute(stack: str) -> None:
    assert seconds(keys_of(entries_of(stack))["refreshInterval"]) <= LONGEST_SECONDS


@pytest.mark.parametrize("stack", ALL)
def test_the_vault_bears_the_most_clients_that_a_stack_may_have(stack: str) -> None:
    (most_clients,) = [
        rule.max_length for rule in Settings.model_fields["tenants"].metadata if hasattr(rule, "max_length")
    ]
    reads = most_clients * 2 * 10 / seconds(keys_of(entries_of(stack))["refreshInterval"])
    # A fifth at most: a restart of the operator reads all at once, and so do people.
    assert reads * 5 <= catalog.load().azure.key_vault.reads_per_10_seconds


def two_keys(sections: Sections) -> None:
    sections["tenants"][0] = {"name": "assistant", "key_secrets": ["key-assistant-2", "key-assistant"]}


def test_two_keys_of_a_client_have_names_of_their_own() -> None:
    """Of two keys with one name Envoy Gateway takes the first in silence: the new one would be refused with 401."""
    spec = keys_of(tuple(graph_of("prod", two_keys).to_json()))
    found = {item["secretKey"]: item["remoteRef"]["key"] for item in spec["data"]}
    assert found == {"assistant": "key-assistant-2", "assistant.2": "key-assistant", "search": "key-search"}
    assert spec["target"]["template"]["data"].keys() == found.keys()


def test_an_update_never_writes_a_first_secret_again() -> None:
    """With any change of a secret its value is sent along: the one that `up` first wrote, revoked or not."""
    secrets = {"key-assistant": "first"}
    entries: Any = graph_of("prod", secrets=secrets).to_json()
    (written,) = [entry for entry in entries if entry["type"].endswith("keyvault:Secret")]
    assert set(written["options"]["ignore_changes"]) == {"tags", "properties.contentType"}
    assert written["inputs"]["properties"]["contentType"] == "text/plain"
