"""The namespaces of charts are closed, in every stack, and nobody reaches what hands out a node's identity."""

import pytest

import catalog
import config
from planning import decide
from planning.plan import AzurePlan
from simulators.network.network_policies import NetworkRules, Pods
from simulators.network.port_sets import NONE, Ports
from tests.cluster import traffic
from tests.cluster.traffic import Group
from tests.graph.stacks import ALL, entries_of, sections_of
from tests.graph.test_charts import releases
from tests.graph.test_network_page import Declared

each_stack = pytest.mark.parametrize("stack", ALL)
# The AI gateway's server for Envoy Gateway.
EXTENSION_PORT = 1063


class Seen:
    """The policies of a stack, and everyone around by name."""

    def __init__(self, stack: str) -> None:
        self.declared = Declared(entries_of(stack))
        self.rules: NetworkRules = traffic.network_rules(self.declared)
        self.groups = {group.name: group for group in traffic.groups(self.declared, foundation(stack))}
        self.ours = {
            item["metadata"]["name"] for item in self.declared.list("v1", "Namespace") if traffic.is_ours(item)
        }

    def own_pods(self) -> list[Group]:
        return [group for group in self.groups.values() if self.space(group) in self.ours]

    def space(self, group: Group) -> str:
        return group.end.namespace if isinstance(group.end, Pods) else ""

    def reaches(self, source: str, target: str) -> Ports:
        return self.rules.admitted(self.groups[source].end, self.groups[target].end)


def foundation(stack: str) -> AzurePlan:
    return decide(config.load(sections_of(stack)), catalog.load()).foundation


@each_stack
def test_every_namespace_is_closed_in_both_directions(stack: str) -> None:
    seen = Seen(stack)
    assert {release["inputs"]["namespace"] for release in releases(stack).values()} <= seen.ours
    for name in seen.ours:
        assert seen.rules.isolates("Ingress", Pods(name, {})), name
        assert seen.rules.isolates("Egress", Pods(name, {})), name


@each_stack
def test_no_pod_reaches_the_metadata_service_or_azures_own_address(stack: str) -> None:
    """A mail server's port is none of theirs, 80; kubelets and node exporters are named by port alone."""
    seen = Seen(stack)
    answered = Ports.of("TCP", 80) | Ports.of("TCP", 443) | Ports.of("TCP", 32526)
    for group in seen.own_pods():
        for target in ("instance metadata", "Azure's own address"):
            reached = seen.rules.admitted(group.end, seen.groups[target].end)
            assert reached & answered == NONE, (group.name, target)


@each_stack
def test_only_envoy_gateway_is_sent_what_crosses_to_the_extension_server(stack: str) -> None:
    seen = Seen(stack)
    port = Ports.of("TCP", EXTENSION_PORT)
    reaching = {
        name
        for name, group in seen.groups.items()
        if seen.rules.admitted(group.end, seen.groups["the AI gateway's controller"].end) & port != NONE
    }
    assert reaching == {"Envoy Gateway", "its own node"}


# The policy on the AI gateway's controller is older than the others, and what opens the processor of content safety
# and the store of traces comes once those are there.
LATER = {"gateway-ai-traffic", "safety-proxies", "telemetry-grafana"}


@each_stack
def test_controllers_reach_what_they_need(stack: str) -> None:
    seen = Seen(stack)
    proxies = {"gateway proxies", "proxies of another Gateway"}
    for group in seen.own_pods():
        # The node exporter is in its host's network, and asks nobody; the processor of content safety asks its guards,
        # and the collector of traces their store.
        apart = seen.space(group) in ("llm", "llm-gateway", "llm-safety", "llm-telemetry")
        if group.name in (*proxies, "Alertmanager", "node-exporter") or apart:
            continue
        assert seen.reaches(group.name, "the API server") & Ports.of("TCP", 443) != NONE, group.name
        assert seen.reaches(group.name, "cluster DNS") & Ports.of("UDP", 53) != NONE, group.name
    for source, target, port in (
        ("KEDA's operator", "the Prometheus server", 9090),
        ("KEDA's metrics server", "KEDA's operator", 9666),
        ("the API server", "KEDA's metrics server", 6443),
        ("the API server", "KEDA's webhook", 9443),
        ("the API server", "External Secrets' webhook", 10250),
        ("the API server", "cert-manager's webhook", 10250),
        ("the API server", "Prometheus Operator", 10250),
        ("the API server", "Envoy Gateway", 9443),
        ("the API server", "the AI gateway's controller", 9443),
        ("External Secrets", "private endpoints", 443),
        ("External Secrets", "the internet", 443),
        ("Grafana", "the Prometheus server", 9090),
        ("Grafana", "Alertmanager", 9093),
        ("the Prometheus server", "Alertmanager", 9093),
        ("Alertmanager", "Alertmanager", 9094),
        ("gateway proxies", "Envoy Gateway", 18000),
        ("the internet", "gateway proxies", 10443),
        ("the Job for CRDs", "the internet", 443),
        ("the Prometheus server", "other nodes", 10250),
        ("the Prometheus server", "other nodes", 9100),
        ("the Prometheus server", "cluster DNS", 9153),
        ("the Prometheus server", "the API server", 443),
    ):
        assert seen.reaches(source, target) & Ports.of("TCP", port) != NONE, (source, target, port)


@each_stack
def test_every_metric_that_is_scraped_can_be(stack: str) -> None:
    seen = Seen(stack)
    for target, *ports in (
        ("gateway proxies", 19001, 1064),
        ("Envoy Gateway", 19001),
        ("the AI gateway's controller", 8080),
        ("KEDA's operator", 8080),
        ("External Secrets", 8080),
        ("cert-manager's controller", 9402),
        ("gpu-operator", 8080, 9400),
        ("kube-state-metrics", 8080, 8081),
        ("Prometheus Operator", 10250),
        ("the Prometheus server", 9090, 8080),
        ("Alertmanager", 9093, 8080),
        ("Grafana", 3000),
    ):
        for port in ports:
            assert seen.reaches("the Prometheus server", target) & Ports.of("TCP", port) != NONE, (target, port)
            # Everybody else: neither a model nor a pod of a team.
            for somebody in ("llm", "default", "gateway proxies"):
                allowed = seen.reaches(somebody, target) & Ports.of("TCP", port)
                assert allowed == NONE or target == "Prometheus Operator", (somebody, target, port)


@each_stack
def test_policies_are_there_before_the_pods_of_a_chart(stack: str) -> None:
    policies: dict[str, set[str]] = {}
    for entry in entries_of(stack):
        if entry["inputs"].get("kind") == "NetworkPolicy":
            policies.setdefault(entry["inputs"]["metadata"]["namespace"], set()).add(entry["urn"])
    for name, release in releases(stack).items():
        # It has CRDs alone.
        if name != "ai-gateway-crds-helm":
            late = policies[release["inputs"]["namespace"]] - set(release["options"]["depends_on"])
            assert {urn.rpartition("::")[2] for urn in late} <= LATER, name
