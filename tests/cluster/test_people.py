"""What people may do in the cluster, as docs/access.md says, by a real API server that answers for every group."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import Client
from simulators.api_server.waiting import eventually
from tests.cluster.cluster_roles import questions
from tests.cluster.documented_table import DocumentedTable, Fact
from tests.graph.stacks import is_kubernetes
from tests.graph.test_access import OPERATORS, PUBLISHERS, VIEWERS, with_access
from tests.repository import ROOT

pytestmark = pytest.mark.cluster

GROUPS: Final = {"operator": OPERATORS, "model publisher": PUBLISHERS, "viewer": VIEWERS}
PAGE: Final = ROOT / "docs" / "access.md"
STACK: Final = "prod"
PLATFORM: Final = ("external-secrets", "llm", "llm-gateway", "monitoring")
OTHERS: Final = ("default", "kube-system")
# What a role is for.
USES: Final[dict[str, tuple[str, str, str]]] = {
    "see pods": ("list", "", "pods"),
    "see Deployments": ("list", "apps", "deployments"),
    "see nodes": ("list", "", "nodes"),
    "read logs": ("get", "", "pods/log"),
    "read ConfigMaps": ("get", "", "configmaps"),
    "delete pods": ("delete", "", "pods"),
    "evict pods": ("create", "", "pods/eviction"),
    "scale Deployments": ("patch", "apps", "deployments/scale"),
}
# What is a Secret in the end: read directly, mounted, entered where it is mounted, or read as somebody who may.
DETOURS: Final[dict[str, tuple[str, str, str]]] = {
    "read Secrets": ("get", "", "secrets"),
    "list Secrets": ("list", "", "secrets"),
    "make pods": ("create", "", "pods"),
    "change Deployments": ("patch", "apps", "deployments"),
    "run commands in pods": ("create", "", "pods/exec"),
    # By WebSocket, as kubectl does since 1.31, it is this verb.
    "run commands in pods by WebSocket": ("get", "", "pods/exec"),
    "attach to pods": ("get", "", "pods/attach"),
    "add containers to pods": ("patch", "", "pods/ephemeralcontainers"),
    "forward ports": ("get", "", "pods/portforward"),
    "reach pods through the API server": ("get", "", "pods/proxy"),
    "reach Services through the API server": ("get", "", "services/proxy"),
    "reach kubelets": ("get", "", "nodes/proxy"),
    "sign in as service accounts": ("create", "", "serviceaccounts/token"),
    "give rights away": ("create", "rbac.authorization.k8s.io", "rolebindings"),
    "change autoscalers": ("patch", "keda.sh", "scaledobjects"),
    "change ExternalSecrets": ("patch", "external-secrets.io", "externalsecrets"),
    "change nodes": ("patch", "", "nodes"),
}
# Everything else that changes something is refused to all.
CHANGING: Final = ("create", "update", "patch", "delete", "deletecollection", "impersonate", "bind", "escalate")
ALLOWED_CHANGES: Final = {
    ("delete", "", "pods"), ("create", "", "pods/eviction"),
    *((verb, "apps", f"{kind}/scale") for verb in ("update", "patch") for kind in ("deployments", "statefulsets")),
}  # fmt: skip
# What the API server lets everybody ask about themselves: the role system:basic-user.
ABOUT_ONESELF: Final = "authorization.k8s.io", "authentication.k8s.io"


def may(client: Client, group: str, question: tuple[str, str, str], namespace: str) -> bool:
    verb, api, resource = question
    name, _, subresource = resource.partition("/")
    attributes = {"verb": verb, "group": api, "resource": name, "subresource": subresource, "namespace": namespace}
    spec = {"user": "somebody", "groups": [group, "system:authenticated"], "resourceAttributes": attributes}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(client.request("POST", path, review)["status"]["allowed"])


@pytest.fixture(scope="module")
def client(module_cluster: ControlPlane) -> Client:
    """A cluster with all namespaces, roles and bindings of the stack."""
    client = module_cluster.client
    items = [entry["inputs"] for entry in with_access(STACK) if is_kubernetes(entry)]
    for space in (item for item in items if item.get("kind") == "Namespace"):
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space["metadata"]["name"]}})
    for item in items:
        if item.get("apiVersion") == "rbac.authorization.k8s.io/v1":
            client.create(item)
    eventually(lambda: may(client, VIEWERS, ("list", "", "pods"), "monitoring"), "the roles are in force")
    eventually(lambda: may(client, OPERATORS, ("delete", "", "pods"), "node-exporter"), "the bindings are in force")
    return client


def test_each_role_may_what_the_page_says(client: Client) -> None:
    facts: set[Fact] = {
        (role, what, namespace)
        for role, group in GROUPS.items()
        for what, question in {**USES, **DETOURS}.items()
        for namespace in (*PLATFORM, *OTHERS)
        if may(client, group, question, namespace)
    }
    DocumentedTable(PAGE, "people", (STACK,)).require(STACK, facts)


def test_nobody_has_a_way_to_a_secret(client: Client) -> None:
    """Neither directly nor by making, changing or entering what mounts one, nor as an account that reads them."""
    for role, group in GROUPS.items():
        for namespace in (*PLATFORM, *OTHERS):
            allowed = [what for what, question in DETOURS.items() if may(client, group, question, namespace)]
            assert allowed == [], (role, namespace)


def test_of_all_that_the_api_server_knows_only_restarting_and_scaling_changes_anything(client: Client) -> None:
    changes = list(_changes(client))
    assert len(changes) > 100
    for role, group in GROUPS.items():
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda question, group=group: may(client, group, question, "llm"), changes))
        allowed = {question for question, answer in zip(changes, answers, strict=True) if answer}
        assert allowed == (ALLOWED_CHANGES if role == "operator" else set()), role


def _changes(client: Client) -> Iterator[tuple[str, str, str]]:
    for verb, group, resource in questions(client):
        if verb in CHANGING and group not in ABOUT_ONESELF:
            yield verb, group, resource
