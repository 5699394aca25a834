"""Plans the Azure identities of pods: of stores of secrets, models with weights in the store, and what has its own.

An account without an identity can't sign in to Azure at all.
"""

from planning.deciding import azure_monitor, safety, usage_export
from planning.deciding.azure_objects import SECRETS_ACCOUNT
from planning.deciding.releases import NAMESPACE
from planning.deciding.roles import grant
from planning.deciding.secret_stores import secrets_read
from planning.deciding.surface import ISSUER_ACCOUNT, zone_id
from planning.naming import WEIGHTS_CONTAINER
from planning.plan import GrantPlan, PodIdentityPlan
from planning.resolving.releases import ResolvedModel
from planning.resolving.resolution import ResolvedStack

_READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
# As Microsoft writes "read blobs with a path":
# https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-examples
_BELOW = (
    "((!(ActionMatches{{'{action}'}} AND NOT SubOperationMatches{{'Blob.List'}})) OR "
    "(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLike '{path}'))"
)


def pod_identities(stack: ResolvedStack) -> tuple[PodIdentityPlan, ...]:
    """Plan which service accounts sign in to Azure, and what they may do."""
    return (
        *_issuer(stack),
        *(_store(stack, namespace, secrets) for namespace, secrets in secrets_read(stack).items()),
        *(_model(stack, view) for view in stack.models if view.settings.source.blob is not None),
        *safety.pod_identity(stack),
        *usage_export.pod_identity(stack),
        *azure_monitor.pod_identity(stack),
    )


def _issuer(stack: ResolvedStack) -> tuple[PodIdentityPlan, ...]:
    """Plan the identity of cert-manager, which proves the gateway's host name by a record, where an authority signs."""
    tls, principal = stack.settings.gateway.tls, "certificates"
    if tls is None:
        return ()
    return (
        PodIdentityPlan(
            logical_name=f"{principal}-azure",
            name=stack.names.identity(principal).value,
            credential=stack.names.credential(principal).value,
            namespace=stack.catalog.charts["cert-manager"].namespace,
            service_account=ISSUER_ACCOUNT,
            names_tenant=False,
            read_secrets=(),
            write_zones=(
                (
                    zone_id(stack, tls.zone_resource_group, tls.dns_zone),
                    grant(stack, principal, "dns_zone_contributor", f"zone-{tls.dns_zone}"),
                ),
            ),
            read_weights=None,
            weights_folder=None,
        ),
    )


def _store(stack: ResolvedStack, namespace: str, secrets: tuple[str, ...]) -> PodIdentityPlan:
    principal = f"secrets-{namespace}"
    return PodIdentityPlan(
        logical_name=f"{principal}-reader",
        name=stack.names.identity(principal).value,
        credential=stack.names.credential(principal).value,
        namespace=namespace,
        service_account=SECRETS_ACCOUNT,
        names_tenant=True,
        read_secrets=tuple(
            (secret, grant(stack, principal, "key_vault_secrets_user", f"secret-{secret}")) for secret in secrets
        ),
        read_weights=None,
        weights_folder=None,
    )


def _model(stack: ResolvedStack, view: ResolvedModel) -> PodIdentityPlan:
    principal = f"model-{view.name}"
    blob = view.settings.source.blob
    folder = blob.partition("/")[0] if blob is not None else None
    return PodIdentityPlan(
        logical_name=f"{principal}-azure",
        name=stack.names.identity(principal).value,
        credential=stack.names.credential(principal).value,
        namespace=NAMESPACE,
        service_account=view.name,
        names_tenant=False,
        read_secrets=(),
        read_weights=None if folder is None else _read_below(stack, principal, folder),
        weights_folder=folder,
    )


def _read_below(stack: ResolvedStack, principal: str, folder: str) -> GrantPlan:
    """Grant reading blobs below a folder of the container.

    The folder is in the assignment's name: a model whose weights move to another folder gets a second assignment, and
    loses the first one when its pods have moved. Within the folder a new revision changes nothing, which would take
    minutes to spread. Names may be listed in the whole container, as a client does before it reads.
    """
    return grant(
        stack,
        principal,
        "storage_blob_data_reader",
        f"container-{WEIGHTS_CONTAINER}/{folder}",
        condition=_BELOW.format(action=_READ, path=f"{folder}/*"),
    )
