"""What counts the limits of tenants: it is there where a tenant has any, and nobody but the gateway reaches it."""

from functools import cache
from typing import Any, Final

import pytest

from components.cluster.labels import proxies_of
from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, sections_of

_SPACE: Final = "envoy-gateway-system"


def _limit(sections: Sections, **limiter: Any) -> None:
    sections["tenants"][0]["limits"] = {"requests_per_minute": 600, "tokens_per_minute": {"output": 20000}}
    sections["limiter"] = {"password_secret": "redis-password", **limiter}


@cache
def _in_cluster() -> tuple[Entry, ...]:
    return tuple(graph_of("dev", _limit).to_json())


@cache
def _on_azure() -> tuple[Entry, ...]:
    changed = graph_of(
        "prod", lambda sections: _limit(sections, redis="azure", when_away="deny", timeout_milliseconds=50)
    )
    return tuple(changed.to_json())


def _named(entries: tuple[Entry, ...], kind: str, name: str) -> Any:
    """The inputs of one object or resource."""
    (found,) = (entry for entry in entries if entry["type"].endswith(f":{kind}") and entry["name"] == name)
    return found["inputs"]


def _gateway_settings(entries: tuple[Entry, ...]) -> Any:
    return _named(entries, "Release", "gateway-envoy")["values"]["config"]["envoyGateway"]


def _policies(entries: tuple[Entry, ...]) -> dict[str, Any]:
    return {
        entry["inputs"]["metadata"]["name"]: entry["inputs"]["spec"]
        for entry in entries
        if entry["type"].endswith(":NetworkPolicy") and entry["inputs"]["metadata"]["namespace"] == _SPACE
    }


def _selects(spec: Any, labels: dict[str, str]) -> bool:
    """Whether a policy is about pods with these labels."""
    selector = spec["podSelector"]
    excluded = [
        labels.get(rule["key"]) in rule["values"]
        for rule in selector.get("matchExpressions", [])
        if rule["operator"] == "NotIn"
    ]
    wanted = selector.get("matchLabels", {})
    return not any(excluded) and all(labels.get(key) == value for key, value in wanted.items())


@pytest.mark.parametrize("stack", ALL)
def test_without_limits_nothing_is_there_to_count_them(stack: str) -> None:
    if not any(tenant.get("limits") for tenant in sections_of(stack)["tenants"]):
        assert not [entry["name"] for entry in entries_of(stack) if "limiter" in entry["name"]]
        assert "rateLimit" not in _gateway_settings(entries_of(stack))


def test_the_service_gives_up_on_redis_before_proxies_give_up_on_it() -> None:
    for entries in (_in_cluster(), _on_azure()):
        settings = _gateway_settings(entries)
        pods = settings["provider"]["kubernetes"]["rateLimitDeployment"]["container"]
        waits = {variable["name"]: variable.get("value") for variable in pods["env"]}
        assert int(waits["REDIS_TIMEOUT"].removesuffix("ms")) < int(settings["rateLimit"]["timeout"].removesuffix("ms"))


@pytest.mark.parametrize(("when_away", "closed"), [("allow", False), ("deny", True)])
def test_whether_requests_pass_while_nothing_is_counted_is_what_the_stack_says(when_away: str, closed: bool) -> None:
    entries = tuple(graph_of("dev", lambda sections: _limit(sections, when_away=when_away)).to_json())
    assert _gateway_settings(entries)["rateLimit"]["failClosed"] is closed


def test_only_the_gateways_proxies_ask_the_service() -> None:
    service = {"app.kubernetes.io/name": "envoy-ratelimit", "app.kubernetes.io/component": "ratelimit"}
    service["app.kubernetes.io/managed-by"] = "envoy-gateway"
    about = {name: spec for name, spec in _policies(_in_cluster()).items() if _selects(spec, service)}
    into = [rule for spec in about.values() for rule in spec.get("ingress", [])]
    callers = [
        peer["podSelector"]["matchLabels"]
        for rule in into
        if {"port": 8081, "protocol": "TCP"} in rule["ports"]
        for peer in rule["from"]
    ]
    # Of the platform's Gateway, and of no other's.
    assert callers == [proxies_of("llm", "llm-gateway")]
    assert all("from" in rule for rule in into)
    variables = _gateway_settings(_in_cluster())["provider"]["kubernetes"]["rateLimitDeployment"]["container"]["env"]
    assert {"name": "GRPC_CLIENT_TLS_CACERT", "value": "/certs/ca.crt"} in variables


def test_redis_hears_the_service_alone_and_speaks_to_nobody() -> None:
    pods = _named(_in_cluster(), "StatefulSet", "gateway-limiter-redis-pods")["spec"]["template"]["metadata"]["labels"]
    about = {name: spec for name, spec in _policies(_in_cluster()).items() if _selects(spec, pods)}
    into = [rule for spec in about.values() for rule in spec.get("ingress", [])]
    out = [rule for spec in about.values() for rule in spec.get("egress", [])]
    assert [peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for rule in into for peer in rule["from"]] == [
        "envoy-ratelimit"
    ]
    assert [port["port"] for rule in out for port in rule["ports"]] == [53, 53]


def test_redis_forgets_nothing() -> None:
    spec = _named(_in_cluster(), "StatefulSet", "gateway-limiter-redis-pods")["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    options = dict(zip(container["args"][::2], container["args"][1::2], strict=True))
    assert options["--maxmemory-policy"] == "noeviction"
    assert (options["--appendonly"], options["--appendfsync"]) == ("yes", "everysec")
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert container["volumeMounts"][0]["mountPath"] == options["--dir"]


def test_no_password_is_in_the_graph() -> None:
    options = _named(_in_cluster(), "StatefulSet", "gateway-limiter-redis-pods")["spec"]["template"]["spec"]
    (variable,) = options["containers"][0]["env"]
    assert "value" not in variable
    assert _named(_on_azure(), "Secret", "redis-password")["properties"]["value"] == "[secret]"


def test_redis_of_azure_is_private_encrypted_and_forgets_nothing() -> None:
    cluster = _named(_on_azure(), "RedisEnterprise", "redis-cluster")
    database = _named(_on_azure(), "Database", "redis-database")
    assert (cluster["publicNetworkAccess"], cluster["minimumTlsVersion"]) == ("Disabled", "1.2")
    assert cluster["highAvailability"] == "Enabled"
    assert database["clientProtocol"] == "Encrypted"
    assert database["evictionPolicy"] == "NoEviction"
    assert database["persistence"] == {"aofEnabled": True, "aofFrequency": "1s"}
    settings = _gateway_settings(_on_azure())
    redis = settings["rateLimit"]["backend"]["redis"]
    # Envoy Gateway's own `tls` breaks the Deployment without a certificate of a client's.
    assert redis == {"url": f"{cluster['clusterName']}.eastus.redis.azure.net:{database['port']}"}
    variables = settings["provider"]["kubernetes"]["rateLimitDeployment"]["container"]["env"]
    assert {"name": "REDIS_TLS", "value": "true"} in variables


def test_the_way_to_redis_of_azure_is_open_for_the_service_alone() -> None:
    policies, port = _policies(_on_azure()), _named(_on_azure(), "Database", "redis-database")["port"]
    opened = {
        name for name, spec in policies.items() for rule in spec.get("egress", [])
        if any(given["port"] == port for given in rule.get("ports", []))
    }  # fmt: skip
    assert opened == {"rate-limits"}
    groups = [entry["inputs"] for entry in _on_azure() if entry["type"].endswith(":NetworkSecurityGroup")]
    admitted = [
        rule for group in groups for rule in group["securityRules"] if rule.get("destinationPortRange") == str(port)
    ]
    assert [rule["sourceAddressPrefix"] for rule in admitted] == ["VirtualNetwork"]
