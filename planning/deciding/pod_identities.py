"""Plans the Azure identities of pods: one for each store of secrets, one for each model with weights in the store.

An account without an identity can't sign in to Azure at all.
"""

from planning.deciding.azure_objects import SECRETS_ACCOUNT
from planning.deciding.releases import NAMESPACE
from planning.deciding.roles import grant
from planning.deciding.secret_stores import secrets_read
from planning.plan import PodIdentityPlan
from planning.resolving.releases import ResolvedModel
from planning.resolving.resolution import ResolvedStack


def pod_identities(stack: ResolvedStack) -> tuple[PodIdentityPlan, ...]:
    """Plan which service accounts sign in to Azure, and what they may do."""
    return (
        *(_store(stack, namespace, secrets) for namespace, secrets in secrets_read(stack).items()),
        *(_model(stack, view) for view in stack.models if view.settings.source.blob is not None),
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
    )


def _model(stack: ResolvedStack, view: ResolvedModel) -> PodIdentityPlan:
    principal = f"model-{view.name}"
    return PodIdentityPlan(
        logical_name=f"{principal}-azure",
        name=stack.names.identity(principal).value,
        credential=stack.names.credential(principal).value,
        namespace=NAMESPACE,
        service_account=view.name,
        names_tenant=False,
        read_secrets=(),
        read_weights=grant(stack, principal, "storage_blob_data_reader", "weights"),
    )
