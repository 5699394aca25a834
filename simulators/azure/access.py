"""Who may do what in Azure: answered from the identities, credentials and role assignments that the stand-in keeps.

A pod's service account reaches an identity by a federated credential, an identity reaches a resource by a role on it
or above it. Network rules don't count here: they say from where, not who.

Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles and
https://learn.microsoft.com/entra/workload-id/workload-identity-federation. Left out: groups, deny assignments, custom
roles; of conditions all but one form.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from simulators.azure.cloud import AzureObject, Cloud

READ_SECRET: Final = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
WRITE_SECRET: Final = "Microsoft.KeyVault/vaults/secrets/setSecret/action"
READ_BLOB: Final = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
WRITE_BLOB: Final = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"
PULL_IMAGE: Final = "Microsoft.ContainerRegistry/registries/pull/read"
PUSH_IMAGE: Final = "Microsoft.ContainerRegistry/registries/push/write"
JOIN_SUBNET: Final = "Microsoft.Network/virtualNetworks/subnets/join/action"
ASSIGN_IDENTITY: Final = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
WRITE_DNS: Final = "Microsoft.Network/privateDnsZones/A/write"
ALL_ACTIONS: Final = (
    READ_SECRET, WRITE_SECRET, READ_BLOB, WRITE_BLOB, PULL_IMAGE, PUSH_IMAGE, JOIN_SUBNET, ASSIGN_IDENTITY, WRITE_DNS,
)  # fmt: skip
# What Entra wants in a Kubernetes token: https://learn.microsoft.com/entra/workload-id/workload-identity-federation.
_AUDIENCE: Final = "api://AzureADTokenExchange"


@dataclass(frozen=True)
class _Role:
    """A built-in role. `data` are actions on what a resource holds, `actions` those on the resource itself."""

    actions: tuple[str, ...] = ()
    data: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in (*self.actions, *self.data))


# By role definition id: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles, written down apart
# from the catalog, whose ids are what these tests check. Only what bears on the actions above.
_ROLES: Final = {
    # Key Vault Secrets User
    "4633458b-17de-408a-b874-0445c86b69e6": _Role(
        data=(READ_SECRET, "Microsoft.KeyVault/vaults/secrets/readMetadata/action"),
    ),
    # Key Vault Secrets Officer
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": _Role(data=("Microsoft.KeyVault/vaults/secrets/*",)),
    # Key Vault Crypto User, Key Vault Crypto Service Encryption User: keys, never secrets.
    "12338af0-0e69-4776-bea7-57ae8d297424": _Role(data=("Microsoft.KeyVault/vaults/keys/*",)),
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": _Role(data=("Microsoft.KeyVault/vaults/keys/*",)),
    # Key Vault Contributor: the vault itself, and nothing in it.
    "f25e0fa2-a7c8-4377-a976-54943a77a395": _Role(actions=("Microsoft.KeyVault/vaults/*/write",)),
    # Contributor, of which none of the actions above is about what it is given for: a set of disk encryption.
    "b24988ac-6180-42a0-ab88-20f7382dd24c": _Role(actions=("*",)),
    # Storage Blob Data Contributor
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": _Role(
        actions=("Microsoft.Storage/storageAccounts/blobServices/containers/*",),
        data=("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*",),
    ),
    # Storage Blob Data Reader
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": _Role(
        actions=("Microsoft.Storage/storageAccounts/blobServices/containers/read",),
        data=(READ_BLOB,),
    ),
    # AcrPull
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": _Role(actions=(PULL_IMAGE,)),
    # Network Contributor
    "4d97b98b-1d4f-4787-a291-c67834d212e7": _Role(actions=("Microsoft.Network/*",)),
    # Private DNS Zone Contributor
    "b12aa53e-6015-4669-85d0-8515ebb3ae7f": _Role(
        actions=(
            "Microsoft.Network/privateDnsZones/*",
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/virtualNetworks/join/action",
        ),
    ),
    # Managed Identity Operator
    "f1a07417-d97a-45cb-824c-7a7467783830": _Role(
        actions=(
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            # `*/assign/action` on the page: the identity itself is the segment.
            ASSIGN_IDENTITY,
        ),
    ),
}


# "Read blobs with a path" of https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-examples: every action
# but this one passes, and this one where the blob's path matches. Listing is a suboperation of it, left out here.
_PATH_CONDITION: Final = re.compile(
    r"\(\(!\(ActionMatches\{'(?P<action>[^']+)'\} AND NOT SubOperationMatches\{'Blob\.List'\}\)\) OR "
    r"\(@Resource\[Microsoft\.Storage/storageAccounts/blobServices/containers/blobs:path\] "
    r"StringLike '(?P<path>[^']+)'\)\)"
)


class UnknownConditionError(Exception):
    """An assignment has a condition of another form, so nobody can say here what it allows."""


class UnknownRoleError(Exception):
    """An assignment names a role whose actions are not written down here, so nobody can say what it allows."""


def may(cloud: Cloud, namespace: str, service_account: str, action: str, resource_id: str) -> bool:
    """Whether a pod under this service account may do something with an Azure resource or what lies in it.

    Raises:
        UnknownRoleError: one of the account's roles is not written down here.

    """
    return any(
        principal_may(cloud, str(identity.outputs["principalId"]), action, resource_id)
        for identity in identities(cloud, namespace, service_account)
    )


def identities(cloud: Cloud, namespace: str, service_account: str) -> list[AzureObject]:
    """User-assigned identities that a service account of the cluster may sign in as.

    Its pods ask for one by the account's annotation `azure.workload.identity/client-id`.
    """
    subject = f"system:serviceaccount:{namespace}:{service_account}"
    found = []
    for credential in _all(cloud, "managedidentity:FederatedIdentityCredential"):
        given = credential.inputs
        trusted = given.get("subject") == subject and _AUDIENCE in (given.get("audiences") or [])
        owner = cloud.find(credential.id.rsplit("/", 2)[0])
        if trusted and owner is not None and given.get("issuer") in _issuers(cloud):
            found.append(owner)
    return found


def _issuers(cloud: Cloud) -> Iterator[str]:
    """Issuers of the tokens that pods get, of clusters that put such tokens into pods."""
    for cluster in _all(cloud, "containerservice:ManagedCluster"):
        workload = (cluster.inputs.get("securityProfile") or {}).get("workloadIdentity") or {}
        issuer = cluster.outputs.get("oidcIssuerProfile") or {}
        if workload.get("enabled") and issuer.get("enabled"):
            yield str(issuer["issuerURL"])


def kubelet_may(cloud: Cloud, action: str, resource_id: str) -> bool:
    """Whether the kubelets of the one cluster may."""
    profile = the_cluster(cloud).outputs["identityProfile"]["kubeletidentity"]
    return principal_may(cloud, str(profile["objectId"]), action, resource_id)


def control_plane_may(cloud: Cloud, action: str, resource_id: str) -> bool:
    """Whether the control plane of the one cluster may."""
    assigned = the_cluster(cloud).outputs["identity"]["userAssignedIdentities"]
    return any(principal_may(cloud, str(user["principalId"]), action, resource_id) for user in assigned.values())


def the_cluster(cloud: Cloud) -> AzureObject:
    """The managed cluster of a cloud that has exactly one.

    Raises:
        ValueError: it has none, or several.

    """
    (cluster,) = _all(cloud, "containerservice:ManagedCluster")
    return cluster


def principal_may(cloud: Cloud, principal_id: str, action: str, resource_id: str) -> bool:
    """Whether a principal may, by its own role assignments; those of groups are not looked at."""
    if not _exists(cloud, resource_id):
        return False
    if action.startswith("Microsoft.KeyVault/") and not _by_roles(cloud, resource_id):
        return False
    return any(
        _role(given).allows(action) and _condition_holds(given, action, resource_id)
        for given in (assignment.inputs for assignment in _all(cloud, "authorization:RoleAssignment"))
        if given["principalId"] == principal_id and _covers(str(given["scope"]), resource_id)
    )


def _condition_holds(given: dict[str, Any], action: str, resource_id: str) -> bool:
    """Whether an assignment's condition lets an action pass; Azure takes none without `conditionVersion` 2.0."""
    condition = given.get("condition")
    if condition is None:
        return True
    known = _PATH_CONDITION.fullmatch(str(condition))
    if known is None or given.get("conditionVersion") != "2.0":
        raise UnknownConditionError(f"{condition} on {given['scope']}")
    # The container itself has no path, so that nothing is read of it as a whole.
    path = resource_id.partition("/blobs/")[2]
    return action != known["action"] or fnmatchcase(path, known["path"])


def _role(given: dict[str, Any]) -> _Role:
    id_ = str(given["roleDefinitionId"]).rsplit("/", 1)[1]
    if id_ not in _ROLES:
        raise UnknownRoleError(f"role {id_} on {given['scope']}")
    return _ROLES[id_]


def _covers(scope: str, resource_id: str) -> bool:
    return f"{resource_id.lower()}/".startswith(f"{scope.lower().rstrip('/')}/")


def _exists(cloud: Cloud, resource_id: str) -> bool:
    return any(
        _covers(resource.id, resource_id) for resource in cloud.azure if resource.token != "resources:ResourceGroup"
    )


def _by_roles(cloud: Cloud, resource_id: str) -> bool:
    """Whether the vault goes by role assignments; otherwise they say nothing about what it holds."""
    return any(
        bool((vault.inputs.get("properties") or {}).get("enableRbacAuthorization"))
        for vault in _all(cloud, "keyvault:Vault")
        if _covers(vault.id, resource_id)
    )


def _all(cloud: Cloud, token: str) -> list[AzureObject]:
    return [resource for resource in cloud.azure if resource.token == token]
