"""Plans the Azure identities of pods: one for External Secrets, one for each model."""

from planning.deciding.azure_objects import SECRETS_ACCOUNT
from planning.deciding.releases import NAMESPACE
from planning.deciding.roles import grant
from planning.plan import PodIdentityPlan
from planning.resolving.releases import ResolvedModel
from planning.resolving.resolution import ResolvedStack

_SECRETS = "secrets"


def pod_identities(stack: ResolvedStack) -> tuple[PodIdentityPlan, ...]:
    """Plan which service accounts sign in to Azure, and what they may do."""
    return (_secrets(stack), *(_model(stack, view) for view in stack.models))


def _secrets(stack: ResolvedStack) -> PodIdentityPlan:
    return PodIdentityPlan(
        logical_name="secrets-reader",
        name=stack.names.identity(_SECRETS).value,
        credential=stack.names.credential(_SECRETS).value,
        namespace=stack.catalog.charts["external-secrets"].namespace,
        service_account=SECRETS_ACCOUNT,
        names_tenant=True,
        read_vault=grant(stack, _SECRETS, "key_vault_secrets_user", "vault"),
        read_weights=None,
    )


def _model(stack: ResolvedStack, view: ResolvedModel) -> PodIdentityPlan:
    principal = f"model-{view.name}"
    from_blob = view.settings.source.blob is not None
    return PodIdentityPlan(
        logical_name=f"{principal}-azure",
        name=stack.names.identity(principal).value,
        credential=stack.names.credential(principal).value,
        namespace=NAMESPACE,
        service_account=view.name,
        names_tenant=False,
        read_vault=None,
        read_weights=grant(stack, principal, "storage_blob_data_reader", "weights") if from_blob else None,
    )
