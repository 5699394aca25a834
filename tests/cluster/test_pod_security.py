"""The API server takes the pods of every namespace by the pod security standard that the namespace enforces.

Pods of charts are stood for by their security contexts: those of the charts' own values with this program's on top, or
those that the named lines of their sources write.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

import catalog
from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import ApiError, Client, Object
from simulators.api_server.waiting import eventually
from simulators.helm.chart_values import effective_values
from tests.graph.stacks import ALL, Entry, entries_of

pytestmark = pytest.mark.cluster
Context = Mapping[str, Any]
_DROP_ALL: Final[Context] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
_OF_ENVOY: Final[Context] = {
    **_DROP_ALL, "privileged": False, "runAsNonRoot": True, "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}  # fmt: skip
# Ours: components/cluster/redis.py.
_OF_REDIS: Final[Context] = {"runAsNonRoot": True, "runAsUser": 999, "seccompProfile": {"type": "RuntimeDefault"}}
_OF_GRAFANA: Final[Context] = {**_DROP_ALL, "seccompProfile": {"type": "RuntimeDefault"}}
# Of a pod and its containers, by chart and pod: paths of values, or what a controller or a chart of a chart says.
# prometheus-operator 0.93.0 pkg/prometheus/server/statefulset.go:347, pkg/alertmanager/statefulset.go:715 and
# pkg/operator/config_reloader.go:368; Envoy Gateway internal/infrastructure/kubernetes/proxy/resource.go:491 and :507,
# ratelimit/resource.go:552;
# the AI gateway's internal/controller/extproc_builder.go:142; the charts grafana 12.11.1 and kube-state-metrics 8.4.0,
# values.yaml.
PODS: Final[dict[tuple[str, str], tuple[str | Context, tuple[str | Context, ...]]]] = {
    ("external-secrets", "external-secrets"): ("podSecurityContext", ("securityContext",)),
    ("external-secrets", "webhook"): ("webhook.podSecurityContext", ("webhook.securityContext",)),
    ("keda", "keda-operator"): ("podSecurityContext.operator", ("securityContext.operator",)),
    ("keda", "metrics-apiserver"): ("podSecurityContext.metricServer", ("securityContext.metricServer",)),
    ("keda", "admission-webhooks"): ("podSecurityContext.webhooks", ("securityContext.webhooks",)),
    ("cert-manager", "controller"): ("securityContext", ("containerSecurityContext",)),
    ("cert-manager", "webhook"): ("webhook.securityContext", ("webhook.containerSecurityContext",)),
    ("cert-manager", "cainjector"): ("cainjector.securityContext", ("cainjector.containerSecurityContext",)),
    ("cert-manager", "startupapicheck"): (
        "startupapicheck.securityContext", ("startupapicheck.containerSecurityContext",),
    ),
    ("gateway-helm", "envoy-gateway"): ("deployment.pod.securityContext", ("deployment.envoyGateway.securityContext",)),
    ("gateway-helm", "proxies"): ({}, (_OF_ENVOY, _OF_ENVOY, _OF_ENVOY)),
    ("gateway-helm", "rate-limits"): ({}, ({**_OF_ENVOY, "runAsUser": 65534, "runAsGroup": 65534},)),
    ("gateway-helm", "rate-limit-redis"): (_OF_REDIS, (_DROP_ALL,)),
    ("gateway-helm", "certgen"): ("certgen.job.pod.securityContext", ("certgen.job.securityContext",)),
    ("ai-gateway-helm", "ai-gateway-controller"): ("controller.podSecurityContext", ("controller.securityContext",)),
    ("kube-prometheus-stack", "operator"): (
        "prometheusOperator.securityContext", ("prometheusOperator.containerSecurityContext",),
    ),
    ("kube-prometheus-stack", "prometheus"): ("prometheus.prometheusSpec.securityContext", (_DROP_ALL, _DROP_ALL)),
    ("kube-prometheus-stack", "alertmanager"): (
        "alertmanager.alertmanagerSpec.securityContext", (_DROP_ALL, _DROP_ALL),
    ),
    ("kube-prometheus-stack", "kube-state-metrics"): (
        {"runAsNonRoot": True, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}}, (_DROP_ALL,),
    ),
    ("kube-prometheus-stack", "grafana"): (
        {"runAsNonRoot": True, "runAsUser": 472, "fsGroup": 472}, (_OF_GRAFANA, _OF_GRAFANA, _OF_GRAFANA),
    ),
    ("kube-prometheus-stack", "upgrade-crds"): (
        "crds.upgradeJob.podSecurityContext", ("crds.upgradeJob.containerSecurityContext",) * 2,
    ),
    ("kube-prometheus-stack", "admission-create"): (
        "prometheusOperator.admissionWebhooks.patch.securityContext",
        ("prometheusOperator.admissionWebhooks.createSecretJob.securityContext",),
    ),
    ("kube-prometheus-stack", "admission-patch"): (
        "prometheusOperator.admissionWebhooks.patch.securityContext",
        ("prometheusOperator.admissionWebhooks.patchWebhookJob.securityContext",),
    ),
}  # fmt: skip
# Pods that are part of their node, in namespaces of their own: the chart gpu-operator, and
# charts/prometheus-node-exporter 4.56.1 values.yaml (hostNetwork, hostPID, hostRootFsMount).
_ON_THE_NODE: Final = ("gpu-operator", "node-exporter")
_NODE_EXPORTER: Final[dict[str, Any]] = {
    "hostNetwork": True,
    "hostPID": True,
    "securityContext": {"runAsNonRoot": True, "runAsUser": 65534},
    "volumes": [{"name": "root", "hostPath": {"path": "/"}}],
    "containers": [{"name": "node-exporter", "image": "example.invalid/e:1", "ports": [{"containerPort": 9100}]}],
}
_LEVEL: Final = "pod-security.kubernetes.io/"


@pytest.fixture(scope="module")
def client(module_cluster: ControlPlane) -> Client:
    """A client of a cluster with the namespaces of the shipped stacks."""
    client = module_cluster.client
    names = []
    spaces = [entry for stack in ("prod", "front-door") for entry in _of_kind(entries_of(stack), "Namespace")]
    for entry in {entry["inputs"]["metadata"]["name"]: entry for entry in spaces}.values():
        client.apply(entry["inputs"], field_manager="pulumi", force=True)
        names.append(entry["inputs"]["metadata"]["name"])

    def has_account(name: str) -> bool:
        return client.find("v1", "ServiceAccount", "default", name) is not None

    for name in names:
        eventually(lambda name=name: has_account(name), f"the default account of {name}")
    return client


def refusal(client: Client, namespace: str, spec: Mapping[str, Any]) -> str:
    """What the API server says against a pod, empty where it takes it."""
    metadata = {"name": "pod", "namespace": namespace}
    try:
        client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": dict(spec)}, dry_run=True)
    except ApiError as error:
        return str(error)
    return ""


def test_every_pod_of_a_chart_has_its_security_contexts_here() -> None:
    facts = catalog.load().system_pods
    pods = {(chart, pod.name) for chart, pods in facts.charts.items() for pod in pods}
    pods |= {(chart, hook) for chart, hooks in facts.hooks.items() for hook in hooks}
    assert {(chart, pod) for chart, pod in pods if chart != "gpu-operator" and pod != "node-exporter"} == PODS.keys()


@pytest.mark.parametrize(("chart", "pod"), PODS, ids=str)
def test_the_pods_of_charts_pass_the_standard_of_their_namespace(
    chart: str, pod: str, client: Client, reference: Path
) -> None:
    (release,) = [
        entry["inputs"]
        for entry in entries_of("prod")
        if entry["type"].endswith(":Release") and entry["inputs"]["name"] == chart
    ]
    values = effective_values(chart, release.get("values") or {}, reference / "charts", release["version"])
    own, containers = PODS[chart, pod]
    spec = {
        "securityContext": _context(own, values),
        "containers": [
            {"name": f"c{index}", "image": "example.invalid/c:1", "securityContext": _context(context, values)}
            for index, context in enumerate(containers)
        ],
    }
    assert _level(client, release["namespace"]) == "restricted"
    assert refusal(client, release["namespace"], spec) == ""


@pytest.mark.parametrize("stack", ALL)
def test_our_own_pods_pass_it(stack: str, client: Client) -> None:
    templates = [*_templates(entries_of(stack))]
    assert templates
    for namespace, spec in templates:
        assert _level(client, namespace) == "restricted", namespace
        # Accounts and classes of priority are not here, and nothing in the standard is about them.
        left_out = {key: value for key, value in spec.items() if key != "serviceAccountName"}
        assert refusal(client, namespace, left_out) == ""


def test_only_namespaces_whose_pods_are_part_of_their_node_take_such_pods(client: Client) -> None:
    namespaces = [entry["inputs"]["metadata"]["name"] for entry in _of_kind(entries_of("prod"), "Namespace")]
    taken = {name for name in namespaces if not refusal(client, name, _NODE_EXPORTER)}
    assert taken == set(_ON_THE_NODE)
    for name in set(namespaces) - taken:
        assert "violates PodSecurity" in refusal(client, name, _NODE_EXPORTER)


def _of_kind(entries: tuple[Entry, ...], kind: str) -> list[Entry]:
    return [entry for entry in entries if entry["inputs"].get("kind") == kind]


def _templates(entries: tuple[Entry, ...]) -> Iterator[tuple[str, Object]]:
    for kind in ("Deployment", "Job", "StatefulSet"):
        for entry in _of_kind(entries, kind):
            inputs = entry["inputs"]
            spec = inputs["spec"]["template"]["spec"]
            # A StatefulSet's claims become volumes of its pods.
            claims = [claim["metadata"]["name"] for claim in inputs["spec"].get("volumeClaimTemplates") or ()]
            volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
            yield inputs["metadata"]["namespace"], {**spec, "volumes": [*(spec.get("volumes") or ()), *volumes]}


def _level(client: Client, namespace: str) -> str:
    return str(client.get("v1", "Namespace", namespace)["metadata"]["labels"][f"{_LEVEL}enforce"])


def _context(given: str | Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """A security context as the chart writes it: `enabled` is a switch of its own."""
    if not isinstance(given, str):
        return dict(given)
    found: Any = values
    for step in given.split("."):
        found = found[step]
    return {key: value for key, value in found.items() if key != "enabled"}
