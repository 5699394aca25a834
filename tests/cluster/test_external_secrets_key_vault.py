"""How the simulated External Secrets operator signs in to a Key Vault: by account, identity, credential and role.

Not on the real one, which can be built here with its provider `fake` alone. What it asks for is from the sources that
`simulators/external_secrets/key_vault.py` names.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import Client
from simulators.azure.cloud import AzureObject, Cloud
from simulators.external_secrets.secrets_operator import SecretsOperator
from tests.cluster.external_secrets import API_VERSION, STORE, SYNCED, UNREAD, Space, define

pytestmark = pytest.mark.cluster
_GROUP: Final = "/subscriptions/s/resourceGroups/rg"
_VAULT: Final = f"{_GROUP}/providers/Microsoft.KeyVault/vaults/kv-tests"
_ISSUER: Final = "https://issuer.example/"
_VALUES: Final = {"processClusterStore": False, "rbac": {"serviceAccountTokenCreate": False}}
_INVALID: Final = ("False", "InvalidProviderConfig")
_READER: Final = "4633458b-17de-408a-b874-0445c86b69e6"
_WORKLOAD: Final = {"securityProfile": {"workloadIdentity": {"enabled": True}}}
_CLUSTER: Final = {"oidcIssuerProfile": {"enabled": True, "issuerURL": _ISSUER}}
_BY_ROLES: Final = {"vaultName": "kv-tests", "properties": {"enableRbacAuthorization": True}}


class World:
    """One namespace with a store of a Key Vault, and the parts that let it sign in and read."""

    def __init__(self, client: Client, cloud: Cloud, name: str) -> None:
        self.space, self.cloud, self.name = Space(client, name), cloud, name
        self.identity = f"{_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"

    def store(self) -> None:
        provider = {
            "authType": "WorkloadIdentity",
            "vaultUrl": "https://kv-tests.vault.azure.net/",
            "serviceAccountRef": {"name": "reader"},
        }
        self._apply(API_VERSION, STORE, self.name, {"spec": {"provider": {"azurekv": provider}}})

    def account(self, *, client: str = "") -> None:
        annotations = {
            "azure.workload.identity/client-id": client or f"client-{self.name}",
            "azure.workload.identity/tenant-id": "tenant",
        }
        self._apply("v1", "ServiceAccount", "reader", {}, annotations)

    def tokens(self) -> None:
        """The operator may have tokens of this account."""
        rule = {
            "apiGroups": [""],
            "resources": ["serviceaccounts/token"],
            "resourceNames": ["reader"],
            "verbs": ["create"],
        }
        self._apply("rbac.authorization.k8s.io/v1", "Role", "tokens", {"rules": [rule]})
        subject = {"kind": "ServiceAccount", "name": "external-secrets", "namespace": "external-secrets"}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tokens"}
        self._apply(
            "rbac.authorization.k8s.io/v1", "RoleBinding", "tokens", {"roleRef": reference, "subjects": [subject]}
        )

    def credential(self) -> None:
        outputs = {"clientId": f"client-{self.name}", "principalId": f"principal-{self.name}"}
        self.cloud.put(AzureObject(self.identity, "managedidentity:UserAssignedIdentity", {}, outputs))
        given = {
            "subject": f"system:serviceaccount:{self.name}:reader",
            "issuer": _ISSUER,
            "audiences": ["api://AzureADTokenExchange"],
        }
        self.cloud.put(
            AzureObject(
                f"{self.identity}/federatedIdentityCredentials/fc",
                "managedidentity:FederatedIdentityCredential",
                given,
                {},
            )
        )

    def role(self, scope: str) -> None:
        given = {"principalId": f"principal-{self.name}", "scope": scope, "roleDefinitionId": f"/roles/{_READER}"}
        self.cloud.put(AzureObject(f"{scope}/roles/{self.name}", "authorization:RoleAssignment", given, {}))

    def condition(self) -> tuple[str, str]:
        found = self.space.client.find(API_VERSION, STORE, self.name, self.name) or {}
        for item in (found.get("status") or {}).get("conditions") or []:
            return item["status"], item["reason"]
        return "", ""

    def capabilities(self) -> Any:
        found = self.space.client.get(API_VERSION, STORE, self.name, self.name)
        return (found.get("status") or {}).get("capabilities")

    def require_store(self, *, valid: bool) -> None:
        wanted = ("True", "Valid") if valid else _INVALID
        self.space.client.wait(API_VERSION, STORE, self.name, self.name, until=lambda _: self.condition() == wanted)

    def _apply(
        self, version: str, kind: str, name: str, content: dict[str, Any], annotations: dict[str, str] | None = None
    ) -> None:
        metadata = {"name": name, "namespace": self.name, "annotations": annotations or {}}
        wanted = {"apiVersion": version, "kind": kind, "metadata": metadata, **content}
        self.space.client.apply(wanted, field_manager="pulumi", force=True)


@pytest.fixture(scope="module")
def clouded(module_cluster: ControlPlane, reference: Path) -> Iterator[tuple[Client, Cloud]]:
    """A cluster in which the operator runs, beside an Azure with a cluster and a vault."""
    client, cloud = module_cluster.client, Cloud()
    cloud.put(AzureObject(f"{_GROUP}/aks", "containerservice:ManagedCluster", _WORKLOAD, _CLUSTER))
    cloud.put(AzureObject(_VAULT, "keyvault:Vault", _BY_ROLES, {}))
    define(client, reference)
    with SecretsOperator(client, values=_VALUES, cloud=cloud):
        yield client, cloud


@pytest.mark.parametrize("missing", ["account", "tokens", "credential"])
def test_a_store_without_one_part_of_signing_in_is_not_valid(clouded: tuple[Client, Cloud], missing: str) -> None:
    world = World(*clouded, f"without-{missing}")
    for part in ("account", "tokens", "credential"):
        if part != missing:
            getattr(world, part)()
    world.store()
    world.require_store(valid=False)
    # Whoever waits for its capabilities waits on.
    assert world.capabilities() is None
    getattr(world, missing)()
    world.require_store(valid=True)
    assert world.capabilities() == "ReadWrite"


def test_an_account_that_names_another_identity_signs_in_as_none(clouded: tuple[Client, Cloud]) -> None:
    world = World(*clouded, "another-identity")
    world.tokens()
    world.credential()
    world.account(client="client-of-somebody-else")
    world.store()
    world.require_store(valid=False)


def test_a_store_reads_the_secrets_that_its_identity_has_a_role_on_and_no_others(
    clouded: tuple[Client, Cloud],
) -> None:
    world = World(*clouded, "reads-its-own")
    for part in (world.account, world.tokens, world.credential):
        part()
    world.role(f"{_VAULT}/secrets/own")
    world.store()
    # It may sign in: that says nothing about what it may read.
    world.require_store(valid=True)
    world.space.want("own", {"key": "own"})
    world.space.want("others", {"key": "of-the-gateway"})
    world.space.require("own", SYNCED)
    world.space.require("others", UNREAD)
    assert world.space.values("others") is None
    world.role(f"{_VAULT}/secrets/of-the-gateway")
    world.space.remind("others")
    world.space.require("others", SYNCED)
