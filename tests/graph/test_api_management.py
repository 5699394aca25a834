"""API Management in front of the gateway: what Azure gets, what its policy says, and that neither holds a secret."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

import catalog
from simulators.azure.arm_schema import ArmSchema
from simulators.provider_protocol.wire import UNKNOWN
from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, is_azure, sections_of
from tests.graph.test_graph import type_of
from tests.repository import ROOT

APPLICATION: Final = "00000000-0000-4000-8000-0000000000d1"
SERVICE: Final = {
    "sku": "Premium", "publisher_name": 'Acme & "Sons" <llm>', "publisher_email": "platform@acme.example",
    "subnet": "10.30.67.0/27",
}  # fmt: skip
LIMITS: Final = {
    "tokens_per_minute": {"input": 90_000, "output": 10_000},
    "tokens_per_month": {"input": 5_000_000, "cached": 1_000_000, "output": 500_000},
}
KEY_PARAMETER: Final = "subscription-key"


def front(stack: str = "prod", *, limits: dict[str, Any] = LIMITS, **more: Any) -> list[Entry]:
    def edit(sections: Sections) -> None:
        space = sections.get("network", {}).get("address_space", "10.20.0.0/16")
        subnet = f"{space.rsplit('.', 2)[0]}.67.0/27"
        sections["gateway"]["api_management"] = {**SERVICE, "subnet": subnet, **more}
        sections["tenants"][0]["limits"] = dict(limits)

    return graph_of(stack, edit).to_json()


@cache
def _shown() -> tuple[Entry, ...]:
    tenant = sections_of("prod")["tenants"][0]["name"]
    return tuple(
        front(entra={"audience": "api://acme & co", "applications": [{"tenant": tenant, "client_ids": [APPLICATION]}]})
    )


def the(entries: Any, type_: str) -> Entry:
    (found,) = [entry for entry in entries if is_azure(entry) and type_of(entry) == type_]
    return found


def policy_of(entries: Any) -> ET.Element:
    return ET.fromstring(the(entries, "apimanagement:ApiPolicy")["inputs"]["value"])  # noqa: S314 - the program's own text


def rules_for(policy: ET.Element, tenant: str) -> ET.Element:
    (found,) = [
        when for when in policy.findall("./inbound/choose/when")
        if when.get("condition") == f'@(context.Product?.Id == "{tenant}")'
    ]  # fmt: skip
    return found


def _with_unknowns(value: Any) -> Any:
    """The inputs as the provider gets them: what the graph doesn't know yet is passed over."""
    if isinstance(value, dict):
        return {key: _with_unknowns(item) for key, item in value.items()}
    return UNKNOWN if value == "[unknown]" else value


@pytest.mark.parametrize("stack", ALL)
def test_without_it_nothing_of_it_is_there(stack: str) -> None:
    if "api_management" in sections_of(stack)["gateway"]:
        pytest.skip("this stack has the section")
    assert not [entry["urn"] for entry in entries_of(stack) if "apimanagement" in entry["type"]]
    subnets = {entry["name"] for entry in entries_of(stack) if entry["type"].endswith(":Subnet")}
    assert "network-subnet-api-management" not in subnets


@pytest.mark.parametrize(
    ("sku", "exposure"), [("Premium", "internal"), ("Developer", "public"), ("StandardV2", "public")]
)
def test_azure_accepts_every_resource(sku: str, exposure: str, arm: Path) -> None:
    entries = front(sku=sku, exposure=exposure)
    own = [entry for entry in entries if "apimanagement" in entry["type"]]
    objections = [
        (entry["name"], problem)
        for entry in own
        # The published type is that of another resource, apiLinks; the SDK writes products/apis, which has no body.
        if type_of(entry) != "apimanagement:ProductApi"
        for problem in ArmSchema.load(arm, type_of(entry)).check(_with_unknowns(entry["inputs"]))
    ]
    assert objections == []
    assert len(own) > 10


def test_a_tenant_is_a_product_with_one_subscription_and_its_own_key() -> None:
    entries = _shown()
    tenants = [tenant["name"] for tenant in sections_of("prod")["tenants"]]
    for kind, part in (("Product", "productId"), ("Subscription", "sid")):
        found = [entry["inputs"][part] for entry in entries if entry["type"].endswith(f"apimanagement:{kind}")]
        assert sorted(found) == sorted(tenants)
    keys = {
        entry["inputs"]["namedValueId"]: entry["inputs"]
        for entry in entries
        if entry["type"].endswith("apimanagement:NamedValue")
    }
    assert sorted(keys) == sorted(f"key-of-{tenant}" for tenant in tenants)
    for named in keys.values():
        assert named["secret"] is True
        assert "value" not in named
        # Without a version: the service goes over to a new one.
        assert re.fullmatch(
            r"https://[a-z0-9-]+\.vault\.azure\.net/secrets/[a-zA-Z0-9-]+", named["keyVault"]["secretIdentifier"]
        )


def test_it_reads_the_secrets_of_tenants_and_no_others() -> None:
    entries = _shown()
    grants = [entry for entry in entries if entry["name"].startswith("api-management-grant")]
    secrets = {
        name
        for tenant in sections_of("prod")["tenants"]
        for name in [tenant.get("key_secret") or tenant["key_secrets"][0]]
    }
    assert {entry["name"].removeprefix("api-management-grant-secret-") for entry in grants} == secrets
    role = catalog.load().azure.roles["key_vault_secrets_user"]
    assert {entry["inputs"]["roleDefinitionId"].rpartition("/")[2] for entry in grants} == {role}


def test_the_policy_streams_and_hands_on_only_the_tenants_own_key() -> None:
    policy = policy_of(_shown())
    (forward,) = policy.findall("./backend/forward-request")
    assert forward.get("buffer-response") == "false"
    assert int(str(forward.get("timeout"))) <= 240
    inbound = policy.find("inbound")
    assert inbound is not None
    removed = [
        header.get("name") for header in inbound.findall("set-header") if header.get("exists-action") == "delete"
    ]
    assert {"x-llm-client", "x-ai-eg-model", "api-key"} <= set(removed)
    for tenant in (tenant["name"] for tenant in sections_of("prod")["tenants"]):
        (key,) = rules_for(policy, tenant).findall("./set-header[@name='Authorization']")
        assert (key.get("exists-action"), key.findtext("value")) == ("override", f"Bearer {{{{key-of-{tenant}}}}}")
    # Whoever is no tenant is refused, and so is a key in the address.
    (status,) = policy.findall("./inbound/choose/otherwise/return-response/set-status")
    assert status.get("code") == "403"
    assert KEY_PARAMETER in str(policy.findall("./inbound/choose/when")[0].get("condition"))
    assert policy.findall("./inbound/choose/when")[0].find("return-response") is not None


def test_tokens_of_entra_are_checked_for_the_tenants_that_ask_for_them() -> None:
    policy, (first, *others) = policy_of(_shown()), [tenant["name"] for tenant in sections_of("prod")["tenants"]]
    token = rules_for(policy, first).find("validate-azure-ad-token")
    assert token is not None
    assert token.get("tenant-id") == sections_of("prod")["platform"]["tenant_id"]
    assert [item.text for item in token.findall("./client-application-ids/application-id")] == [APPLICATION]
    assert [item.text for item in token.findall("./audiences/audience")] == ["api://acme & co"]
    # Before the header is replaced by the key.
    children = [child.tag for child in rules_for(policy, first)]
    assert children.index("validate-azure-ad-token") < children.index("set-header")
    assert all(rules_for(policy, name).find("validate-azure-ad-token") is None for name in others)


@pytest.mark.parametrize(
    "limits",
    [
        LIMITS,
        {"tokens_per_minute": {"input": 90_000, "output": 10_000}},
        {"tokens_per_month": {"input": 1, "cached": 1, "output": 1}},
        {"tokens_per_minute": {"output": 10_000}, "requests_per_minute": 1},
    ],
)
def test_the_gateways_limits_are_left_to_the_gateway(limits: dict[str, Any]) -> None:
    """API Management has other windows and one count for all kinds: it would refuse what the gateway lets through."""
    assert policy_of(front(limits=limits)).find(".//llm-token-limit") is None


def test_a_limit_of_its_own_holds_for_its_tenant_alone() -> None:
    first, *others = (tenant["name"] for tenant in sections_of("prod")["tenants"])
    stated = {"tenant": first, "tokens_per_minute": 400_000, "tokens_per_month": 26_000_000}
    policy = policy_of(front(token_limits=[stated]))
    limit = rules_for(policy, first).find("llm-token-limit")
    assert limit is not None
    assert dict(limit.attrib) == {
        "counter-key": "@(context.Subscription.Id)", "tokens-per-minute": "400000", "token-quota": "26000000",
        "token-quota-period": "Monthly", "estimate-prompt-tokens": "false",
    }  # fmt: skip
    assert all(rules_for(policy, name).find("llm-token-limit") is None for name in others)


def test_nobody_has_a_key_before_the_policy_and_the_records_are_there() -> None:
    entries = _shown()
    policy = the(entries, "apimanagement:ApiPolicy")
    recorded = [entry["urn"] for entry in entries if entry["name"] == "api-management-recorded"]
    assert recorded
    assert set(recorded) <= set(policy["options"]["depends_on"])
    for link in (entry for entry in entries if entry["type"].endswith("apimanagement:ProductApi")):
        assert policy["urn"] in link["options"]["depends_on"]
    for subscription in (entry for entry in entries if entry["type"].endswith("apimanagement:Subscription")):
        assert any("ProductApi" in urn for urn in subscription["options"]["depends_on"])
        assert subscription["inputs"]["allowTracing"] is False


@pytest.mark.parametrize(
    ("sku", "exposure", "ports", "callers"),
    [
        ("Premium", "internal", {"443", "3443", "6390"}, "VirtualNetwork"),
        ("Premium", "public", {"443", "3443", "6390"}, "Internet"),
        ("StandardV2", "public", set(), None),
    ],
)
def test_its_subnet_lets_in_what_the_tier_needs(sku: str, exposure: str, ports: set[str], callers: str | None) -> None:
    entries = front(sku=sku, exposure=exposure)
    (group,) = [entry["inputs"] for entry in entries if entry["name"] == "network-rules-api-management"]
    (subnet,) = [entry["inputs"] for entry in entries if entry["name"] == "network-subnet-api-management"]
    allowed = {rule["destinationPortRange"]: rule for rule in group["securityRules"] if rule["access"] == "Allow"}
    assert set(allowed) == ports
    assert allowed.get("443", {}).get("sourceAddressPrefix") == callers
    assert group["securityRules"][-1]["access"] == "Deny"
    delegated = [item["serviceName"] for item in subnet.get("delegations", ())]
    assert delegated == ([] if ports else ["Microsoft.Web/serverFarms"])
    service = the(entries, "apimanagement:ApiManagementService")["inputs"]
    assert service["virtualNetworkType"] == ("Internal" if exposure == "internal" else "External")


def test_subnets_that_are_there_keep_their_order() -> None:
    """Each waits for the one before it: a new one in between would hold up the others."""
    before = [entry["name"] for entry in entries_of("prod") if entry["type"].endswith(":Subnet")]
    entries = {entry["name"]: entry for entry in _shown() if entry["type"].endswith(":Subnet")}
    for name in before:
        (same,) = [entry for entry in entries_of("prod") if entry["name"] == name]
        assert same["options"]["depends_on"] == entries[name]["options"]["depends_on"]


def test_the_policy_is_the_same_text_each_time() -> None:
    tenant = sections_of("prod")["tenants"][0]["name"]
    again = front(
        entra={"audience": "api://acme & co", "applications": [{"tenant": tenant, "client_ids": [APPLICATION]}]}
    )
    assert the(again, "apimanagement:ApiPolicy") == the(_shown(), "apimanagement:ApiPolicy")


def test_policies_are_described_on_a_page() -> None:
    page = (ROOT / "docs" / "api-management.md").read_text(encoding="utf-8")
    for element in ("llm-token-limit", "validate-azure-ad-token", "forward-request"):
        assert f"`{element}`" in page
