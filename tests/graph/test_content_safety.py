"""Content safety in the graph: nothing without the section; with it a closed processor in the way of every request."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from guardrails.settings import AzureGuard, ModelGuard, Settings
from simulators.azure.arm_schema import ArmSchema
from tests.graph.crd_schema import kinds
from tests.graph.stacks import ALL, ROOT, Entry, Sections, entries_of, graph_of, is_azure, sections_of
from tests.stack_safety import guarded, safe

_REFERENCE = Path(os.environ.get("REFERENCE_DIR") or ROOT.parent / "shared")
_ACCOUNT = "cognitiveservices:Account"


@cache
def _with_azure() -> tuple[Entry, ...]:
    return _changed(safe)


@cache
def _with_a_model() -> tuple[Entry, ...]:
    return _changed(guarded)


def _changed(change: Callable[[Sections], None], stack: str = "dev") -> tuple[Entry, ...]:
    return tuple(graph_of(stack, change).to_json())


def _one(entries: tuple[Entry, ...], name: str) -> Any:
    (found,) = [entry["inputs"] for entry in entries if entry["urn"].endswith(f"::{name}")]
    return found


def _settings_of(entries: tuple[Entry, ...]) -> Any:
    (found,) = [entry["inputs"] for entry in entries if "::safety-settings-" in entry["urn"]]
    return found


def _object(entries: tuple[Entry, ...], kind: str, name: str, namespace: str | None = None) -> Any:
    found = [
        entry["inputs"]
        for entry in entries
        if entry["inputs"].get("kind") == kind
        and entry["inputs"]["metadata"]["name"] == name
        and namespace in (None, entry["inputs"]["metadata"].get("namespace"))
    ]
    assert len(found) == 1, found
    return found[0]


def _settings(entries: tuple[Entry, ...]) -> Settings:
    """What the processor reads, as it reads it."""
    return msgspec.json.decode(_settings_of(entries)["data"]["settings.json"], type=Settings)


@pytest.mark.parametrize("stack", ALL)
def test_without_the_section_there_is_none_of_it(stack: str) -> None:
    if "safety" in sections_of(stack):
        pytest.skip("this stack has the section")
    found = [entry["urn"] for entry in entries_of(stack) if "safety" in entry["urn"]]
    assert found == []


def test_the_processor_reads_its_settings() -> None:
    settings = _settings(_with_azure())

    guard = settings.policies["standard"].guard
    assert isinstance(guard, AzureGuard)
    assert guard.endpoint == "https://cs-acme-llm-dev-x7f.cognitiveservices.azure.com"
    assert guard.categories == {"Hate": 4, "SelfHarm": 4, "Sexual": 4, "Violence": 4}
    assert settings.models == {"chat": "standard"}
    assert settings.policies["standard"].on_failure == "closed"


def test_a_guard_model_is_called_past_the_gateway() -> None:
    guard = _settings(_with_a_model()).policies["standard"].guard

    assert isinstance(guard, ModelGuard)
    assert (guard.endpoint, guard.family) == ("http://guard-pods.llm.svc.cluster.local:8000", "llama-guard-3")
    assert not [entry for entry in _with_a_model() if entry["type"].endswith(_ACCOUNT)]


def test_tenants_have_policies_too() -> None:
    def change(sections: Sections) -> None:
        safe(sections)
        sections["tenants"][0]["safety"] = "standard"

    assert _settings(_changed(change)).tenants == {"playground": "standard"}


def test_the_policy_is_the_gateways_and_comes_before_every_route() -> None:
    entries = _with_azure()
    policy = _object(entries, "EnvoyExtensionPolicy", "llm")
    gateway = next(entry["inputs"] for entry in entries if entry["inputs"].get("kind") == "Gateway")
    urn = next(entry["urn"] for entry in entries if entry["inputs"] is policy)

    assert policy["metadata"]["namespace"] == gateway["metadata"]["namespace"]
    [target] = policy["spec"]["targetRefs"]
    assert (target["kind"], target["name"]) == ("Gateway", gateway["metadata"]["name"])
    # Of several on one Gateway only the oldest counts: the tenants' script is in the same one, as without a processor.
    [without] = [entry for entry in entries_of("dev") if entry["urn"] == urn]
    assert without["inputs"]["spec"] == {key: policy["spec"][key] for key in ("targetRefs", "lua")}
    assert without["inputs"]["metadata"] == policy["metadata"]
    routes = [entry for entry in entries if entry["inputs"].get("kind") == "AIGatewayRoute"]
    assert routes
    assert all(urn in route["options"]["depends_on"] for route in routes)


@pytest.mark.parametrize(("modes", "opens"), [(["closed"], False), (["open"], True), (["open", "closed"], False)])
def test_one_policy_that_closes_closes_for_all(modes: list[str], opens: bool) -> None:
    def change(sections: Sections) -> None:
        safe(sections)
        sections["safety"]["policies"] = [
            {"name": f"standard-{number}", "guard": {"azure": {}}, "on_failure": mode, "timeout_ms": 1500 + number}
            for number, mode in enumerate(modes)
        ]
        sections["models"][0]["safety"] = "standard-0"

    [processor] = _object(_changed(change), "EnvoyExtensionPolicy", "llm")["spec"]["extProc"]
    assert processor["failOpen"] is opens
    assert processor["messageTimeout"] == f"{2500 + len(modes) - 1}ms"


def test_objects_are_valid_by_their_definitions() -> None:
    if not (_REFERENCE / "crds").is_dir():
        pytest.skip(f"no {_REFERENCE / 'crds'}")
    known = dict(kinds(_REFERENCE / "crds"))
    for entry in _with_azure():
        manifest = entry["inputs"]
        kind = (str(manifest.get("apiVersion")), str(manifest.get("kind")))
        if "safety" in entry["urn"] and kind in known:
            assert list(known[kind].problems(manifest)) == [], entry["urn"]
    assert ("gateway.envoyproxy.io/v1alpha1", "EnvoyExtensionPolicy") in known


def test_the_account_has_no_keys_and_no_public_address() -> None:
    account = _one(_with_azure(), "content-safety-account-account")

    assert account["kind"] == "ContentSafety"
    assert account["properties"]["disableLocalAuth"] is True
    assert account["properties"]["publicNetworkAccess"] == "Disabled"
    assert account["properties"]["networkAcls"] == {"defaultAction": "Deny"}
    zones = [
        entry["inputs"]["privateZoneName"]
        for entry in _with_azure()
        if entry["type"].endswith("privatedns:PrivateZone")
    ]
    assert "privatelink.cognitiveservices.azure.com" in zones
    assert _one(_with_azure(), "content-safety-account-endpoint")["privateLinkServiceConnections"][0]["groupIds"] == [
        "account"
    ]


def test_azure_takes_the_account() -> None:
    if not (_REFERENCE / "arm").is_dir():
        pytest.skip(f"no {_REFERENCE / 'arm'}")
    account = dict(_one(_with_azure(), "content-safety-account-account"))

    assert ArmSchema.load(_REFERENCE / "arm", _ACCOUNT).check(account) == []
    account["kind"] = 7
    assert ArmSchema.load(_REFERENCE / "arm", _ACCOUNT).check(account) != []


def test_the_processors_identity_may_call_the_account_and_nothing_else() -> None:
    grants = [
        entry["inputs"]
        for entry in _with_azure()
        if entry["type"].endswith("RoleAssignment") and "::content-safety-grant" in entry["urn"]
    ]
    assert [grant["roleDefinitionId"].rpartition("/")[2] for grant in grants] == [
        "a97b65f3-24c7-4388-baec-2e87135dc908"
    ]


def test_the_pods_are_closed_spread_and_confined() -> None:
    deployment = _object(_with_azure(), "Deployment", "content-safety", "llm-safety")
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]

    assert deployment["spec"]["replicas"] == 2
    assert container["image"].startswith("acracmellmdevx7f.azurecr.io/platform/guardrails@sha256:")
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert {spread["topologyKey"] for spread in pod["topologySpreadConstraints"]} == {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }
    assert container["resources"]["limits"].keys() == {"memory"}
    # Longer than the longest request, or streams would be cut when a pod goes.
    assert pod["terminationGracePeriodSeconds"] >= 600
    budget = _object(_with_azure(), "PodDisruptionBudget", "content-safety")
    assert budget["spec"]["maxUnavailable"] == 1


def test_only_this_gateways_proxies_come_in_and_only_guards_are_called() -> None:
    spec = _object(_with_azure(), "NetworkPolicy", "content-safety", "llm-safety")["spec"]
    proxies, prometheus = spec["ingress"]
    assert proxies["from"][0]["podSelector"]["matchLabels"]["gateway.envoyproxy.io/owning-gateway-name"] == "llm"
    assert [port["port"] for port in proxies["ports"]] == [9002]
    assert [port["port"] for port in prometheus["ports"]] == [9003]
    blocks = {peer["ipBlock"]["cidr"] for rule in spec["egress"] for peer in rule["to"] if "ipBlock" in peer}
    assert "0.0.0.0/0" not in blocks
    assert _object(_with_azure(), "NetworkPolicy", "default-deny", "llm-safety")["spec"]["podSelector"] == {}

    spec = _object(_with_a_model(), "NetworkPolicy", "content-safety", "llm-safety")["spec"]
    called = [peer for rule in spec["egress"] for peer in rule["to"] if "namespaceSelector" in peer]
    assert any("guard" in peer["podSelector"].get("matchLabels", {}).values() for peer in called)
    # The guard lets the processor in, and other models don't.
    callers = {
        name: str(_object(_with_a_model(), "NetworkPolicy", name, "llm")["spec"]["ingress"])
        for name in ("guard", "chat")
    }
    assert ["llm-safety" in text for text in callers.values()] == [True, False]


def test_the_namespace_runs_the_platforms_images_alone() -> None:
    rule = _object(_with_azure(), "ValidatingAdmissionPolicy", "llm-platform-images")
    assert "llm-safety" in str(rule["spec"]["matchConstraints"])
    assert "platform/guardrails" in str(rule["spec"]["variables"])


def test_two_previews_are_equal() -> None:
    assert _changed(guarded) == _with_a_model()


def test_azure_resources_are_tagged_and_recorded_in_production() -> None:
    entries = _changed(
        lambda sections: (
            safe(sections),
            sections["observability"].__setitem__("audit", {"retention_days": 90}),
        )[0],
        "prod",
    )
    account = _one(entries, "content-safety-account-account")
    assert account["tags"]
    assert [entry for entry in entries if is_azure(entry) and "content-safety-account-recorded" in entry["urn"]]
