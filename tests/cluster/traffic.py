"""Who is there to talk: pods and addresses around a stack, and which of them may reach which.

Namespaces, policies and the pods of our Deployments are read from the API server (or from a preview, which has no
server to ask). Pods of charts, which are not rendered here, are stood for by pods with the labels that policies select
them by.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from typing import Final, Protocol

from planning.plan import AzurePlan, NetworkPlan
from simulators.api_server.client import Object
from simulators.network.network_policies import Direction, End, NetworkRules, Outside, OwnNode, Pods, pods_of
from simulators.network.port_sets import Ports
from tests.cluster.documented_table import DocumentedTable, Fact
from tests.engine.platform_stacks import REPOSITORY, STACKS

MODEL: Final = "llm-platform/model"
_PART_OF: Final = ("app.kubernetes.io/part-of", "llm-platform")
_POLICIES: Final = ("networking.k8s.io/v1", "NetworkPolicy")
_PROXY: Final = {
    "app.kubernetes.io/name": "envoy",
    "app.kubernetes.io/component": "proxy",
    "app.kubernetes.io/managed-by": "envoy-gateway",
    "gateway.envoyproxy.io/owning-gateway-name": "llm",
}
_OWNER: Final = "gateway.envoyproxy.io/owning-gateway-namespace"
_OPERATED: Final = {"app.kubernetes.io/managed-by": "prometheus-operator"}
# What controllers write on their pods, from their own sources: CoreDNS in AKS and everywhere; Envoy Gateway
# internal/infrastructure/kubernetes/proxy; Prometheus Operator pkg/prometheus/server/statefulset.go and
# pkg/alertmanager/statefulset.go; GPU Operator assets/state-driver. And labels that the templates of charts write:
# external-secrets, keda, cert-manager, gateway-helm, ai-gateway-helm, kube-prometheus-stack, Grafana and
# kube-state-metrics, at the versions of the catalog.
_CHART_PODS: Final = (
    ("kube-system", "cluster DNS", {"k8s-app": "kube-dns"}, (("dns", "UDP", 53), ("dns-tcp", "TCP", 53))),
    ("envoy-gateway-system", "gateway proxies", {**_PROXY, _OWNER: "llm-gateway"}, ()),
    ("envoy-gateway-system", "Envoy Gateway", {"control-plane": "envoy-gateway"}, ()),
    ("envoy-gateway-system", "the Job for CRDs", {"app.kubernetes.io/name": "gateway-helm-crds"}, ()),
    ("envoy-ai-gateway-system", "the AI gateway's controller", {"app.kubernetes.io/name": "ai-gateway-helm"}, ()),
    ("envoy-gateway-system", "proxies of another Gateway", {**_PROXY, _OWNER: "team"}, ()),
    ("monitoring", "the Prometheus server", {**_OPERATED, "app.kubernetes.io/name": "prometheus"}, ()),
    ("monitoring", "Alertmanager", {**_OPERATED, "app.kubernetes.io/name": "alertmanager"}, ()),
    ("monitoring", "Grafana", {"app.kubernetes.io/name": "grafana"}, ()),
    ("monitoring", "kube-state-metrics", {"app.kubernetes.io/name": "kube-state-metrics"}, ()),
    ("monitoring", "Prometheus Operator", {"app.kubernetes.io/component": "prometheus-operator"}, ()),
    ("keda", "KEDA's operator", {"app": "keda-operator"}, ()),
    ("keda", "KEDA's metrics server", {"app": "keda-operator-metrics-apiserver"}, ()),
    ("keda", "KEDA's webhook", {"app": "keda-admission-webhooks"}, ()),
    ("external-secrets", "External Secrets", {"app.kubernetes.io/name": "external-secrets"}, ()),
    ("external-secrets", "External Secrets' webhook", {"app.kubernetes.io/name": "external-secrets-webhook"}, ()),
    ("cert-manager", "cert-manager's controller", {"app.kubernetes.io/component": "controller"}, ()),
    ("cert-manager", "cert-manager's webhook", {"app.kubernetes.io/component": "webhook"}, ()),
    ("gpu-operator", "the driver's installer", {"app.kubernetes.io/component": "nvidia-driver"}, ()),
)
_PRIVATE: Final = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
_METADATA: Final = "169.254.169.254/32"
_AZURE: Final = "168.63.129.16/32"
# Addresses of Entra's sign-in: https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges, id 56.
_SIGN_IN: Final = ("20.20.32.0/19", "20.190.128.0/18", "20.231.128.0/19", "40.126.0.0/18")
# Nothing that a packet can be sent to: this host, loopback, link-local, multicast, reserved (RFC 6890).
_NOWHERE: Final = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")


class Objects(Protocol):
    """Whoever has the objects of a cluster."""

    def list(self, api_version: str, kind: str) -> list[Object]:
        """All objects of a kind."""
        ...


@dataclass(frozen=True)
class Group:
    """One end of traffic. Groups that share the name `shown` are alike, or go by their own; `model` is whose pods."""

    name: str
    shown: str
    end: End
    model: str = ""

    @classmethod
    def of(cls, name: str, end: End) -> "Group":
        """A group that goes by its own name."""
        return cls(name, name, end)


def documented(name: str, stacks: Sequence[str] = STACKS) -> DocumentedTable:
    """A table of the page about all this."""
    page = "network-observed.md" if name.startswith("observed-") else "network.md"
    return DocumentedTable(REPOSITORY / "docs" / page, name, stacks)


def is_ours(item: Object) -> bool:
    """Whether an object is one of the platform's own."""
    key, value = _PART_OF
    return (item["metadata"].get("labels") or {}).get(key) == value


def network_rules(client: Objects) -> NetworkRules:
    """The policies in the API server."""
    return NetworkRules(client.list("v1", "Namespace"), client.list(*_POLICIES))


def groups(client: Objects, foundation: AzurePlan, *, by_address: bool = False) -> list[Group]:
    """Everyone that a policy could tell apart.

    `by_address`: the network plugin matches pods and nodes by address ranges too, as Kubernetes lets it; Cilium
    does not: https://docs.cilium.io/en/stable/security/policy/language/#ip-cidr-based
    """
    pods, nodes = _addresses(foundation.cluster.pod_cidr), _addresses(*_subnet(foundation.network, "nodes"))
    found = [*_models(client), *_charts(), *_somebody_else(client), *_spaces(client)]
    if by_address:
        found = [
            replace(group, end=replace(group.end, addresses=pods)) for group in found if isinstance(group.end, Pods)
        ]
    return [*found, Group.of("other nodes", Outside(nodes if by_address else ())), *_outside(foundation)]


def admitted(groups: Iterable[Group], rules: NetworkRules) -> set[Fact]:
    """Who may reach whom on which ports: (from, to, ports), one fact for each range of ports."""
    everyone = list(groups)
    return merged(
        ((source.name, target.name), _shown(source, target), _words(rules.admitted(source.end, target.end)))
        for source in everyone
        for target in everyone
        if isinstance(source.end, Pods) or isinstance(target.end, Pods)
    )


def limits(client: Objects, rules: NetworkRules) -> set[Fact]:
    """Each of our namespaces, whether traffic in and out is closed there, and the pods that it takes."""
    facts = set[Fact]()
    for namespace in filter(is_ours, client.list("v1", "Namespace")):
        name, labels = namespace["metadata"]["name"], namespace["metadata"]["labels"]
        directions: tuple[Direction, ...] = ("Ingress", "Egress")
        closed = ("closed" if rules.isolates(direction, Pods(name, {})) else "open" for direction in directions)
        facts.add((name, *closed, labels["pod-security.kubernetes.io/enforce"]))
    return facts


def merged(entries: Iterable[tuple[Fact, Fact, frozenset[Fact]]]) -> set[Fact]:
    """Facts under a shared name as far as all who share it are alike, under their own names where they are not.

    An entry has the own names, the shared ones, and what is so for them.
    """
    shared: dict[Fact, dict[Fact, frozenset[Fact]]] = {}
    for own, shown, values in entries:
        shared.setdefault(shown, {})[own] = values
    facts = set()
    for shown, values_of in shared.items():
        common = frozenset.intersection(*values_of.values())
        facts |= {(*shown, *value) for value in common}
        facts |= {(*own, *value) for own, values in values_of.items() for value in values - common}
    return facts


def _words(ports: Ports) -> frozenset[Fact]:
    return frozenset((word,) for word in ports.words())


def _shown(source: Group, target: Group) -> Fact:
    if source.model and target.model:
        return source.shown, "its own model's pods" if source.model == target.model else "another model's pods"
    return source.shown, target.shown


def _models(client: Objects) -> Iterator[Group]:
    # Those of charts' namespaces have their own lines in the page's table.
    known = {space for space, *_ in _CHART_PODS}
    others = [item for kind in ("StatefulSet", "DaemonSet") for item in client.list("apps/v1", kind) if is_ours(item)]
    others = [item for item in others if item["metadata"]["namespace"] not in known]
    for deployment in (*client.list("apps/v1", "Deployment"), *others):
        meta, template = deployment["metadata"], deployment["spec"]["template"]
        model = template["metadata"].get("labels", {}).get(MODEL, "")
        name = f"{meta['namespace']}/{meta['name']}"
        shown = f"{meta['namespace']}/MODEL" if model else name
        yield Group(name, shown, pods_of(meta["namespace"], template), model)


def _charts() -> Iterator[Group]:
    return (Group.of(name, Pods(space, labels, named)) for space, name, labels, named in _CHART_PODS)


def _somebody_else(client: Objects) -> Iterator[Group]:
    """Pods in a namespace of their own with the labels of any pods that policies know."""
    known = [(group.name, group.end) for group in (*_models(client), *_charts())]
    for name, end in known:
        if isinstance(end, Pods):
            yield Group(f"a pod like {name}", "a pod of somebody else", replace(end, namespace="default"))


def _spaces(client: Objects) -> Iterator[Group]:
    """A pod without labels in every namespace, which is none of those that policies ask for."""
    for namespace in client.list("v1", "Namespace"):
        name = namespace["metadata"]["name"]
        is_named = is_ours(namespace) or name == "kube-system"
        yield Group(name, f"pods of {name}" if is_named else "pods of other namespaces", Pods(name, {}))


def _outside(foundation: AzurePlan) -> Iterator[Group]:
    subnets = {
        role: _subnet(foundation.network, role) for role in ("nodes", "api_server", "gateway", "private_endpoints")
    }
    cluster = foundation.cluster
    taken = [*(range_ for ranges in subnets.values() for range_ in ranges), cluster.pod_cidr, cluster.service_cidr]
    yield Group.of("its own node", OwnNode())
    yield Group.of("the API server", Outside(_addresses(*subnets["api_server"])))
    yield Group.of("the gateway's address", Outside(_addresses(*subnets["gateway"])))
    yield Group.of("private endpoints", Outside(_addresses(*subnets["private_endpoints"])))
    yield Group.of("other private networks", Outside(_without(_addresses(*_PRIVATE), taken)))
    yield Group.of("instance metadata", Outside(_addresses(_METADATA)))
    yield Group.of("Azure's own address", Outside(_addresses(_AZURE)))
    for range_ in _SIGN_IN:
        yield Group(f"Azure's token service at {range_}", "Azure's token service", Outside(_addresses(range_)))
    everything = _addresses("0.0.0.0/0")
    yield Group.of("the internet", Outside(_without(everything, [*_PRIVATE, *_NOWHERE, _AZURE, *_SIGN_IN, *taken])))


def _subnet(network: NetworkPlan, role: str) -> list[str]:
    return [subnet.cidr for subnet in network.subnets if subnet.role == role]


def _addresses(*ranges: str) -> tuple[IPv4Network, ...]:
    return tuple(IPv4Network(range_) for range_ in ranges)


def _without(whole: Iterable[IPv4Network], parts: Iterable[str]) -> tuple[IPv4Network, ...]:
    left = list(whole)
    for part in _addresses(*parts):
        kept = [network for network in left if not network.overlaps(part)]
        cut = [rest for network in left if part.subnet_of(network) for rest in network.address_exclude(part)]
        left = [*kept, *cut]
    return tuple(left)
