"""Who can have which Secret: the rights of a stack's charts and of its own objects, by an API server.

Charts are not rendered here: simulators/helm/chart_rights.py stands for their templates, and answers for the values
that the stack really has.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from simulators.api_server.client import Client, Object
from simulators.helm.chart_rights import chart_rights
from simulators.helm.installed_charts import chart_name
from tests.cluster.cluster_roles import CLUSTER, Account
from tests.cluster.documented_table import Fact
from tests.cluster.traffic import MODEL
from tests.graph.stacks import entries_of, is_kubernetes

READS, MOUNTS, SIGNS_IN = "read them", "mount them in a pod of its own", "sign in as other accounts"
# Namespaces that every cluster has.
_SPACES: Final = ("default", "kube-system")
_RBAC: Final = "rbac.authorization.k8s.io/v1"
_QUESTIONS: Final[Mapping[str, Sequence[tuple[str, str, str]]]] = {
    READS: (("get", "", "secrets"), ("list", "", "secrets"), ("watch", "", "secrets")),
    # Whatever ends in a pod, which may name any Secret of its namespace.
    MOUNTS: tuple(
        ("create", group, resource)
        for group, resources in (
            ("", ("pods", "replicationcontrollers")),
            ("apps", ("deployments", "daemonsets", "statefulsets", "replicasets")),
            ("batch", ("jobs", "cronjobs")),
        )
        for resource in resources
    ),
    SIGNS_IN: (("create", "", "serviceaccounts/token"), ("impersonate", "", "serviceaccounts")),
}


def rights_of(stack: str) -> list[Object]:
    """Namespaces, service accounts, roles and bindings: the stack's own, and those of its charts."""
    entries = [entry["inputs"] for entry in entries_of(stack) if is_kubernetes(entry)]
    own = [item for item in entries if item.get("apiVersion") == _RBAC or item.get("kind") == "ServiceAccount"]
    charts = [item for item in entries if "chart" in item]
    spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in namespaces(stack)]
    return [*spaces, *own, *(item for chart in charts for item in chart_rights(chart_name(chart), chart))]


def namespaces(stack: str) -> list[str]:
    """The namespaces of a stack."""
    return [
        item["inputs"]["metadata"]["name"] for item in entries_of(stack) if item["inputs"].get("kind") == "Namespace"
    ]


def shown(stack: str) -> Mapping[Account, str]:
    """The accounts of a stack by the names of the page."""
    served = {
        (item["inputs"]["metadata"]["namespace"], item["inputs"]["spec"]["template"]["spec"].get("serviceAccountName"))
        for item in entries_of(stack)
        if item["inputs"].get("kind") == "Deployment"
        and MODEL in item["inputs"]["spec"]["template"]["metadata"]["labels"]
    }
    accounts = [item["metadata"] for item in rights_of(stack) if item["kind"] == "ServiceAccount"]
    return {
        Account(meta["namespace"], meta["name"]): f"{meta['namespace']}/"
        + ("MODEL" if (meta["namespace"], meta["name"]) in served else meta["name"])
        for meta in accounts
    }


def facts(client: Client, stack: str) -> set[Fact]:
    """(account, what it may do with Secrets, where), as the API server's authorizer answers."""
    spaces = [*namespaces(stack), *_SPACES]
    named = sorted({
        name
        for item in rights_of(stack)
        for rule in item.get("rules") or ()
        if "secrets" in rule.get("resources", ())
        for name in rule.get("resourceNames") or ()
    })  # fmt: skip
    return {
        (name, *fact) for account, name in shown(stack).items() for fact in _facts_of(client, account, spaces, named)
    }


def _facts_of(client: Client, account: Account, spaces: Sequence[str], named: Sequence[str]) -> Iterator[Fact]:
    for what, questions in _QUESTIONS.items():
        if any(may(client, account, *question) for question in questions):
            yield what, CLUSTER
            continue
        for space in spaces:
            if any(may(client, account, *question, namespace=space) for question in questions):
                yield what, space
            elif what == READS:
                yield from (
                    (f"read {name}", space)
                    for name in named
                    if may(client, account, "get", "", "secrets", namespace=space, name=name)
                )


def may(
    client: Client, account: Account, verb: str, group: str, resource: str, *, namespace: str = "", name: str = ""
) -> bool:
    """What the authorizer says; of all namespaces and all names where none is given."""
    kind, _, subresource = resource.partition("/")
    attributes: dict[str, Any] = {"verb": verb, "group": group, "resource": kind, "subresource": subresource}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": account.user,
            "groups": account.groups,
            "resourceAttributes": {**attributes, "namespace": namespace, "name": name},
        },
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return client.request("POST", path, review)["status"]["allowed"]


def held(stack: str) -> Iterable[Fact]:
    """(namespace, Secret) of what comes from the vault."""
    for item in (entry["inputs"] for entry in entries_of(stack)):
        if item.get("kind") == "ExternalSecret":
            target = item["spec"].get("target") or {}
            yield item["metadata"]["namespace"], target.get("name") or item["metadata"]["name"]
