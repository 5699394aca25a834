"""A managed model behind one of our models: what the gateway knows of it, whose requests stay, and who may reach it."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.graph.crd_schema import kinds
from tests.graph.stacks import ALL, ROOT, Entry, Sections, entries_of, graph_of, sections_of

_CRDS = Path(os.environ.get("REFERENCE_DIR") or ROOT.parent / "shared") / "crds"
_HOST, _NAME = "api.provider.example", "chat-fallback"
_URL = {"url": f"https://{_HOST}/compatible/v1", "model": "big", "key_secret": "key-provider"}
_AZURE = {
    "azure_openai": {
        "endpoint": "https://acme.openai.azure.com", "deployment": "gpt-5-mini", "api_version": "2024-10-21",
    },
    "key_secret": "key-provider",
}  # fmt: skip
_CUSTOM = ("aigateway.envoyproxy.io", "gateway.envoyproxy.io", "gateway.networking.k8s.io", "cilium.io")


@cache
def _graph(kind: str) -> tuple[Entry, ...]:
    def change(sections: Sections) -> None:
        settings = {"url": _URL, "azure": _AZURE, "share": {**_URL, "mode": "share", "share": 20}}
        sections["models"][0]["fallback"] = settings.get(kind, _URL)
        if kind == "fqdn":
            sections["network"] = {**sections.get("network", {}), "egress": "fqdn"}
        if kind in {"kept", "two"}:
            kept = {"name": "hospital", "key_secret": "key-hospital", "data_residency": "cluster"}
            sections["tenants"] = [kept, *(sections["tenants"] if kind == "two" else [])]
        if kind == "apart":
            sections["tenants"].append({"name": "second", "key_secret": "key-second"})
            sections["gateway"]["prefix_cache"] = "per-client"

    return tuple(graph_of("dev", change).to_json())


def _objects(kind: str, of: str, name: str | None = None) -> list[Any]:
    return [
        entry["inputs"]
        for entry in _graph(kind)
        if entry["inputs"].get("kind") == of and name in {None, entry["inputs"]["metadata"]["name"]}
    ]


def _one(kind: str, of: str, name: str | None = None) -> Any:
    (found,) = _objects(kind, of, name)
    return found


def _rules(kind: str) -> list[Any]:
    return _one(kind, "AIGatewayRoute", "chat")["spec"]["rules"]


@pytest.mark.parametrize("kind", ["url", "azure", "share", "fqdn", "kept", "two"])
def test_objects_are_valid_by_the_real_definitions(kind: str) -> None:
    known, problems = kinds(_CRDS), []
    for entry in _graph(kind):
        manifest = entry["inputs"]
        if str(manifest.get("apiVersion", "")).partition("/")[0] in _CUSTOM:
            problems += [
                f"{entry['name']} {problem}"
                for problem in known[manifest["apiVersion"], manifest["kind"]].problems(manifest)
            ]
    assert problems == []


def test_on_failure_the_provider_is_the_second_priority_and_each_is_tried_once() -> None:
    (rule,) = _rules("url")
    own, provider = rule["backendRefs"]
    assert (own["name"], own["priority"]) == ("chat", 0)
    assert (provider["name"], provider["priority"], provider["modelNameOverride"]) == (_NAME, 1, "big")
    retry = _one("url", "BackendTrafficPolicy", "chat")["spec"]["retry"]
    assert (retry["numRetries"], retry["numAttemptsPerPriority"]) == (1, 1)
    assert "retriable-status-codes" in retry["retryOn"]["triggers"]
    # A 4xx is the client's own mistake.
    assert retry["retryOn"]["httpStatusCodes"] == [500, 502, 503, 504]


def test_by_share_the_weights_say_it_and_failures_stay_failures() -> None:
    (rule,) = _rules("share")
    assert [(ref["name"], ref["weight"]) for ref in rule["backendRefs"]] == [("chat", 80), (_NAME, 20)]
    assert not [ref for ref in rule["backendRefs"] if "priority" in ref]
    retry = _one("share", "BackendTrafficPolicy", "chat")["spec"]["retry"]
    assert "httpStatusCodes" not in retry["retryOn"]
    assert "numAttemptsPerPriority" not in retry


def test_other_models_are_as_before() -> None:
    before = {entry["urn"]: entry for entry in entries_of("dev")}
    changed = {entry["name"] for entry in _graph("url") if before.get(entry["urn"]) != entry}
    assert not [name for name in changed if name.startswith("model-embed")]


def test_requests_of_tenants_that_stay_never_have_the_provider_behind_them() -> None:
    for kind in ("kept", "two"):
        for rule in _rules(kind):
            tenants = [
                header["value"]
                for match in rule["matches"]
                for header in match["headers"]
                if header["name"] == "x-llm-client"
            ]
            leaves = len(rule["backendRefs"]) > 1
            assert not (leaves and any("hospital" in value for value in tenants)), rule["name"]
            # A rule that leads out names whom it is for, where anybody must stay.
            assert not leaves or all(len(match["headers"]) > 1 for match in rule["matches"]), rule["name"]
    assert [len(rule["backendRefs"]) for rule in _rules("kept")] == [1]
    assert sorted(len(rule["backendRefs"]) for rule in _rules("two")) == [1, 2]


@pytest.mark.parametrize(
    ("kind", "host", "schema", "policy"),
    [
        ("url", _HOST, {"name": "OpenAI", "prefix": "/compatible/v1"}, ("APIKey", "apiKey")),
        (
            "azure", "acme.openai.azure.com", {"name": "AzureOpenAI", "version": "2024-10-21"},
            ("AzureAPIKey", "azureAPIKey"),
        ),
    ],
)  # fmt: skip
def test_the_gateway_knows_host_api_and_key(kind: str, host: str, schema: Any, policy: tuple[str, str]) -> None:
    backend, address = _one(kind, "AIServiceBackend", _NAME)["spec"], _one(kind, "Backend", _NAME)["spec"]
    assert backend["schema"] == schema
    assert backend["backendRef"]["name"] == _NAME
    assert address["endpoints"] == [{"fqdn": {"hostname": host, "port": 443}}]
    # The certificate is checked, against the host's own name; taken from the endpoint it would split the cluster.
    assert address["tls"] == {"wellKnownCACertificates": "System", "sni": host}
    signs_in = _one(kind, "BackendSecurityPolicy", _NAME)["spec"]
    assert signs_in["type"] == policy[0]
    assert signs_in[policy[1]] == {"secretRef": {"name": _NAME}}
    assert [ref["name"] for ref in signs_in["targetRefs"]] == [_NAME]


def test_the_deployment_is_the_name_that_azure_gets() -> None:
    (rule,) = _rules("azure")
    assert rule["backendRefs"][1]["modelNameOverride"] == "gpt-5-mini"


def test_the_key_comes_from_the_vault_by_the_models_own_store() -> None:
    external = _one("url", "ExternalSecret", _NAME)
    assert external["metadata"]["namespace"] == "llm"
    assert [(data["secretKey"], data["remoteRef"]["key"]) for data in external["spec"]["data"]] == [
        ("apiKey", "key-provider")
    ]
    roles = [entry["name"] for entry in _graph("url") if entry["type"].endswith(":RoleAssignment")]
    assert "secrets-llm-reader-grant-secret-key-provider" in roles


def test_a_route_waits_for_everything_that_it_leads_to() -> None:
    (route,) = [entry for entry in _graph("url") if entry["name"] == "model-chat-route-rule"]
    waits = {urn.rpartition("::")[2] for urn in route["options"]["depends_on"]}
    assert {f"model-chat-route-fallback-{part}" for part in ("key", "address", "backend", "sign-in")} <= waits


def test_the_provider_learns_neither_tenant_nor_address() -> None:
    removed = _one("url", "AIServiceBackend", _NAME)["spec"]["headerMutation"]["remove"]
    assert {"x-llm-client", "x-llm-tenant", "x-llm-counts-output-month", "x-forwarded-for"} <= set(removed)
    assert len(removed) <= 16


def test_what_is_written_into_bodies_is_for_our_own_pods() -> None:
    """Other APIs refuse a request with `cache_salt` or `priority`."""
    own, provider = _rules("apart")[0]["backendRefs"]
    assert [change["path"] for change in own["bodyMutation"]["set"]] == ["cache_salt"]
    assert "bodyMutation" not in provider


def test_the_proxies_reach_the_host_by_name_or_the_internet_alone() -> None:
    def opened(kind: str) -> list[Any]:
        policy = _one(kind, "NetworkPolicy", "proxies")["spec"]
        return [peer for rule in policy["egress"] for peer in rule["to"] if "ipBlock" in peer]

    (everywhere,) = opened("url")
    assert everywhere["ipBlock"]["cidr"] == "0.0.0.0/0"
    assert "10.0.0.0/8" in everywhere["ipBlock"]["except"]
    assert opened("fqdn") == []
    named = _one("fqdn", "CiliumNetworkPolicy", "proxies")
    assert named["metadata"]["namespace"] == "envoy-gateway-system"
    assert {"toFQDNs": [{"matchName": _HOST}], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]} in named[
        "spec"
    ]["egress"]


def test_answers_and_logs_say_who_answered() -> None:
    headers = _one("url", "ClientTrafficPolicy")["spec"]["headers"]["lateResponseHeaders"]["set"]
    assert {"name": "x-llm-answered-by", "value": "%UPSTREAM_HOST_NAME%"} in headers
    log = _one("url", "EnvoyProxy")["spec"]["telemetry"]["accessLog"]["settings"][0]["format"]["json"]
    assert log["answered_by"] == "%UPSTREAM_HOST_NAME%"


@pytest.mark.parametrize("stack", ALL)
def test_nothing_leads_out_unless_a_stack_asks(stack: str) -> None:
    if any("fallback" in model for model in sections_of(stack)["models"]):
        pytest.skip("this stack asks")
    found = {entry["inputs"].get("kind") for entry in entries_of(stack)}
    assert "BackendSecurityPolicy" not in found
    (policy,) = [entry for entry in entries_of(stack) if entry["name"] == "gateway-envoy-traffic-proxies"]
    assert not [peer for rule in policy["inputs"]["spec"]["egress"] for peer in rule["to"] if "ipBlock" in peer]
