"""Where models may go outside the cluster: what their weights need, by address or by name, and nothing more."""

import os
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

import catalog
import config
from planning import decide
from planning.plan import TrafficPlan
from tests.graph.crd_schema import kinds
from tests.graph.stacks import ALL, ROOT, Entry, Sections, entries_of, graph_of, sections_of

_CRDS = Path(os.environ.get("REFERENCE_DIR") or ROOT.parent / "shared") / "crds"
_LOGIN = "login.microsoftonline.com"
Change = Callable[[Sections], object]


def by_name(sections: Sections) -> None:
    sections.setdefault("network", {})["egress"] = "fqdn"


def by_names(stack: str) -> list[Entry]:
    found: list[Any] = graph_of(stack, by_name).to_json()
    return found


def specs(entries: list[Entry] | tuple[Entry, ...], kind: str) -> dict[str, Any]:
    """Specs of a kind's objects in the models' namespace, by name."""
    found = [entry["inputs"] for entry in entries if entry["inputs"].get("kind") == kind]
    found = [item for item in found if item["metadata"].get("namespace") == "llm"]
    return {item["metadata"]["name"]: item["spec"] for item in found}


def outside(spec: dict[str, Any]) -> set[str]:
    """Address ranges to which a NetworkPolicy admits traffic."""
    return {peer["ipBlock"]["cidr"] for rule in spec["egress"] for peer in rule["to"] if "ipBlock" in peer}


def dns_is_open(spec: dict[str, Any]) -> bool:
    return any(port["port"] == 53 for rule in spec["egress"] for port in rule["ports"])


def planned(stack: str, change: Change) -> TrafficPlan:
    sections = sections_of(stack)
    change(sections)
    return decide(config.load(sections), catalog.load()).models[0].traffic


@pytest.mark.parametrize("stack", ALL)
def test_only_a_model_that_is_downloaded_from_a_hub_reaches_the_whole_internet(stack: str) -> None:
    policies = specs(entries_of(stack), "NetworkPolicy")
    private = [IPv4Network(range_) for range_ in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
    for model in sections_of(stack)["models"]:
        public = {
            range_
            for range_ in outside(policies[model["name"]])
            if not any(IPv4Network(range_).subnet_of(network) for network in private)
        }
        if "huggingface" in model["source"]:
            assert public == {"0.0.0.0/0"}
        else:
            assert public == {"20.20.32.0/19", "20.190.128.0/18", "20.231.128.0/19", "40.126.0.0/18"}


def test_an_exception_lies_within_its_range_or_the_api_server_refuses_the_policy() -> None:
    for stack in ALL:
        for spec in specs(entries_of(stack), "NetworkPolicy").values():
            for block in (
                peer["ipBlock"] for rule in spec.get("egress", ()) for peer in rule.get("to", ()) if "ipBlock" in peer
            ):
                assert all(
                    IPv4Network(inner).subnet_of(IPv4Network(block["cidr"])) for inner in block.get("except", ())
                )


@pytest.mark.parametrize("option", ["middleware", "otlp-traces-endpoint"])
def test_an_option_that_sends_somewhere_takes_the_limit_away_and_no_other_does(option: str) -> None:
    def opened(sections: Sections) -> None:
        engine = sections["models"][0]["engine"]
        engine["args"][option] = "acme.Middleware" if option == "middleware" else "https://traces.acme.example"
        engine["unsafe"] = [{"flag": option, "reason": "a trial", "prod": True}]

    anywhere = planned("prod", opened).destinations == ("0.0.0.0/0",)
    assert anywhere == (option == "otlp-traces-endpoint")


def test_by_name_no_policy_by_address_opens_dns_or_the_internet() -> None:
    """Policies add up: one that admits all of DNS would undo the list of names."""
    entries = by_names("prod")
    policies = specs(entries, "NetworkPolicy")
    named = specs(entries, "CiliumNetworkPolicy")
    assert named.keys() == {model["name"] for model in sections_of("prod")["models"]}
    for name in named:
        assert not dns_is_open(policies[name])
        assert outside(policies[name]) == {"10.40.66.0/24"}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_each_name_is_written_in_full_and_can_be_looked_up(stack: str) -> None:
    for spec in specs(by_names(stack), "CiliumNetworkPolicy").values():
        dns, https = spec["egress"]
        looked_up = {name["matchName"] for port in dns["toPorts"] for name in port["rules"]["dns"]}
        reached = {name["matchName"] for name in https["toFQDNs"]}
        assert reached <= looked_up
        assert [port["ports"] for port in https["toPorts"]] == [[{"port": "443", "protocol": "TCP"}]]
        if stack == "prod":
            assert reached == {_LOGIN}
            (store,) = looked_up - reached
            assert store.endswith(".blob.core.windows.net")
        else:
            assert "huggingface.co" in reached
            assert looked_up == reached


def test_names_of_hosts_for_images_are_added() -> None:
    def sees(sections: Sections) -> None:
        by_name(sections)
        model = sections["models"][0]
        model["source"] = {"huggingface": "Qwen/Qwen3.5-9B", "revision": "0" * 40}
        model["engine"]["args"] |= {"max-num-seqs": 64, "allowed-media-domains": ["images.acme.example"]}
        model |= {"context": 8192, "concurrency": 1}

    plan = planned("dev", sees)
    assert {"images.acme.example", "huggingface.co"} <= set(plan.hosts)
    assert plan.destinations == ()


def test_the_policy_comes_before_the_one_that_it_replaces() -> None:
    """The other way round a model that starts during the update reaches nothing."""
    entries = by_names("prod")
    kind = {
        entry["urn"]: (entry["inputs"].get("kind"), entry["inputs"]["metadata"]["name"])
        for entry in entries
        if "metadata" in entry["inputs"]
    }
    for entry in entries:
        if kind.get(entry["urn"]) == ("NetworkPolicy", "chat"):
            assert ("CiliumNetworkPolicy", "chat") in {kind.get(urn) for urn in entry["options"]["depends_on"]}


def test_aks_takes_policies_by_name_only_where_the_stack_says_so() -> None:
    def networking(entries: list[Entry] | tuple[Entry, ...]) -> Any:
        (cluster,) = (entry for entry in entries if entry["type"] == "azure-native:containerservice:ManagedCluster")
        return cluster["inputs"]["networkProfile"].get("advancedNetworking")

    assert networking(entries_of("prod")) is None
    assert networking(by_names("prod")) == {
        "enabled": True,
        "observability": {"enabled": False},
        "security": {"enabled": True, "advancedNetworkPolicies": "FQDN"},
    }


def test_the_policies_are_valid_by_the_definition_that_aks_has() -> None:
    if not _CRDS.is_dir():
        pytest.skip(f"no definitions in {_CRDS}")
    kind = kinds(_CRDS)[("cilium.io/v2", "CiliumNetworkPolicy")]
    found = [item["inputs"] for item in by_names("prod") if item["inputs"].get("kind") == "CiliumNetworkPolicy"]
    assert found
    assert [kind.problems(item) for item in found] == [[]] * len(found)


def of_secrets(entries: list[Entry] | tuple[Entry, ...], kind: str, name: str) -> Any:
    """The spec of an object in the namespace of External Secrets; None where there is none."""
    found = [
        entry["inputs"]["spec"]
        for entry in entries
        if entry["inputs"].get("kind") == kind
        and (entry["inputs"]["metadata"].get("namespace"), entry["inputs"]["metadata"]["name"])
        == ("external-secrets", name)
    ]
    return found[0] if found else None


@pytest.mark.parametrize("stack", ALL)
def test_by_name_the_operator_of_secrets_reaches_the_vault_and_the_token_service_alone(stack: str) -> None:
    """By address it is all of the internet: the token service has no private address."""
    assert "0.0.0.0/0" in outside(of_secrets(entries_of(stack), "NetworkPolicy", "operator"))
    assert of_secrets(entries_of(stack), "CiliumNetworkPolicy", "sign-in") is None
    entries = by_names(stack)
    (vault,) = outside(of_secrets(entries, "NetworkPolicy", "operator"))
    assert IPv4Network(vault).is_private
    policy = of_secrets(entries, "CiliumNetworkPolicy", "sign-in")
    dns, https = policy["egress"]
    assert [name["matchName"] for name in https["toFQDNs"]] == [_LOGIN]
    assert [port["ports"] for port in https["toPorts"]] == [[{"port": "443", "protocol": "TCP"}]]
    # Without it Cilium would know no address of the name.
    assert [port["rules"]["dns"] for port in dns["toPorts"]] == [[{"matchPattern": "*"}]]
    # The same pods, and no others.
    selected = of_secrets(entries, "NetworkPolicy", "operator")["podSelector"]["matchLabels"]
    assert policy["endpointSelector"]["matchLabels"] == selected


def test_the_operators_policy_by_name_comes_before_the_one_that_it_replaces() -> None:
    entries = by_names("prod")
    urns = {entry["name"]: entry for entry in entries}
    narrowed = urns["secrets-traffic-operator"]["options"]["depends_on"]
    assert urns["secrets-sign-in-by-name"]["urn"] in narrowed
