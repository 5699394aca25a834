"""Who can have which Secret on the shipped stacks, as docs/network.md says, by a real API server."""

import pytest

from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import Client
from simulators.api_server.waiting import eventually
from tests.cluster import secret_rights
from tests.cluster.cluster_roles import Account
from tests.cluster.traffic import documented
from tests.graph.stacks import STACKS

pytestmark = pytest.mark.cluster


# What Prometheus Operator checks at its start, and lists and watches then, in the namespaces of its list: v0.93
# cmd/operator/main.go (checkPrerequisites), pkg/prometheus/server/operator.go and pkg/alertmanager/operator.go.
_WATCHED = (
    *(
        ("monitoring.coreos.com", kind)
        for kind in ("prometheuses", "alertmanagers", "prometheusagents", "thanosrulers")
    ),
    *(("monitoring.coreos.com", kind) for kind in ("servicemonitors", "podmonitors", "probes", "scrapeconfigs")),
    *(("monitoring.coreos.com", kind) for kind in ("prometheusrules", "alertmanagerconfigs")),
    ("apps", "statefulsets"),
    ("", "configmaps"),
    ("", "secrets"),
)
_STATUSES = ("prometheuses/status", "alertmanagers/status", "prometheusagents/status", "thanosrulers/status")
# Of the whole cluster: the namespaces of its list, by a selector, and events.
_EVERYWHERE = (
    ("list", "", "namespaces"),
    ("watch", "", "namespaces"),
    ("get", "storage.k8s.io", "storageclasses"),
    ("create", "events.k8s.io", "events"),
    ("patch", "events.k8s.io", "events"),
)


@pytest.mark.parametrize("stack", STACKS)
def test_secrets_are_had_by_those_on_the_page(stack: str, cluster: ControlPlane) -> None:
    client = _with_the_rights_of(stack, cluster)
    documented("secret-rights").require(stack, secret_rights.facts(client, stack))
    documented("secrets").require(stack, secret_rights.held(stack))


def test_prometheus_operator_may_do_what_it_needs(cluster: ControlPlane) -> None:
    """Its chart's roles are off: these are this program's own."""
    client = _with_the_rights_of("dev", cluster)
    operator, space = Account("monitoring", "kube-prometheus-stack-operator"), "monitoring"
    needed = [
        *((verb, group, kind, space) for group, kind in _WATCHED for verb in ("get", "list", "watch")),
        *(("update", "monitoring.coreos.com", status, space) for status in _STATUSES),
        *((verb, "apps", "statefulsets", space) for verb in ("create", "update", "delete")),
        *((verb, "", "secrets", space) for verb in ("create", "update", "delete")),
        *((*question, "") for question in _EVERYWHERE),
    ]
    refused = [
        (verb, group, kind)
        for verb, group, kind, where in needed
        if not secret_rights.may(client, operator, verb, group, kind, namespace=where)
    ]
    assert refused == []
    for namespace in ("llm", "llm-gateway", "kube-system"):
        assert not secret_rights.may(client, operator, "get", "", "secrets", namespace=namespace)
        assert not secret_rights.may(client, operator, "create", "apps", "statefulsets", namespace=namespace)


def _with_the_rights_of(stack: str, cluster: ControlPlane) -> Client:
    client = cluster.client
    for item in secret_rights.rights_of(stack):
        if client.find(item["apiVersion"], item["kind"], item["metadata"]["name"], _namespace(item)) is None:
            client.create(item)
    # The authorizer learns of roles by watching them.
    widest = Account("envoy-ai-gateway-system", "ai-gateway-controller")
    eventually(
        lambda: secret_rights.may(client, widest, "delete", "", "secrets", namespace="llm"), "the roles are in force"
    )
    return client


def _namespace(item: dict[str, dict[str, str]]) -> str:
    return item["metadata"].get("namespace", "")
