"""Tokens of Entra in the graph: a listener of their own, one way to their keys, and no key for who has none."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import catalog
import config
from components.cluster.tenant_script import tenant_script
from planning.plan.endpoint import SIGNED_IN_HEADER
from planning.planner import decide
from preview.describe import DESCRIPTIONS
from tests.graph.crd_schema import kinds
from tests.graph.stacks import ALL, ROOT, Entry, Sections, entries_of, graph_of, sections_of
from tests.stack_safety import safe

_CRDS = Path(os.environ.get("REFERENCE_DIR") or ROOT.parent / "shared") / "crds"
_CUSTOM = ("aigateway.envoyproxy.io", "gateway.envoyproxy.io", "gateway.networking.k8s.io", "cilium.io")
AUDIENCE, GROUP, APPLICATION = (f"00000000-0000-4000-8000-0000000000e{number}" for number in "123")
_HOST = "login.microsoftonline.com"
_PROVIDER = {
    "azure_openai": {"endpoint": "https://acme.openai.azure.com", "deployment": "gpt", "api_version": "2024-10-21"},
    "key_secret": "key-provider",
}  # fmt: skip


def mixed(sections: Sections) -> None:
    sections["gateway"]["entra"] = {"audience": AUDIENCE}
    sections["tenants"][0]["entra"] = {"groups": [GROUP], "roles": ["Models.A"]}
    sections["tenants"].append({"name": "robot", "api_keys": False, "entra": {"applications": [APPLICATION]}})
    sections["gateway"]["prefix_cache"] = "shared"


def keyless(sections: Sections) -> None:
    sections["gateway"]["entra"] = {"audience": AUDIENCE}
    sections["gateway"].pop("prefix_cache", None)
    sections["tenants"] = [{"name": "robot", "api_keys": False, "entra": {"applications": [APPLICATION]}}]


def keyless_signed(sections: Sections) -> None:
    """Nothing of the vault is read for the gateway."""
    keyless(sections)
    sections["gateway"].pop("certificate")
    sections["gateway"]["tls"] = {
        "issuer": "acme", "email": "ops@acme.example", "dns_zone": "acme.example", "zone_resource_group": "rg-dns",
    }  # fmt: skip


def by_name(sections: Sections) -> None:
    mixed(sections)
    sections["network"] = {**sections.get("network", {}), "egress": "fqdn"}


def redirected(sections: Sections) -> None:
    mixed(sections)
    sections["gateway"]["http_redirect"] = True


def judged(sections: Sections) -> None:
    mixed(sections)
    safe(sections)


@cache
def _graph(change: Callable[[Sections], None], stack: str = "prod") -> tuple[Entry, ...]:
    return tuple(graph_of(stack, change).to_json())


def _objects(change: Callable[[Sections], None], kind: str) -> dict[str, Any]:
    return {
        entry["inputs"]["metadata"]["name"]: entry["inputs"]["spec"]
        for entry in _graph(change)
        if entry["inputs"].get("kind") == kind and "spec" in entry["inputs"]
    }


def _sections(spec: dict[str, Any]) -> list[str | None]:
    return [target.get("sectionName") for target in spec["targetRefs"]]


@pytest.mark.parametrize("change", [mixed, keyless, keyless_signed, by_name, redirected, judged])
def test_every_object_is_as_its_definition_says(change: Callable[[Sections], None]) -> None:
    known, problems = kinds(_CRDS), []
    for entry in _graph(change):
        manifest = entry["inputs"]
        if str(manifest.get("apiVersion", "")).rpartition("/")[0] in _CUSTOM:
            problems += known[manifest["apiVersion"], manifest["kind"]].problems(manifest)
    assert problems == []


@pytest.mark.parametrize("change", [mixed, redirected])
def test_a_key_and_a_token_are_each_required_at_one_listener(change: Callable[[Sections], None]) -> None:
    policies = _objects(change, "SecurityPolicy")
    assert {name: _sections(spec) for name, spec in policies.items()} == {"llm": ["https"], "llm-tokens": ["tokens"]}
    # A request would need both.
    assert {name: {"jwt", "apiKeyAuth"} & spec.keys() for name, spec in policies.items()} == {
        "llm": {"apiKeyAuth"},
        "llm-tokens": {"jwt"},
    }
    (gateway,) = _objects(change, "Gateway").values()
    listeners = {item["name"]: item for item in gateway["listeners"]}
    assert {name: item["port"] for name, item in listeners.items() if name != "http"} == {"https": 443, "tokens": 8443}
    apart = ("name", "port")
    keys, tokens = ({key: value for key, value in listeners[name].items() if key not in apart}
                    for name in ("https", "tokens"))  # fmt: skip
    assert keys == tokens


def test_tokens_are_those_of_the_platform_s_directory_and_are_read_in_one_place() -> None:
    (provider,) = _objects(mixed, "SecurityPolicy")["llm-tokens"]["jwt"]["providers"]
    directory = "00000000-0000-4000-8000-000000000001"
    assert provider["issuer"] == f"https://{_HOST}/{directory}/v2.0"
    assert provider["audiences"] == [AUDIENCE]
    assert provider["remoteJWKS"]["uri"] == f"https://{_HOST}/{directory}/discovery/v2.0/keys"
    assert provider["extractFrom"] == {"headers": [{"name": "Authorization", "valuePrefix": "Bearer "}]}
    # Without a Backend, which names the certificate's owner, anybody's certificate would do.
    (reference,) = provider["remoteJWKS"]["backendRefs"]
    assert (reference["kind"], reference["name"]) == ("Backend", "llm-tokens")
    assert _objects(mixed, "Backend")["llm-tokens"] == {
        "endpoints": [{"fqdn": {"hostname": _HOST, "port": 443}}],
        "tls": {"wellKnownCACertificates": "System", "sni": _HOST},
    }


def test_only_whom_the_script_has_let_in_gets_in() -> None:
    (rule,) = _objects(mixed, "SecurityPolicy")["llm-tokens"]["authorization"]["rules"]
    assert rule["principal"] == {"headers": [{"name": SIGNED_IN_HEADER, "values": ["tokens"]}]}
    removed = _objects(mixed, "ClientTrafficPolicy")["llm"]["headers"]["earlyRequestHeaders"]["removeOnMatch"]
    assert any(SIGNED_IN_HEADER.startswith(match["value"]) for match in removed)


@pytest.mark.parametrize(
    ("policy", "sections"), [("llm", ["https", "tokens"]), ("llm.models", ["list"])], ids=["models", "list of models"]
)
@pytest.mark.parametrize("change", [mixed, judged])
def test_one_script_has_keys_and_tokens(change: Callable[[Sections], None], policy: str, sections: list[str]) -> None:
    spec = _objects(change, "EnvoyExtensionPolicy")[policy]
    assert _sections(spec) == sections
    (script,) = spec["lua"]
    # Data of the routes: a listener whose filters change ends its connections.
    assert script["inline"] == tenant_script(tokens=True)
    assert tenant_script(tokens=True).count(tenant_script().split("\n\n", 1)[1]) == 1
    assert {key: value for key, value in script["filterContext"].items() if ":" in key} == {
        f"groups:{GROUP}": {"tenant": "assistant", "place": 0},
        "roles:Models.A": {"tenant": "assistant", "place": 0},
        f"azp:{APPLICATION}": {"tenant": "robot", "place": 2},
    }


def test_no_model_and_no_provider_gets_a_token() -> None:
    def change(sections: Sections) -> None:
        mixed(sections)
        sections["models"][0]["fallback"] = _PROVIDER

    backends = _objects(change, "AIServiceBackend")
    assert len(backends) > 1
    for spec in backends.values():
        assert "authorization" in spec["headerMutation"]["remove"]


def test_a_tenant_without_a_key_has_none_anywhere() -> None:
    found = _graph(mixed)
    assert not [entry["urn"] for entry in found if "tenant-robot-key" in str(entry)]
    routes = _objects(mixed, "AIGatewayRoute")
    assert all(rule["matches"] for route in routes.values() for rule in route["rules"])


@pytest.mark.parametrize("change", [keyless, keyless_signed])
def test_where_nobody_has_a_key_443_takes_tokens_and_there_is_no_other_listener(
    change: Callable[[Sections], None],
) -> None:
    (gateway,) = _objects(change, "Gateway").values()
    assert [(item["name"], item["port"]) for item in gateway["listeners"]] == [("https", 443)]
    policies = _objects(change, "SecurityPolicy")
    assert {name: _sections(spec) for name, spec in policies.items()} == {"llm-tokens": ["https"]}
    assert "jwt" in policies["llm-tokens"]
    assert _sections(_objects(change, "EnvoyExtensionPolicy")["llm"]) == ["https"]
    assert "gateway-api-keys" not in _objects(change, "ExternalSecret")
    assert "ingress" not in _objects(change, "NetworkPolicy")["proxies-tokens"]


def test_no_listener_is_there_before_what_guards_it() -> None:
    found = _graph(mixed)
    (gateway,) = [entry for entry in found if entry["inputs"].get("kind") == "Gateway"]
    guards = {entry["urn"] for entry in found if entry["inputs"].get("kind") in
              ("SecurityPolicy", "EnvoyExtensionPolicy", "ClientTrafficPolicy")}  # fmt: skip
    entries = {entry["urn"]: entry for entry in found}
    waited, todo = set(), [gateway["urn"]]
    while todo:
        for needed in entries[todo.pop()]["options"]["depends_on"]:
            if needed not in waited:
                waited.add(needed)
                todo.append(needed)
    assert guards <= waited


def test_the_proxies_reach_the_directory_and_nothing_else_outside() -> None:
    spec = _objects(mixed, "NetworkPolicy")["proxies-tokens"]
    assert {peer["ipBlock"]["cidr"] for rule in spec["egress"] for peer in rule["to"]} == {
        "20.20.32.0/19", "20.190.128.0/18", "20.231.128.0/19", "40.126.0.0/18",
    }  # fmt: skip
    assert {port["port"] for rule in spec["egress"] for port in rule["ports"]} == {443}
    assert spec["ingress"] == [{"ports": [{"protocol": "TCP", "port": 8443}]}]
    assert not [peer for rule in _objects(mixed, "NetworkPolicy")["proxies"]["egress"] for peer in rule["to"]
                if "ipBlock" in peer]  # fmt: skip


def test_by_name_they_reach_its_host_alone() -> None:
    assert "egress" not in _objects(by_name, "NetworkPolicy")["proxies-tokens"]
    named = _objects(by_name, "CiliumNetworkPolicy")["proxies"]
    assert [rule["toFQDNs"] for rule in named["egress"] if "toFQDNs" in rule] == [[{"matchName": _HOST}]]


@pytest.mark.parametrize("stack", ALL)
def test_nothing_takes_tokens_unless_a_stack_asks(stack: str) -> None:
    found = str(entries_of(stack))
    assert "remoteJWKS" not in found
    assert SIGNED_IN_HEADER not in found


def publicly(sections: Sections) -> None:
    mixed(sections)
    sections["gateway"] |= {"exposure": "public", "http_redirect": True}


def inside_with_redirect(sections: Sections) -> None:
    mixed(sections)
    sections["gateway"]["http_redirect"] = True


@pytest.mark.parametrize(
    ("change", "group", "source"),
    [(publicly, "network-rules-nodes", "Internet"), (inside_with_redirect, "network-rules-gateway", "VirtualNetwork")],
)
@pytest.mark.parametrize("redirects", [True, False])
def test_whatever_listens_is_let_in_by_the_network(
    change: Callable[[Sections], None], group: str, source: str, redirects: bool
) -> None:
    def changed(sections: Sections) -> None:
        change(sections)
        sections["gateway"]["http_redirect"] = redirects

    (gateway,) = _objects(changed, "Gateway").values()
    ports = {str(listener["port"]) for listener in gateway["listeners"]}
    assert ports == {"443", "8443", *(["80"] if redirects else [])}
    (rules,) = [entry["inputs"]["securityRules"] for entry in _graph(changed) if entry["name"] == group]
    opened = {rule["destinationPortRange"] for rule in rules if rule["access"] == "Allow" and
              rule["sourceAddressPrefix"] == source}  # fmt: skip
    assert ports <= opened
    assert len({rule["priority"] for rule in rules if rule["direction"] == "Inbound"}) == len(rules)


def test_two_listeners_share_the_memory_for_connections() -> None:
    def connections(change: Callable[[Sections], None]) -> int:
        return _objects(change, "ClientTrafficPolicy")["llm"]["connection"]["connectionLimit"]["value"]

    assert connections(mixed) * 2 <= connections(keyless)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (mixed, "tokens from login.microsoftonline.com on 8443, for 2 tenants; API keys on 443"),
        (keyless, "tokens from login.microsoftonline.com on 443, for 1 tenant; no API keys"),
    ],
)
def test_the_preview_says_where_tokens_are_taken(change: Callable[[Sections], None], line: str) -> None:
    sections = sections_of("prod")
    change(sections)
    plan = decide(config.load(sections), catalog.load())
    assert line in [leaf.text for leaf in DESCRIPTIONS["Gateway"].leaves(plan, {})]
