"""Where the stack says so, no client's prompts are found in the cache by another, and no client can undo it."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.graph.stacks import Entry, Sections, entries_of, graph_of

_CLIENT, _MODEL = "x-llm-client", "x-ai-eg-model"
_ANY_KEY = r"(\.[0-9]+)?"
Rules = dict[str, list[dict[str, Any]]]


def rules(entries: list[Entry] | tuple[Entry, ...]) -> Rules:
    routes = [entry["inputs"] for entry in entries if entry["inputs"].get("kind") == "AIGatewayRoute"]
    return {route["metadata"]["name"]: route["spec"]["rules"] for route in routes}


def changed(change: Callable[[Sections], object]) -> list[Entry]:
    found: list[Any] = graph_of("prod", change).to_json()
    return found


def headers(match: dict[str, Any]) -> dict[str, str]:
    return {header["name"]: header["value"] for header in match["headers"]}


def salts(found: list[dict[str, Any]]) -> dict[str, str]:
    """The salt that each client's requests get, by the client."""
    given = {}
    for rule in found:
        (client,) = {headers(match)[_CLIENT].removesuffix(_ANY_KEY) for match in rule["matches"]}
        (backend,) = rule["backendRefs"]
        ((path, value),) = [(change["path"], change["value"]) for change in backend["bodyMutation"]["set"]]
        assert path == "cache_salt"
        given[client] = json.loads(value)
    return given


def test_every_client_of_every_model_has_a_salt_of_its_own() -> None:
    found = rules(entries_of("prod"))
    assert found
    for model, of_model in found.items():
        given = salts(of_model)
        assert given.keys() == {"assistant", "search"}
        assert len(set(given.values())) == len(given)
        assert all(headers(match)[_MODEL] == model for rule in of_model for match in rule["matches"])


def test_each_key_of_a_client_leads_to_its_one_rule_while_one_replaces_the_other() -> None:
    """Envoy matches a header's whole value (`safe_regex`); the name of a key is the client that the gateway sets."""

    def two_keys(sections: Sections) -> None:
        first = sections["tenants"][0]
        first["key_secrets"] = [f"{first['key_secret']}-2", first.pop("key_secret")]
        sections["tenants"][1]["name"] = f"{first['name']}-2"

    entries = changed(two_keys)
    (keys,) = [
        entry["inputs"]["spec"]["data"]
        for entry in entries
        if entry["inputs"].get("kind") == "ExternalSecret" and entry["name"] == "gateway-api-keys"
    ]
    names = {key["secretKey"] for key in keys}
    assert names == {"assistant", "assistant.2", "assistant-2"}
    for of_model in rules(entries).values():
        for name in names:
            matching = {
                json.dumps(rule["backendRefs"])
                for rule in of_model
                for match in rule["matches"]
                if re.fullmatch(headers(match)[_CLIENT], name)
            }
            assert len(matching) == 1, name


def test_the_client_is_the_one_that_the_key_says() -> None:
    by_kind = {
        entry["inputs"].get("kind"): entry["inputs"]["spec"]
        for entry in entries_of("prod")
        if "spec" in entry["inputs"]
    }
    assert by_kind["SecurityPolicy"]["apiKeyAuth"]["forwardClientIDHeader"] == _CLIENT
    assert _CLIENT in by_kind["ClientTrafficPolicy"]["headers"]["earlyRequestHeaders"]["remove"]


def test_a_name_that_is_a_value_of_json_is_a_text_all_the_same() -> None:
    """vLLM refuses a salt that is not a string, and the AI gateway writes `true` without quotes as a switch."""

    def rename(sections: Sections) -> None:
        sections["tenants"][0]["name"] = "true"

    assert salts(rules(changed(rename))["chat"]).keys() == {"true", "search"}


@pytest.mark.parametrize("case", ["shared", "one client", "no cache"])
def test_otherwise_a_model_has_one_rule_that_changes_nothing(case: str) -> None:
    def change(sections: Sections) -> None:
        if case == "shared":
            sections["gateway"]["prefix_cache"] = "shared"
        elif case == "one client":
            del sections["tenants"][1:]
        else:
            sections["models"][0]["engine"]["args"]["enable-prefix-caching"] = False

    (rule,) = rules(changed(change))["chat"]
    assert rule["backendRefs"] == [{"name": "chat"}]
    assert [headers(match) for match in rule["matches"]] == [{_MODEL: "chat"}]
