"""Each namespace reads its own secrets of the vault and no others: its store, the store's identity, and its rights."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest

import catalog
import config
from planning import decide
from planning.plan import Plan
from tests.graph.stacks import ALL, Entry, Sections, graph_of, is_azure, sections_of
from tests.graph.test_alerting import EVERY_KIND

_GATED = {"huggingface": "meta-llama/Llama-3.1-8B-Instruct", "revision": "0e9e39f249a16976918f6564b8830bc894c89659"}
_EVERY_READER = "a stack whose secrets are read in every namespace that can have any"
each = pytest.mark.parametrize("stack", [*ALL, _EVERY_READER])


def _everything(sections: Sections) -> None:
    sections.setdefault("observability", {})["receivers"] = EVERY_KIND
    sections.setdefault("security", {})["hugging_face_token"] = "hugging-face-token"
    sections["models"][0]["source"]["gated"] = True


class Graph:
    """A stack's Plan and resources."""

    def __init__(self, stack: str) -> None:
        name, change = ("dev", _everything) if stack == _EVERY_READER else (stack, None)
        sections = sections_of(name)
        if change is not None:
            change(sections)
        self.plan: Plan = decide(config.load(sections), catalog.load())
        entries: Any = graph_of(name, change).to_json()
        self.entries: Sequence[Entry] = entries
        self.by_urn = {entry["urn"]: entry for entry in self.entries}

    def of(self, kind: str) -> list[Entry]:
        """Objects of a kind in the cluster."""
        return [entry for entry in self.entries if entry["inputs"].get("kind") == kind]

    def one(self, kind: str, namespace: str, name: str) -> Entry:
        """The object of a kind with this name."""
        (found,) = [
            entry
            for entry in self.of(kind)
            if (entry["inputs"]["metadata"]["namespace"], entry["inputs"]["metadata"]["name"]) == (namespace, name)
        ]
        return found

    def azure(self, type_: str) -> list[Entry]:
        """Azure's resources of a type."""
        return [entry for entry in self.entries if is_azure(entry) and entry["type"].endswith(f":{type_}")]

    def before(self, entry: Entry) -> set[str]:
        """Everything that a resource waits for, directly or not."""
        found: set[str] = set()
        ahead = [entry["urn"]]
        while ahead:
            for urn in self.by_urn[ahead.pop()]["options"]["depends_on"]:
                if urn not in found:
                    found.add(urn)
                    ahead.append(urn)
        return found

    def named(self) -> dict[str, set[str]]:
        """The vault's secrets that the ExternalSecrets of each namespace name."""
        found = defaultdict(set)
        for entry in self.of("ExternalSecret"):
            found[entry["inputs"]["metadata"]["namespace"]] |= {
                item["remoteRef"]["key"] for item in entry["inputs"]["spec"]["data"]
            }
        return dict(found)


@pytest.fixture(scope="module")
def graphs() -> dict[str, Graph]:
    return {}


@pytest.fixture
def graph(stack: str, graphs: dict[str, Graph]) -> Graph:
    if stack not in graphs:
        graphs[stack] = Graph(stack)
    return graphs[stack]


@each
def test_each_secret_comes_from_a_store_of_its_own_namespace(graph: Graph) -> None:
    assert graph.named()
    for entry in graph.of("ExternalSecret"):
        inputs = entry["inputs"]
        namespace, reference = inputs["metadata"]["namespace"], inputs["spec"]["secretStoreRef"]
        assert reference["kind"] == "SecretStore"
        store = graph.one("SecretStore", namespace, reference["name"])
        provider = store["inputs"]["spec"]["provider"]["azurekv"]
        # The account is one of the same namespace: its webhook refuses another.
        assert provider["serviceAccountRef"].keys() == {"name"}
        account = graph.one("ServiceAccount", namespace, provider["serviceAccountRef"]["name"])
        assert {"azure.workload.identity/client-id", "azure.workload.identity/tenant-id"} <= account["inputs"][
            "metadata"
        ]["annotations"].keys()
    assert graph.of("ClusterSecretStore") == []
    assert {entry["inputs"]["metadata"]["namespace"] for entry in graph.of("SecretStore")} == graph.named().keys()


@each
def test_the_identity_of_a_store_reads_exactly_the_secrets_that_its_namespace_names(graph: Graph) -> None:
    role = catalog.load().azure.roles["key_vault_secrets_user"]
    readers = {
        identity.namespace: {secret for secret, _ in identity.read_secrets}
        for identity in graph.plan.foundation.pod_identities
        if identity.read_secrets
    }
    assert readers == graph.named()
    for identity in graph.plan.foundation.pod_identities:
        assert all(grant.role_definition_id.endswith(role) for _, grant in identity.read_secrets)
        made = {entry["inputs"]["roleAssignmentName"] for entry in graph.azure("RoleAssignment")}
        assert {grant.name for _, grant in identity.read_secrets} <= made
        (credential,) = [
            entry
            for entry in graph.azure("FederatedIdentityCredential")
            if entry["inputs"]["federatedIdentityCredentialResourceName"] == identity.credential
        ]
        subject = f"system:serviceaccount:{identity.namespace}:{identity.service_account}"
        assert credential["inputs"]["subject"] == subject
        assert credential["inputs"]["resourceName"] == identity.name


@each
def test_no_identity_of_the_platform_has_a_role_on_the_whole_vault(graph: Graph) -> None:
    """People who put secrets there have one, by their groups; everybody else reads single secrets."""
    vault = {entry["urn"] for entry in graph.azure("Vault")}
    single = {grant.name for identity in graph.plan.foundation.pod_identities for _, grant in identity.read_secrets}
    account = graph.plan.foundation.registry.account
    single |= {grant.name for _, grant in account.read} if account is not None else set()
    front = graph.plan.foundation.api_management
    single |= {product.read_key.name for product in front.products} if front is not None else set()
    people = {admin.grant.name for admin in graph.plan.foundation.vault.admins}
    roles = [entry for entry in graph.azure("RoleAssignment") if vault & set(entry["options"]["depends_on"])]
    assert {entry["inputs"]["roleAssignmentName"] for entry in roles} == single | people
    assert {entry["inputs"]["principalType"] for entry in roles if entry["inputs"]["roleAssignmentName"] in people} == {
        "Group"
    }


@each
def test_no_secret_is_read_in_two_namespaces(graph: Graph) -> None:
    """Who has rights in a namespace reads what its store reads: from `llm` neither keys nor certificate."""
    read = [secret for secrets in graph.named().values() for secret in secrets]
    assert len(read) == len(set(read))
    identities = [identity.name for identity in graph.plan.foundation.pod_identities]
    assert len(identities) == len(set(identities))


@each
def test_a_secret_waits_until_its_store_may_read_it(graph: Graph) -> None:
    for entry in graph.of("ExternalSecret"):
        namespace, before = entry["inputs"]["metadata"]["namespace"], graph.before(entry)
        store = graph.one("SecretStore", namespace, entry["inputs"]["spec"]["secretStoreRef"]["name"])
        assert store["urn"] in entry["options"]["depends_on"]
        (identity,) = [
            found for found in graph.plan.foundation.pod_identities
            if found.namespace == namespace and found.read_secrets
        ]  # fmt: skip
        for _, grant in identity.read_secrets:
            (role,) = [
                made for made in graph.azure("RoleAssignment") if made["inputs"]["roleAssignmentName"] == grant.name
            ]
            assert role["urn"] in before
        # Signing in takes an account, a credential, and a token for the operator.
        needed = graph.before(store)
        assert {
            made["urn"]
            for kind in ("ServiceAccount", "RoleBinding", "Role")
            for made in graph.of(kind)
            if made["inputs"]["metadata"]["namespace"] == namespace
            and "key-vault" in made["inputs"]["metadata"]["name"]
        } <= needed
        assert store["inputs"]["metadata"]["annotations"]["pulumi.com/waitFor"] == "jsonpath={.status.capabilities}"


@each
def test_external_secrets_gets_tokens_of_the_stores_accounts_and_of_no_others(graph: Graph) -> None:
    (release,) = [entry["inputs"] for entry in graph.entries if entry["inputs"].get("chart") == "external-secrets"]
    values = release["values"]
    assert values["rbac"]["serviceAccountTokenCreate"] is False
    own = {"kind": "ServiceAccount", "name": values["serviceAccount"]["name"], "namespace": release["namespace"]}
    stores = set()
    for entry in graph.of("SecretStore"):
        provider = entry["inputs"]["spec"]["provider"]["azurekv"]
        stores.add((entry["inputs"]["metadata"]["namespace"], provider["serviceAccountRef"]["name"]))
    given = set()
    for binding in graph.of("RoleBinding"):
        namespace, reference = binding["inputs"]["metadata"]["namespace"], binding["inputs"]["roleRef"]
        role = graph.one("Role", namespace, reference["name"])["inputs"]
        for rule in role["rules"]:
            if "serviceaccounts/token" in rule["resources"]:
                assert binding["inputs"]["subjects"] == [own]
                assert (rule["apiGroups"], rule["verbs"], rule["resources"]) == (
                    [""], ["create"], ["serviceaccounts/token"],
                )  # fmt: skip
                given |= {(namespace, name) for name in rule["resourceNames"]}
    assert given == stores


@each
def test_external_secrets_may_not_do_what_nobody_asks_of_it(graph: Graph) -> None:
    (values,) = [
        entry["inputs"]["values"] for entry in graph.entries if entry["inputs"].get("chart") == "external-secrets"
    ]
    processed = {key: value for key, value in values.items() if key.startswith("process")}
    assert len(processed) == 5
    assert not any(processed.values())
    aggregated = {key: value for key, value in values["rbac"].items() if key.startswith("aggregate")}
    assert len(aggregated) == 3
    assert not any(aggregated.values())


def test_a_client_more_is_one_role_more_and_leaves_the_others() -> None:
    def add(sections: dict[str, Any]) -> None:
        sections["tenants"].append({"name": "team-b", "key_secret": "key-team-b"})

    def roles(entries: Sequence[Entry]) -> dict[str, str]:
        return {
            entry["urn"]: json.dumps(entry, sort_keys=True)
            for entry in entries
            if entry["type"].endswith(":RoleAssignment")
        }

    before, after = roles(graph_of("dev").to_json()), roles(graph_of("dev", add).to_json())
    assert before.items() <= after.items()
    (added,) = after.keys() - before.keys()
    assert added.endswith("::secrets-llm-gateway-reader-grant-secret-key-team-b")
