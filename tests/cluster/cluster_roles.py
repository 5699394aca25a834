"""Who may do what in a cluster, by its own authorizer: the list of an account's rules, and single access reviews."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from simulators.api_server.client import Client, Object
from tests.cluster.documented_table import Fact

CLUSTER, ADDRESS = "the cluster", "an address"
_REVIEWS: Final = "/apis/authorization.k8s.io/v1"
_AT_ONCE: Final = 4
_BROUGHT_BY_KUBERNETES: Final = ("kubernetes.io/bootstrapping", "rbac-defaults")
# What no resource lists: verbs on those who ask, and the right to everything.
# https://kubernetes.io/docs/reference/access-authn-authz/authorization/#request-verbs
_UNLISTED: Final = (
    ("impersonate", "", "users"),
    ("impersonate", "", "groups"),
    ("impersonate", "", "serviceaccounts"),
    ("bind", "rbac.authorization.k8s.io", "clusterroles"),
    ("escalate", "rbac.authorization.k8s.io", "clusterroles"),
    ("approve", "certificates.k8s.io", "signers"),
    ("sign", "certificates.k8s.io", "signers"),
    ("*", "*", "*"),
)


@dataclass(frozen=True)
class Account:
    """A service account, by which pods speak with the API server."""

    namespace: str
    name: str

    @property
    def user(self) -> str:
        """How the API server calls it."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    @property
    def groups(self) -> list[str]:
        """The groups that every service account is in."""
        return ["system:serviceaccounts", f"system:serviceaccounts:{self.namespace}", "system:authenticated"]


def allowed(client: Client, account: Account) -> frozenset[Fact]:
    """Everything that an account may: (verb, resource or address, where), as the API server reports to the account.

    Where is a namespace, or the cluster for what is allowed in all of them.

    Raises:
        ValueError: the server says that its list is not whole, or a rule is about single objects.

    """
    own = signed_in(client, account)
    spaces = [namespace["metadata"]["name"] for namespace in client.list("v1", "Namespace")]
    rules = {space: _rules(own, space) for space in spaces}
    everywhere = frozenset[Fact].intersection(*rules.values())
    elsewhere = {(*rule, space) for space, found in rules.items() for rule in found - everywhere}
    return frozenset({(*rule, ADDRESS if rule[1].startswith("/") else CLUSTER) for rule in everywhere} | elsewhere)


def disagreements(client: Client, account: Account, facts: frozenset[Fact]) -> list[str]:
    """Questions whose answer is not what the facts say; every verb on every resource is tried, by SubjectAccessReview.

    Resources in a namespace are tried in the account's own.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(lambda question: (question, _ask(client, account, question)), list(questions(client)))
    stated = {(verb, on) for verb, on, where in facts if where in (CLUSTER, account.namespace)}
    return [
        f"{verb} {on}: {answer}"
        for (verb, group, resource), answer in answers
        if answer != ((verb, on := f"{resource}.{group}".rstrip(".")) in stated)
    ]


def not_of_kubernetes(client: Client) -> list[str]:
    """Roles and bindings that Kubernetes did not bring itself: `kind namespace/name`."""
    key, value = _BROUGHT_BY_KUBERNETES
    return [
        f"{kind} {item['metadata'].get('namespace', '')}/{item['metadata']['name']}"
        for kind in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
        for item in client.list("rbac.authorization.k8s.io/v1", kind)
        if (item["metadata"].get("labels") or {}).get(key) != value
    ]


def gets_tokens_of(client: Client, account: Account, namespace: str, name: str) -> bool:
    """Whether an account may have a token of another one, of this name."""
    attributes = {
        "verb": "create", "resource": "serviceaccounts", "subresource": "token", "namespace": namespace, "name": name,
    }  # fmt: skip
    review = _review("SubjectAccessReview", user=account.user, groups=account.groups, resourceAttributes=attributes)
    return bool(client.request("POST", f"{_REVIEWS}/subjectaccessreviews", review)["status"]["allowed"])


def tokens_for_the_api(pod: Object) -> list[str]:
    """Volumes of a pod that hold a token which the API server takes; one for another audience it does not take."""
    return [
        volume["name"]
        for volume in pod["spec"].get("volumes") or ()
        for source in (volume.get("projected") or {}).get("sources") or ()
        if "serviceAccountToken" in source and not source["serviceAccountToken"].get("audience")
    ]


def signed_in(client: Client, account: Account) -> Client:
    """A client as the account, by a token of its own; nothing is stored for one."""
    path = f"/api/v1/namespaces/{account.namespace}/serviceaccounts/{account.name}/token"
    token_request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    return Client(client.server, client.request("POST", path, token_request)["status"]["token"], client._authority)


def _rules(own: Client, namespace: str) -> frozenset[Fact]:
    status = own.request(
        "POST", f"{_REVIEWS}/selfsubjectrulesreviews", _review("SelfSubjectRulesReview", namespace=namespace)
    )["status"]
    resources = status["resourceRules"]
    if status["incomplete"] or any(rule.get("resourceNames") for rule in resources):
        raise ValueError(f"the list of rules in {namespace} is incomplete: {status}")
    found = {
        (verb, f"{resource}.{group}".rstrip("."))
        for rule in resources
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    addresses = {
        (verb, url) for rule in status["nonResourceRules"] for verb in rule["verbs"] for url in rule["nonResourceURLs"]
    }
    return frozenset(found | addresses)


def questions(client: Client) -> Iterator[tuple[str, str, str]]:
    """Verb, API group and resource, subresources among them."""
    yield from _UNLISTED
    groups = client.request("GET", "/apis")["groups"]
    versions = [
        ("", "/api/v1"),
        *((group["name"], f"/apis/{group['preferredVersion']['groupVersion']}") for group in groups),
    ]
    for group, path in versions:
        for entry in client.request("GET", path)["resources"]:
            for verb in entry["verbs"]:
                yield verb, group, entry["name"]


def _ask(client: Client, account: Account, question: tuple[str, str, str]) -> bool:
    verb, group, name = question
    resource, _, subresource = name.partition("/")
    attributes = {
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": subresource,
        "namespace": account.namespace,
    }
    review = _review("SubjectAccessReview", user=account.user, groups=account.groups, resourceAttributes=attributes)
    return client.request("POST", f"{_REVIEWS}/subjectaccessreviews", review)["status"]["allowed"]


def _review(kind: str, **spec: Any) -> Mapping[str, Any]:
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
