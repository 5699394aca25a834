"""For each object that a stack declares in the cluster: who calls it? A kind without an answer here fails.

What only costs, waits or looks safe is a bug: an alert without a receiver, a registry without a pull, a Secret that no
pod mounts. Users that a chart brings (Prometheus, KEDA, the gateway's controllers) are known by what
selects the object.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simulators.helm.chart_rights import chart_rights
from simulators.helm.installed_charts import chart_name
from tests.graph.stacks import ALL, Entry, entries_of, is_kubernetes, strings

Users = Callable[[Entry, "Graph"], bool]
_POD_OWNERS = ("Deployment", "Job", "StatefulSet", "DaemonSet")


class Graph:
    """One stack's resources with what a search for users needs."""

    def __init__(self, stack: str) -> None:
        self.entries = entries_of(stack)

    def of(self, *kinds: str) -> Iterator[dict[str, Any]]:
        """Inputs of the Kubernetes objects of these kinds."""
        yield from (entry["inputs"] for entry in self.entries if entry["inputs"].get("kind") in kinds)

    def charts(self) -> Iterator[dict[str, Any]]:
        """Inputs of the charts."""
        yield from (entry["inputs"] for entry in self.entries if entry["type"].endswith(":Release"))

    def values(self, chart: str) -> dict[str, Any]:
        """Helm values of a chart."""
        return next(
            entry["inputs"].get("values") or {}
            for entry in self.entries
            if entry["type"].endswith(":Release") and entry["inputs"]["name"] == chart
        )

    def pods(self, namespace: str) -> Iterator[dict[str, Any]]:
        """Pod templates of our own in a namespace."""
        for owner in self.of(*_POD_OWNERS):
            if owner["metadata"]["namespace"] == namespace:
                yield owner["spec"]["template"]
        for owner in self.of("CronJob"):
            if owner["metadata"]["namespace"] == namespace:
                yield owner["spec"]["jobTemplate"]["spec"]["template"]


def _in_pods(entry: Entry, graph: Graph) -> bool:
    item = entry["inputs"]["metadata"]
    return any(item["name"] in strings(pod["spec"]) for pod in graph.pods(item["namespace"]))


def _config_map(entry: Entry, graph: Graph) -> bool:
    """Grafana's sidecar reads every one with its label (tests/graph/test_dashboards_installed.py)."""
    return _in_pods(entry, graph) or "grafana_dashboard" in entry["inputs"]["metadata"]["labels"]


def _selects_pods(entry: Entry, graph: Graph) -> bool:
    wanted = entry["inputs"]["spec"]["selector"]["matchLabels"].items()
    pods = graph.pods(entry["inputs"]["metadata"]["namespace"])
    return any(wanted <= pod["metadata"]["labels"].items() for pod in pods)


def _service(entry: Entry, graph: Graph) -> bool:
    item = entry["inputs"]
    host = f"{item['metadata']['name']}.{item['metadata']['namespace']}.svc.cluster.local"
    selected = item["spec"]["selector"].items()
    by_a_chart = any(host in text for chart in graph.charts() for text in strings(chart.get("values") or {}))
    # A guard model's, by the processor of content safety.
    by_a_setting = any(host in text for settings in graph.of("ConfigMap") for text in strings(settings))
    by_a_route = any(host in strings(backend) for backend in graph.of("Backend"))
    return (by_a_route or by_a_chart or by_a_setting) and any(
        selected <= pod["metadata"]["labels"].items() for pod in graph.pods(item["metadata"]["namespace"])
    )


def _referenced_by(*kinds: str) -> Users:
    def used(entry: Entry, graph: Graph) -> bool:
        return any(entry["inputs"]["metadata"]["name"] in strings(user["spec"]) for user in graph.of(*kinds))

    return used


def _external_secret(entry: Entry, graph: Graph) -> bool:
    """The Secret that it makes is named by a pod, by an object of the gateway, or by the values of a chart."""
    name = entry["inputs"]["spec"]["target"]["name"]
    return any(
        name in strings(user["inputs"])
        for user in graph.entries
        if user["inputs"].get("kind") != "ExternalSecret" and is_kubernetes(user)
    )


def _store(entry: Entry, graph: Graph) -> bool:
    item = entry["inputs"]["metadata"]
    return any(
        (user["metadata"]["namespace"], user["spec"]["secretStoreRef"]["name"]) == (item["namespace"], item["name"])
        for user in graph.of("ExternalSecret")
    )


def _account(entry: Entry, graph: Graph) -> bool:
    item = entry["inputs"]["metadata"]
    named = [pod["spec"].get("serviceAccountName") for pod in graph.pods(item["namespace"])]
    stores = [
        text
        for store in graph.of("SecretStore")
        if store["metadata"]["namespace"] == item["namespace"]
        for text in strings(store["spec"])
    ]
    return item["name"] in named or item["name"] in stores


def _read_by_prometheus(entry: Entry, graph: Graph) -> bool:
    """Prometheus takes every monitor and rule of every namespace, whatever the chart's own labels."""
    kind = {"PodMonitor": "podMonitor", "ServiceMonitor": "serviceMonitor", "PrometheusRule": "rule"}
    switch = f"{kind[entry['inputs']['kind']]}SelectorNilUsesHelmValues"
    return graph.values("kube-prometheus-stack")["prometheus"]["prometheusSpec"].get(switch) is False


def _alerts(entry: Entry, graph: Graph) -> bool:
    """Critical alerts and warnings go to a receiver whose address lies in a mounted Secret."""
    values = graph.values("kube-prometheus-stack")["alertmanager"]
    mounted = [
        f"/etc/alertmanager/secrets/{item['spec']['target']['name']}/{data['secretKey']}"
        for item in graph.of("ExternalSecret")
        if item["spec"]["target"]["name"] in values["alertmanagerSpec"]["secrets"]
        for data in item["spec"]["data"]
    ]
    receivers = {item["name"]: strings(item) for item in values["config"]["receivers"]}
    named = [receivers[values["config"]["route"]["receiver"]]]
    named += [
        receivers[route["receiver"]]
        for route in values["config"]["route"]["routes"]
        if any("critical" in matcher or "warning" in matcher for matcher in route["matchers"])
    ]
    return all(set(texts) & set(mounted) for texts in named) and _read_by_prometheus(entry, graph)


def _scaled(entry: Entry, graph: Graph) -> bool:
    target = entry["inputs"]["spec"]["scaleTargetRef"]["name"]
    return any(item["metadata"]["name"] == target for item in graph.of("Deployment"))


def _annotated(annotation: str, kind: str) -> Users:
    def used(entry: Entry, graph: Graph) -> bool:
        name = entry["inputs"]["metadata"]["name"]
        return any((item["metadata"].get("annotations") or {}).get(annotation) == name for item in graph.of(kind))

    return used


def _policy_targets(entry: Entry, graph: Graph) -> bool:
    """A policy of the gateway is attached to a Gateway, a route, one that an AIGatewayRoute makes, or a backend."""
    kinds = {"HTTPRoute": ("AIGatewayRoute", "HTTPRoute")}
    return all(
        any(
            item["metadata"]["name"] == target["name"]
            for item in graph.of(*kinds.get(target["kind"], (target["kind"],)))
        )
        for target in entry["inputs"]["spec"]["targetRefs"]
    )


def _route(entry: Entry, graph: Graph) -> bool:
    parents = [parent["name"] for parent in entry["inputs"]["spec"]["parentRefs"]]
    return any(item["metadata"]["name"] in parents for item in graph.of("Gateway"))


def _filter(entry: Entry, graph: Graph) -> bool:
    """A rule of a route names it."""
    name = entry["inputs"]["metadata"]["name"]
    rules = [rule for route in graph.of("HTTPRoute") for rule in route["spec"]["rules"]]
    return any(found["extensionRef"]["name"] == name for rule in rules for found in rule.get("filters", []))


def _role(entry: Entry, graph: Graph) -> bool:
    """It is bound: by a binding, or by a chart, among whose values its name is."""
    kind, meta = entry["inputs"]["kind"], entry["inputs"]["metadata"]
    return any(
        item["roleRef"]["name"] == meta["name"] and item["metadata"].get("namespace") == meta.get("namespace")
        for item in graph.of(f"{kind}Binding")
    ) or any(
        release["inputs"].get("namespace") == meta.get("namespace")
        and meta["name"] in strings(release["inputs"]["values"])
        for release in graph.entries
        if release["type"].endswith(":Release")
    )


def _issuer(entry: Entry, graph: Graph) -> bool:
    """A chart of its namespace has a certificate from it."""
    meta = entry["inputs"]["metadata"]
    return any(
        release["inputs"]["namespace"] == meta["namespace"] and meta["name"] in strings(release["inputs"]["values"])
        for release in graph.entries
        if release["type"].endswith(":Release")
    )


def _binding(entry: Entry, graph: Graph) -> bool:
    accounts = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in graph.of("ServiceAccount")]
    for release in graph.entries:
        if release["type"].endswith(":Release"):
            made = chart_rights(chart_name(release["inputs"]), release["inputs"])
            accounts += [
                (item["metadata"]["namespace"], item["metadata"]["name"])
                for item in made
                if item["kind"] == "ServiceAccount"
            ]
    return all(
        subject["kind"] != "ServiceAccount" or (subject["namespace"], subject["name"]) in accounts
        for subject in entry["inputs"]["subjects"]
    )


def _bound(entry: Entry, graph: Graph) -> bool:
    bindings = graph.of("ValidatingAdmissionPolicyBinding")
    return any(item["spec"]["policyName"] == entry["inputs"]["metadata"]["name"] for item in bindings)


def _inhabited(entry: Entry, graph: Graph) -> bool:
    name = entry["inputs"]["metadata"]["name"]
    if name == graph.values("kube-prometheus-stack")["prometheus-node-exporter"]["namespaceOverride"]:
        return True
    objects = [item["inputs"].get("metadata", item["inputs"]) for item in graph.entries if is_kubernetes(item)]
    return any(item.get("namespace") == name for item in objects)


def _by_itself(_entry: Entry, _graph: Graph) -> bool:
    """It acts: pods that run, an entrance that clients call, a rule that the cluster enforces."""
    return True


KUBERNETES: dict[str, Users] = {
    "AIGatewayRoute": _route,
    "AIServiceBackend": _referenced_by("AIGatewayRoute"),
    "Backend": _referenced_by("AIServiceBackend", "EnvoyExtensionPolicy"),
    "BackendSecurityPolicy": _policy_targets,
    "BackendTrafficPolicy": _policy_targets,
    "ClientTrafficPolicy": _policy_targets,
    "EnvoyExtensionPolicy": _policy_targets,
    "HTTPRoute": _route,
    "HTTPRouteFilter": _filter,
    "ClusterRole": _role,
    "ClusterRoleBinding": _binding,
    "ConfigMap": _config_map,
    "CronJob": _by_itself,
    "Deployment": _by_itself,
    "EnvoyProxy": _referenced_by("GatewayClass"),
    "ExternalSecret": _external_secret,
    "Gateway": _by_itself,
    "GatewayClass": _referenced_by("Gateway"),
    "GatewayConfig": _annotated("aigateway.envoyproxy.io/gateway-config", "Gateway"),
    "Issuer": _issuer,
    "Job": _by_itself,
    "Namespace": _inhabited,
    "NetworkPolicy": _by_itself,
    "PodDisruptionBudget": _selects_pods,
    "PodMonitor": _read_by_prometheus,
    "PrometheusRule": _alerts,
    "Role": _role,
    "RoleBinding": _binding,
    "ScaledObject": _scaled,
    "SecretStore": _store,
    "SecurityPolicy": _policy_targets,
    "Service": _service,
    "ServiceAccount": _account,
    "ServiceMonitor": _read_by_prometheus,
    "StatefulSet": _by_itself,
    "ValidatingAdmissionPolicy": _bound,
    "ValidatingAdmissionPolicyBinding": _by_itself,
}


@pytest.mark.parametrize("stack", ALL)
def test_every_object_in_the_cluster_is_used(stack: str) -> None:
    graph = Graph(stack)
    objects = [entry for entry in graph.entries if is_kubernetes(entry) and "kind" in entry["inputs"]]
    assert objects
    assert {entry["inputs"]["kind"] for entry in objects} <= KUBERNETES.keys()

    unused = [entry["urn"] for entry in objects if not KUBERNETES[entry["inputs"]["kind"]](entry, graph)]

    assert unused == []
