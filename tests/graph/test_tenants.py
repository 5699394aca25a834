"""What tenants make of a stack: rules of routes, options of vLLM, the limits' rules, generated keys."""

import json
from typing import Any

import pytest

from components.cluster.tenant_script import tenant_script
from planning.deciding.tenants import COUNTERS
from planning.plan.endpoint import CLIENT_HEADER, COUNTED_HEADERS, LIMITS, MODEL_HEADER, TENANT_HEADER
from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, sections_of

PROD = "prod"


def entries(edit: Any, stack: str = PROD) -> list[Entry]:
    return list(graph_of(stack, edit).to_json())


def of(found: list[Entry], kind: str) -> dict[str, Any]:
    return {
        entry["inputs"]["metadata"]["name"]: entry["inputs"] for entry in found if entry["inputs"].get("kind") == kind
    }


def restricted(sections: Sections) -> None:
    sections["gateway"]["prefix_cache"] = "shared"
    sections["tenants"] = [
        {"name": "a", "models": ["chat"]},
        {"name": "b", "tags": ["thinking"], "priority": "low"},
        {"name": "c-d", "models": ["chat", "reasoning"]},
        {"name": "everything"},
    ]
    sections["models"][1]["tags"] = ["thinking"]


def sections_after(edit: Any) -> Sections:
    sections = sections_of(PROD)
    edit(sections)
    return sections


def test_a_model_has_rules_for_those_who_may_use_it_alone() -> None:
    routes = of(entries(restricted), "AIGatewayRoute")

    def callers(model: str) -> list[tuple[str, str | None]]:
        return [
            (
                header["value"],
                (rule["backendRefs"][0].get("bodyMutation") or {"set": [{"value": None}]})["set"][0]["value"],
            )
            for rule in routes[model]["spec"]["rules"]
            for match in rule["matches"]
            for header in match["headers"]
            if header["name"] == CLIENT_HEADER
        ]

    assert callers("chat") == [(r"(a|c-d|everything)(\.[0-9]+)?", None)]
    assert callers("large") == [(r"everything(\.[0-9]+)?", None)]
    # Where tenants differ in priority, each group has a rule that writes it.
    assert callers("reasoning") == [(r"(c-d|everything)(\.[0-9]+)?", "0"), (r"b(\.[0-9]+)?", "1")]
    for route in routes.values():
        for rule in route["spec"]["rules"]:
            assert all(any(header["name"] == MODEL_HEADER for header in match["headers"]) for match in rule["matches"])


def test_vllm_takes_requests_by_priority_where_tenants_differ() -> None:
    found = of(entries(restricted), "ConfigMap")
    ranked = {
        name.split("-")[0] for name, item in found.items() if 'scheduling-policy: "priority"' in str(item["data"])
    }
    assert ranked == {"reasoning"}


def test_a_model_that_nobody_may_use_has_no_route() -> None:
    def edit(sections: Sections) -> None:
        sections["tenants"] = [{"name": "a", "models": ["chat"]}]
        sections["gateway"].pop("prefix_cache")

    assert of(entries(edit), "AIGatewayRoute").keys() == {"chat"}


def limited(sections: Sections) -> None:
    sections["tenants"][0]["limits"] = {"requests_per_minute": 60, "tokens_per_month": {"input": 10, "output": 20}}


def test_limits_are_the_same_rules_for_every_tenant() -> None:
    found = entries(limited)
    policy = next(item for item in of(found, "BackendTrafficPolicy").values() if "global" in item["spec"]["rateLimit"])
    assert policy["spec"]["targetRefs"] == [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "llm"}]
    rules = policy["spec"]["rateLimit"]["global"]["rules"]
    names = [rule["limit"]["fromMetadata"]["key"] for rule in rules]
    # A rule's place is part of its name in Redis: new ones come last.
    assert names == [
        "requests-minute",
        *(f"{kind}-{window}" for window in ("minute", "month") for kind in ("input", "cached", "output")),
    ]
    for name, rule in zip(names, rules, strict=True):
        assert rule["shared"] is True
        assert rule["limit"]["fromMetadata"]["namespace"] == LIMITS
        assert rule["clientSelectors"] == [
            {
                "headers": [
                    {"name": TENANT_HEADER, "type": "Distinct"},
                    {"name": f"{COUNTED_HEADERS}{name}", "type": "Exact", "value": "1"},
                ]
            }
        ]
        assert ("cost" in rule) == (name != "requests-minute")


def scripts(found: list[Entry]) -> dict[str, Any]:
    """The script of each policy, with its data, by the policy's name."""
    return {name: policy["spec"]["lua"][0] for name, policy in of(found, "EnvoyExtensionPolicy").items()}


def test_the_script_knows_what_each_tenant_may_take() -> None:
    data = scripts(entries(limited))["llm"]["filterContext"]
    assert data["assistant"]["limits"] == {
        "requests-minute": 60,
        # A request that came before it takes the last token.
        "input-month": 9,
        "output-month": 19,
    }
    assert data["search"]["limits"] == {}
    # From a counter's name the script knows its window.
    assert all(counter.name.endswith(f"-{counter.unit.lower()}") for counter in COUNTERS)


def test_the_route_of_the_list_alone_knows_who_may_use_what() -> None:
    """Every match of a model's route has a copy of what the whole Gateway's policy says."""

    def edit(sections: Sections) -> None:
        restricted(sections)
        sections["tenants"].append({"name": "everything-too"})

    found = entries(edit)
    data = scripts(found)["llm.models"]["filterContext"]
    names = {tenant["name"] for tenant in sections_after(edit)["tenants"]}

    def listed(tenant: str) -> list[str]:
        return [model["id"] for model in json.loads(data[data[tenant]["models"]])["data"]]

    assert {name: listed(name) for name in names} == {
        "a": ["chat"], "b": ["reasoning"], "c-d": ["chat", "reasoning"],
        "everything": ["chat", "reasoning", "large"], "everything-too": ["chat", "reasoning", "large"],
    }  # fmt: skip
    # Tenants with the same models have one list.
    assert len(data) == len(names) + 4
    route = of(found, "HTTPRoute")["llm.models"]
    (target,) = of(found, "EnvoyExtensionPolicy")["llm.models"]["spec"]["targetRefs"]
    (rule,) = [rule for rule in route["spec"]["rules"] if rule["name"] == target["sectionName"]]
    assert (target["kind"], target["name"]) == ("HTTPRoute", route["metadata"]["name"])
    assert rule["matches"] == [{"path": {"type": "Exact", "value": "/v1/models"}}]
    assert "chat" not in json.dumps(scripts(found)["llm"]["filterContext"])


def test_vllm_says_which_tokens_it_had_where_a_limit_needs_it() -> None:
    texts = [json.dumps(item) for item in of(entries(limited), "ConfigMap").values()]
    assert len([text for text in texts if "enable-prompt-tokens-details: true" in text]) == 3


@pytest.mark.parametrize("stack", ALL)
def test_the_script_is_the_same_in_every_stack(stack: str) -> None:
    """A listener whose filters change ends its connections: only data of routes may differ."""
    found = scripts(list(entries_of(stack)))
    assert {name: script["inline"] for name, script in found.items()} == dict.fromkeys(
        ("llm", "llm.models"), tenant_script()
    )


@pytest.mark.parametrize("stack", ALL)
def test_without_limits_over_all_proxies_nothing_counts_them(stack: str) -> None:
    if any("limits" in tenant for tenant in sections_of(stack)["tenants"]):
        pytest.skip("this stack has such limits")
    policies = of(list(entries_of(stack)), "BackendTrafficPolicy").values()
    assert not [policy for policy in policies if "global" in policy["spec"]["rateLimit"]]


def test_each_generation_of_a_key_is_another_value() -> None:
    def edit(sections: Sections) -> None:
        sections["tenants"][0] = {"name": "assistant", "key_generations": [2, 1]}

    found = entries(edit)
    made = {entry["name"] for entry in found if entry["type"] == "random:index/randomPassword:RandomPassword"}
    assert made == {f"vault-generated-tenant-assistant-key-{generation}" for generation in (1, 2)}
    keys = of(found, "ExternalSecret")["gateway-api-keys"]["spec"]["data"]
    assert {item["secretKey"]: item["remoteRef"]["key"] for item in keys} == {
        "assistant": "tenant-assistant-key-2", "assistant.2": "tenant-assistant-key-1", "search": "key-search",
    }  # fmt: skip
    secrets = [entry for entry in found if entry["type"] == "azure-native:keyvault:Secret"]
    assert {entry["inputs"]["properties"]["value"] for entry in secrets} == {"[secret]"}
    # What the vault has stays, whatever is generated later.
    assert all("properties.value" in entry["options"]["ignore_changes"] for entry in secrets)
