"""Only this platform's own gateway: what its controllers read, who may change it, and what clients can't set."""

import os
from pathlib import Path
from typing import Any

import pytest

import catalog
from config import Settings
from tests.graph.crd_schema import kinds
from tests.graph.stacks import ALL, ROOT, Entry, entries_of
from tests.graph.test_charts import default, only, releases
from tests.graph.test_gateway_versions import before

each_stack = pytest.mark.parametrize("stack", ALL)
_CRDS = Path(os.environ.get("REFERENCE_DIR") or ROOT.parent / "shared") / "crds"


def values(stack: str, chart: str) -> Any:
    return releases(stack)[chart]["inputs"]["values"]


def objects(stack: str, kind: str) -> list[Entry]:
    return [entry for entry in entries_of(stack) if entry["inputs"].get("kind") == kind]


def served(stack: str) -> list[str]:
    found = values(stack, "gateway-helm")["config"]["envoyGateway"]["provider"]["kubernetes"]["watch"]
    assert found["type"] == "Namespaces"
    return found["namespaces"]


@each_stack
def test_the_controllers_read_the_namespaces_of_our_objects_and_no_others(stack: str) -> None:
    """With them is Envoy Gateway's own: without rights on its Secrets there it never gets ready."""
    groups = {"gateway.envoyproxy.io", "aigateway.envoyproxy.io", "gateway.networking.k8s.io"}
    ours = {
        entry["inputs"]["metadata"]["namespace"]
        for entry in entries_of(stack)
        if str(entry["inputs"].get("apiVersion", "")).rpartition("/")[0] in groups
        and entry["inputs"]["kind"] != "GatewayClass"
    }
    own = releases(stack)["gateway-helm"]["inputs"]["namespace"]
    assert served(stack) == sorted({*ours, own})
    assert values(stack, "ai-gateway-helm")["controller"]["watch"]["namespaces"] == served(stack)


@each_stack
def test_the_namespaces_are_there_before_the_chart_makes_roles_in_them(stack: str) -> None:
    spaces = {entry["inputs"]["metadata"]["name"]: entry["urn"] for entry in objects(stack, "Namespace")}
    assert {spaces[name] for name in served(stack)} <= before(stack, releases(stack)["gateway-helm"])


@each_stack
def test_only_http_routes_attach(stack: str) -> None:
    for listener in only(stack, "Gateway")["inputs"]["spec"]["listeners"]:
        assert listener["allowedRoutes"]["kinds"] == [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}]
    # A ListenerSet would add listeners, with rules of its own.
    assert "allowedListeners" not in only(stack, "Gateway")["inputs"]["spec"]


@each_stack
def test_envoy_gateway_has_no_patch_policies_and_sends_no_secrets(stack: str) -> None:
    config = values(stack, "gateway-helm")["config"]["envoyGateway"]
    assert config["extensionApis"] == {"enableBackend": True, "enableLua": True}
    sent = config["extensionManager"]["hooks"]["xdsTranslator"]["translation"]
    assert {kind: sent[kind]["includeAll"] for kind in sent} == {
        "listener": True, "route": True, "cluster": True, "secret": False,
    }  # fmt: skip


@each_stack
def test_the_keys_of_as_many_clients_as_a_stack_may_have_pass_between_the_controllers(stack: str) -> None:
    """Beyond the limit of either side, 4 MiB unless set, Envoy Gateway would program nothing any more."""
    manager = values(stack, "gateway-helm")["config"]["envoyGateway"]["extensionManager"]
    limit = int(manager["maxMessageSize"].removesuffix("Mi")) * 2**20
    # Helm writes a large number with an exponent, which the program doesn't read.
    assert values(stack, "ai-gateway-helm")["controller"]["maxRecvMsgSize"] == str(limit)
    most = next(item.max_length for item in Settings.model_fields["tenants"].metadata if hasattr(item, "max_length"))
    # A name and a key; two routes for each of a hundred models.
    assert most * (63 + 64 + 6) * 2 * 100 < limit


@each_stack
def test_only_envoy_gateway_reaches_the_extension_server(stack: str) -> None:
    """The webhook stays open, and metrics to Prometheus, or no proxy would start and an alert would fire."""
    service = values(stack, "gateway-helm")["config"]["envoyGateway"]["extensionManager"]["service"]["fqdn"]
    (policy,) = [
        item for item in objects(stack, "NetworkPolicy") if item["inputs"]["metadata"]["name"] == "extension-server"
    ]
    meta, spec = policy["inputs"]["metadata"], policy["inputs"]["spec"]
    assert (
        service["hostname"].split(".")[1]
        == meta["namespace"]
        == releases(stack)["ai-gateway-helm"]["inputs"]["namespace"]
    )
    charts = catalog.load().charts
    server, client = charts["ai-gateway-helm"], charts["gateway-helm"]
    assert server.metrics is not None
    assert client.metrics is not None
    assert spec["podSelector"]["matchLabels"] == server.metrics.pods
    limited, scraped, everybody = spec["ingress"]
    assert [port["port"] for port in limited["ports"]] == [service["port"]]
    assert [peer["podSelector"]["matchLabels"] for peer in limited["from"]] == [client.metrics.pods]
    assert [port["port"] for port in scraped["ports"]] == [server.metrics.port]
    assert "from" not in everybody
    webhook = default("ai-gateway-helm", "controller.mutatingWebhook.port")
    assert [port["port"] for port in everybody["ports"]] == [webhook]
    assert spec["policyTypes"] == ["Ingress"]


@each_stack
def test_no_client_sets_the_gateways_internal_headers(stack: str) -> None:
    early = only(stack, "ClientTrafficPolicy")["inputs"]["spec"]["headers"]["earlyRequestHeaders"]
    assert "x-gateway-destination-endpoint" in early["remove"]
    assert early["removeOnMatch"] == [
        {"type": "Prefix", "value": "x-ai-eg-"},
        {"type": "Prefix", "value": "x-aigw-"},
        {"type": "Prefix", "value": "x-llm-"},
    ]


@each_stack
def test_admission_covers_every_kind_and_every_namespace_that_the_controllers_read(stack: str) -> None:
    on_objects = only_named(stack, "llm-gateway-objects")
    (selected,) = on_objects["matchConstraints"]["namespaceSelector"]["matchExpressions"]
    assert selected == {"key": "kubernetes.io/metadata.name", "operator": "In", "values": served(stack)}
    (rule,) = on_objects["matchConstraints"]["resourceRules"]
    assert (rule["resources"], rule["apiVersions"], rule["operations"]) == (
        ["*"],
        ["*"],
        ["CREATE", "UPDATE", "DELETE"],
    )
    if _CRDS.is_dir():
        known = {version.rpartition("/")[0] for version, _ in kinds(_CRDS)}
        about_gateways = {group for group in known if "gateway.envoyproxy" in group or "gateway.networking" in group}
        assert about_gateways == set(rule["apiGroups"])


@each_stack
def test_admission_never_fails_open_and_comes_before_what_it_guards(stack: str) -> None:
    policies = objects(stack, "ValidatingAdmissionPolicy")
    bindings = objects(stack, "ValidatingAdmissionPolicyBinding")
    assert {entry["inputs"]["spec"]["failurePolicy"] for entry in policies} == {"Fail"}
    assert [entry["inputs"]["spec"]["validationActions"] for entry in bindings] == [["Deny"]] * len(policies)
    # No release is there yet when they are made: a chart that fails leaves no gateway without them.
    assert {entry["urn"] for entry in (*policies, *bindings)} <= before(stack, only(stack, "SecurityPolicy"))


@each_stack
def test_only_our_own_proxies_are_scraped(stack: str) -> None:
    (monitor,) = [entry for entry in objects(stack, "PodMonitor") if entry["inputs"]["metadata"]["name"] == "envoy"]
    gateway = only(stack, "Gateway")["inputs"]["metadata"]
    spec = monitor["inputs"]["spec"]
    assert spec["namespaceSelector"] == {"matchNames": [releases(stack)["gateway-helm"]["inputs"]["namespace"]]}
    labels = spec["selector"]["matchLabels"]
    assert labels["gateway.envoyproxy.io/owning-gateway-name"] == gateway["name"]
    assert labels["gateway.envoyproxy.io/owning-gateway-namespace"] == gateway["namespace"]


def only_named(stack: str, name: str) -> Any:
    (found,) = [
        entry["inputs"]["spec"]
        for entry in objects(stack, "ValidatingAdmissionPolicy")
        if entry["inputs"]["metadata"]["name"] == name
    ]
    return found
