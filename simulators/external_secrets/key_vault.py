"""How External Secrets signs in to a Key Vault and reads it: as the identity of the service account that a store names.

Source: external-secrets/external-secrets v2.9.0 providers/v1/azure/keyvault/keyvault.go
(`authorizerForWorkloadIdentity`, `FetchSAToken`, `GetSecret`: it reads the secret alone, no list) and the chart's
templates/rbac.yaml (`serviceaccounts/token`). What differs: a new identity, credential or role counts at once. Every
other way to sign in is refused.
"""

from collections.abc import Mapping
from typing import Any, Final

from simulators.api_server.client import Client, Object
from simulators.azure import access
from simulators.azure.cloud import AzureObject, Cloud

_CLIENT_ID: Final = "azure.workload.identity/client-id"
_TENANT_ID: Final = "azure.workload.identity/tenant-id"
_KNOWN: Final = {"authType", "vaultUrl", "serviceAccountRef"}
# What the definition adds.
_DEFAULTS: Final = {"environmentType": "PublicCloud", "useAzureSDK": False}
_REVIEW: Final = "authorization.k8s.io/v1"


class SignInError(Exception):
    """A store can't sign in; the message goes into an event alone."""


class KeyVault:
    """What stores of the provider `azurekv` may read. `namespace` is the operator's own.

    Without a `cloud` whoever gets a token may read everything.
    """

    def __init__(self, client: Client, namespace: str, cloud: Cloud | None = None) -> None:
        self._client, self._namespace, self._cloud = client, namespace, cloud
        self._values: Mapping[str, Any] = {}

    def chart(self, values: Mapping[str, Any]) -> None:
        """The operator's chart has these values."""
        self._values = values

    def require_sign_in(self, store: Object) -> None:
        """Sign in as a store does.

        Raises:
            SignInError: it can't.
            NotImplementedError: it would sign in in another way.

        """
        self._identities(store)

    def may_read(self, store: Object, key: str) -> bool:
        """Whether a store may read a secret.

        Raises:
            SignInError: it can't even sign in.

        """
        owners = self._identities(store)
        if self._cloud is None:
            return True
        name = str(store["spec"]["provider"]["azurekv"]["vaultUrl"]).removeprefix("https://").partition(".")[0]
        return any(
            access.principal_may(
                self._cloud, str(owner.outputs["principalId"]), access.READ_SECRET, f"{vault.id}/secrets/{key}"
            )
            for vault in self._cloud.azure
            if vault.token == "keyvault:Vault" and vault.inputs.get("vaultName") == name
            for owner in owners
        )

    def _identities(self, store: Object) -> list[AzureObject]:
        provider = store["spec"]["provider"]["azurekv"]
        reference = provider.get("serviceAccountRef")
        other = {key for key in provider if key not in _KNOWN and provider[key] != _DEFAULTS.get(key)}
        if other or provider.get("authType") != "WorkloadIdentity" or reference is None:
            raise NotImplementedError(f"provider azurekv of a store: {provider}")
        own = store["metadata"].get("namespace")
        namespace, name = own or reference["namespace"], reference["name"]
        account = self._client.find("v1", "ServiceAccount", name, namespace)
        if account is None:
            raise SignInError(f'ServiceAccount "{name}" not found')
        annotations = account["metadata"].get("annotations") or {}
        if not annotations.get(_CLIENT_ID):
            raise SignInError(f"missing clientID: serviceAccount without annotation {_CLIENT_ID}")
        if not annotations.get(_TENANT_ID):
            raise SignInError("missing tenantID in store config")
        if not self._gets_tokens_of(namespace, name):
            raise SignInError(f'serviceaccounts "{name}" is forbidden: cannot create resource "serviceaccounts/token"')
        if self._cloud is None:
            return []
        found = access.identities(self._cloud, namespace, name)
        owners = [owner for owner in found if owner.outputs["clientId"] == annotations[_CLIENT_ID]]
        if not owners:
            raise SignInError("AADSTS70021: No matching federated identity record found for presented assertion")
        return owners

    def _gets_tokens_of(self, namespace: str, account: str) -> bool:
        """Whether the operator may have a token of an account: of any by its chart, or by a role that someone made."""
        if (self._values.get("rbac") or {}).get("serviceAccountTokenCreate", True):
            return True
        own = (self._values.get("serviceAccount") or {}).get("name") or "external-secrets"
        attributes = {
            "verb": "create",
            "resource": "serviceaccounts",
            "subresource": "token",
            "namespace": namespace,
            "name": account,
        }
        review = {
            "apiVersion": _REVIEW,
            "kind": "SubjectAccessReview",
            "metadata": {},
            "spec": {"user": f"system:serviceaccount:{self._namespace}:{own}", "resourceAttributes": attributes},
        }
        return bool(self._client.create(review)["status"]["allowed"])
