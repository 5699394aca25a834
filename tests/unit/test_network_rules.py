"""The evaluator of NetworkPolicies on the cases of the Kubernetes documentation, and on what it must refuse."""

from ipaddress import ip_network
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simulators.network.network_policies import (
    End,
    NetworkRules,
    NotUniformError,
    Outside,
    OwnNode,
    Pods,
    pods_of,
)
from simulators.network.port_sets import ALL, NONE, NotUnderstoodError, Ports

NAMESPACES = {
    "default": {},
    "mine": {"project": "myproject", "tier": "frontend"},
    "alice": {"user": "alice", "tier": "backend"},
    "other": {"tier": "batch"},
}
# The one that the documentation explains line by line.
DOCUMENTED = """
podSelector: {matchLabels: {role: db}}
policyTypes: [Ingress, Egress]
ingress:
- from:
  - ipBlock: {cidr: 172.17.0.0/16, except: [172.17.1.0/24]}
  - namespaceSelector: {matchLabels: {project: myproject}}
  - podSelector: {matchLabels: {role: frontend}}
  ports: [{protocol: TCP, port: 6379}]
egress:
- to: [{ipBlock: {cidr: 10.0.0.0/24}}]
  ports: [{protocol: TCP, port: 5978}]
"""


def pods(namespace: str = "default", **labels: str) -> Pods:
    return Pods(namespace, labels)


def at(*ranges: str) -> Outside:
    return Outside(tuple(ip_network(address_range) for address_range in ranges))


def rules(*specs: str | dict[str, Any], namespace: str = "default") -> NetworkRules:
    return NetworkRules(
        ({"metadata": {"name": name, "labels": labels}} for name, labels in NAMESPACES.items()),
        [
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": f"policy-{index}", "namespace": namespace, "uid": "kept by the server"},
                "spec": yaml.safe_load(spec) if isinstance(spec, str) else spec,
            }
            for index, spec in enumerate(specs)
        ],
    )


DB, WEB = pods(role="db"), pods(role="web")


@pytest.mark.parametrize(
    ("source", "admitted"),
    [
        (pods(role="frontend"), ["TCP 6379"]),
        (WEB, []),
        (pods("mine", role="anything"), ["TCP 6379"]),
        # The pod selector alone means the policy's own namespace.
        (pods("other", role="frontend"), []),
        (at("172.17.0.0/24"), ["TCP 6379"]),
        (at("172.17.2.0/24", "172.17.4.0/22", "172.17.128.0/17"), ["TCP 6379"]),
        (at("172.17.1.0/24"), []),
        (at("172.17.1.7/32"), []),
        (at("172.18.0.0/16"), []),
    ],
)
def test_the_documented_policy_admits_the_documented_traffic(source: End, admitted: list[str]) -> None:
    assert rules(DOCUMENTED).admitted(source, DB).words() == admitted


def test_the_documented_policy_allows_egress_to_one_range_and_does_not_affect_other_pods() -> None:
    documented = rules(DOCUMENTED)
    assert documented.admitted(DB, at("10.0.0.0/24")).words() == ["TCP 5978"]
    assert documented.admitted(DB, at("10.0.1.0/24")) == NONE
    assert documented.admitted(DB, WEB) == NONE
    assert documented.admitted(WEB, at("10.0.1.0/24")) == ALL
    assert documented.admitted(at("10.0.1.0/24"), WEB) == ALL


def test_one_entry_with_both_selectors_is_an_and_two_entries_are_an_or() -> None:
    alice, client = "namespaceSelector: {matchLabels: {user: alice}}", "podSelector: {matchLabels: {role: client}}"
    both = f"{{ingress: [{{from: [{{{alice}, {client}}}]}}]}}"
    either = f"{{ingress: [{{from: [{{{alice}}}, {{{client}}}]}}]}}"
    sources = [pods("alice", role="client"), pods("alice", role="x"), pods(role="client"), pods("other", role="client")]
    assert [bool(rules(both).admitted(source, DB)) for source in sources] == [True, False, False, False]
    assert [bool(rules(either).admitted(source, DB)) for source in sources] == [True, True, True, False]


@pytest.mark.parametrize(
    ("spec", "comes_in", "goes_out"),
    [
        ("{podSelector: {}, policyTypes: [Ingress]}", False, True),
        ("{podSelector: {}, policyTypes: [Ingress], ingress: [{}]}", True, True),
        ("{podSelector: {}, policyTypes: [Egress]}", True, False),
        ("{podSelector: {}, policyTypes: [Egress], egress: [{}]}", True, True),
        ("{podSelector: {}, policyTypes: [Ingress, Egress]}", False, False),
        # Without types: Ingress always, Egress where there are rules for it.
        ("{podSelector: {}}", False, True),
        ("{podSelector: {}, egress: [{to: [{podSelector: {matchLabels: {role: nobody}}}]}]}", False, False),
        ("{podSelector: {}, egress: []}", False, True),
        # Rules for a direction that is not among the types limit nothing.
        ("{podSelector: {}, policyTypes: [Egress], ingress: [{from: [{podSelector: {matchLabels: {a: b}}}]}]}", True, False),  # noqa: E501 - one policy
        ("{}", False, True),
    ],
)  # fmt: skip
def test_default_policies(spec: str, comes_in: bool, goes_out: bool) -> None:
    elsewhere, found = pods("other"), rules(spec)
    assert (found.admitted(elsewhere, DB), found.admitted(DB, elsewhere)) == (
        ALL if comes_in else NONE,
        ALL if goes_out else NONE,
    )
    assert (found.isolates("Ingress", DB), found.isolates("Egress", DB)) == (
        comes_in is False or "ingress: [{}]" in spec,
        goes_out is False or "egress: [{}]" in spec,
    )
    # A policy never applies to another namespace.
    assert found.admitted(elsewhere, pods("mine")) == ALL


def test_without_policies_everything_is_allowed() -> None:
    assert rules().admitted(pods("mine"), DB).words() == ["any"]


def test_policies_add_up() -> None:
    first = "{podSelector: {matchLabels: {role: db}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 1}]}]}"
    second = "{podSelector: {}, ingress: [{ports: [{port: 2, protocol: UDP}]}, {ports: [{port: 3}]}]}"
    both = rules(first, second, "{podSelector: {}}")
    assert both.admitted(WEB, DB).words() == ["TCP 1", "TCP 3", "UDP 2"]
    assert both.admitted(pods("mine"), DB).words() == ["TCP 3", "UDP 2"]
    assert both.admitted(WEB, WEB).words() == ["TCP 3", "UDP 2"]


def test_both_ends_must_agree() -> None:
    egress = (
        "{podSelector: {matchLabels: {role: web}}, policyTypes: [Egress], egress: [{ports: [{port: 1, endPort: 9}]}]}"
    )
    ingress = "{podSelector: {matchLabels: {role: db}}, ingress: [{ports: [{port: 5, endPort: 20}]}]}"
    assert rules(egress, ingress).admitted(WEB, DB).words() == ["TCP 5-9"]


def test_a_range_of_ports() -> None:
    rule = "{to: [{ipBlock: {cidr: 10.0.0.0/24}}], ports: [{protocol: TCP, port: 32000, endPort: 32768}]}"
    spec = f"{{podSelector: {{matchLabels: {{role: db}}}}, policyTypes: [Egress], egress: [{rule}]}}"
    assert rules(spec).admitted(DB, at("10.0.0.0/24")).words() == ["TCP 32000-32768"]


def test_a_port_without_a_number_is_all_of_its_protocol() -> None:
    spec = "{podSelector: {}, ingress: [{ports: [{protocol: UDP}]}]}"
    assert rules(spec).admitted(WEB, DB) == Ports.of("UDP", 1, 65535)


def test_namespaces_by_name_and_by_expressions() -> None:
    def from_namespaces(expression: str) -> list[str]:
        spec = (
            f"{{podSelector: {{}}, ingress: [{{from: [{{namespaceSelector: {{matchExpressions: [{expression}]}}}}]}}]}}"
        )
        found = rules(spec)
        return [name for name in NAMESPACES if found.admitted(pods(name), DB)]

    assert from_namespaces("{key: tier, operator: In, values: [frontend, backend]}") == ["mine", "alice"]
    assert from_namespaces("{key: tier, operator: NotIn, values: [frontend, backend]}") == ["default", "other"]
    assert from_namespaces("{key: user, operator: Exists}") == ["alice"]
    assert from_namespaces("{key: user, operator: DoesNotExist}") == ["default", "mine", "other"]
    assert from_namespaces("{key: tier, operator: Exists}, {key: user, operator: DoesNotExist}") == ["mine", "other"]


def test_an_empty_selector_takes_all_and_a_missing_one_does_not_widen() -> None:
    everywown_namespace = rules("{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}")
    own_namespace = rules("{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}")
    named = rules(
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {role: web}}}]}]}"
    )
    sources = [WEB, pods("mine"), pods("mine", role="web"), at("8.8.8.8/32")]
    assert [bool(everywown_namespace.admitted(source, DB)) for source in sources] == [True, True, True, False]
    assert [bool(own_namespace.admitted(source, DB)) for source in sources] == [True, False, False, False]
    assert [bool(named.admitted(source, DB)) for source in sources] == [True, False, True, False]
    assert [bool(rules("{podSelector: {}, ingress: [{from: []}]}").admitted(source, DB)) for source in sources] == [
        True
    ] * 4


def test_a_named_port_is_resolved_on_the_destination_pod() -> None:
    server = {"containers": [{"ports": [{"name": "http", "containerPort": 8000}, {"containerPort": 9}]},
                             {"ports": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}]}]}  # fmt: skip
    named = pods_of("default", {"metadata": {"labels": {"role": "db"}}, "spec": server})
    ingress = rules("{podSelector: {}, ingress: [{ports: [{port: http}, {port: dns, protocol: UDP}, {port: dns}]}]}")
    assert ingress.admitted(WEB, named).words() == ["TCP 8000", "UDP 53"]
    assert ingress.admitted(WEB, DB) == NONE
    # The name of a port of another protocol doesn't match.
    assert rules("{podSelector: {}, ingress: [{ports: [{port: dns}]}]}").admitted(WEB, named) == NONE
    egress = rules(
        "{podSelector: {matchLabels: {role: web}}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}"
    )
    assert egress.admitted(WEB, named).words() == ["TCP 8000"]
    assert egress.admitted(WEB, at("10.0.0.0/8")) == NONE


def test_a_pods_own_node_is_always_allowed() -> None:
    closed = rules("{podSelector: {}, policyTypes: [Ingress, Egress]}")
    assert closed.admitted(OwnNode(), DB) == closed.admitted(DB, OwnNode()) == ALL


def test_address_ranges_reach_pods_only_where_the_network_plugin_says_so() -> None:
    db = "podSelector: {matchLabels: {role: db}}"
    spec = f"{{{db}, policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{cidr: 0.0.0.0/0}}}}]}}]}}"
    assert rules(spec).admitted(DB, pods("other")) == NONE
    assert rules(spec).admitted(DB, Pods("other", {}, addresses=(ip_network("10.244.0.0/16"),))) == ALL
    assert rules(spec).admitted(DB, Outside()) == NONE
    assert rules(spec).admitted(DB, at("2000::/3")) == NONE


@pytest.mark.parametrize("addresses", [["172.17.0.0/16"], ["172.16.0.0/15"], ["172.17.0.0/24", "172.18.0.0/24"]])
def test_a_partly_matching_address_range_is_refused(addresses: list[str]) -> None:
    with pytest.raises(NotUniformError):
        rules(DOCUMENTED).admitted(at(*addresses), DB)


@pytest.mark.parametrize(
    "spec",
    [
        {"podSelector": {}, "priority": 1},
        {"podSelector": {"matchLabels": {}, "matchNames": []}},
        {"podSelector": {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}},
        {"podSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
        {"podSelector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}},
        {"podSelector": {}, "policyTypes": ["Ingress", "Forward"]},
        {"podSelector": {}, "ingress": [{"from": [], "icmps": []}]},
        {"podSelector": {}, "ingress": [{"to": []}]},
        {"podSelector": {}, "ingress": [{"from": [{}]}]},
        {"podSelector": {}, "ingress": [{"from": [{"serviceSelector": {}}]}]},
        {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]},
        {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}}]}]},
        {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "everywhere"}}]}]},
        {"podSelector": {}, "ingress": [{"ports": [{"protocol": "ICMP", "port": 1}]}]},
        {"podSelector": {}, "ingress": [{"ports": [{"port": 9, "endPort": 8}]}]},
        {"podSelector": {}, "ingress": [{"ports": [{"port": "http", "endPort": 8}]}]},
        {"podSelector": {}, "ingress": [{"ports": [{"endPort": 8}]}]},
        {"podSelector": {}, "ingress": [{"ports": [{"port": 0}]}]},
        {"podSelector": {}, "ingress": [{"ports": [{"port": 1, "host": "x"}]}]},
    ],
)
def test_unsupported_fields_are_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstoodError):
        rules(spec)


def test_other_kinds_of_policies_and_pods_without_a_network_of_their_own_are_refused() -> None:
    with pytest.raises(NotUnderstoodError, match="CiliumNetworkPolicy"):
        NetworkRules([], [{"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {}, "spec": {}}])
    with pytest.raises(NotUnderstoodError, match="network of their node"):
        pods_of("monitoring", {"metadata": {}, "spec": {"hostNetwork": True, "containers": []}})
    with pytest.raises(NotUnderstoodError, match="no namespace nowhere"):
        rules("{podSelector: {}}").admitted(pods("nowhere"), DB)


SPANS = st.lists(
    st.tuples(st.sampled_from(["TCP", "UDP", "SCTP"]), st.integers(1, 65535), st.integers(0, 300)), max_size=5
)


@given(SPANS, SPANS)
def test_sets_of_ports_are_sets(first: list[tuple[str, int, int]], second: list[tuple[str, int, int]]) -> None:
    def both(spans: list[tuple[str, int, int]]) -> tuple[Ports, set[tuple[str, int]]]:
        ports, plain = NONE, set()
        for protocol, begin, length in spans:
            end = min(begin + length, 65535)
            ports |= Ports.of(protocol, begin, end)
            plain |= {(protocol, port) for port in range(begin, end + 1)}
        return ports, plain

    def read(ports: Ports) -> set[tuple[str, int]]:
        spans = (words.replace("-", " ").split() for words in ports.words())
        return {(span[0], port) for span in spans for port in range(int(span[1]), int(span[-1]) + 1)}

    (left, plain_left), (right, plain_right) = both(first), both(second)
    assert read(left) == plain_left
    assert read(left | right) == plain_left | plain_right
    assert read(left & right) == plain_left & plain_right
    assert read(left - right) == plain_left - plain_right
    assert bool(left) == bool(plain_left)
