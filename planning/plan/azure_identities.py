"""The identities of pods in Azure."""

from msgspec import Struct

from planning.plan.azure_grants import GrantPlan


class PodIdentityPlan(Struct, frozen=True, kw_only=True):
    """The user-assigned identity of one service account: an identity takes only 20 credentials, so each has its own."""

    logical_name: str
    """Pulumi's name for it."""
    name: str
    """Azure's name for the identity."""
    credential: str
    """Name of the federated credential that trusts the service account."""
    namespace: str
    """Namespace of the service account."""
    service_account: str
    """Service account whose pods may sign in as this identity."""
    names_tenant: bool
    """Whether the account names the tenant: External Secrets reads it there; Azure's webhook needs no annotation."""
    read_secrets: tuple[tuple[str, GrantPlan], ...]
    """Secrets of the vault, and what lets it read each of them; it reads no others."""
    write_zones: tuple[tuple[str, GrantPlan], ...] = ()
    """Resource ids of public DNS zones, and what lets it write records there."""
    read_weights: GrantPlan | None
    """Lets it read what is below one folder of the container of weights."""
    weights_folder: str | None
    """That folder: the first part of the name of the model's own, which all of its revisions have in common."""
    use_content_safety: GrantPlan | None = None
    """Lets it call the account of Content Safety."""
    write_usage: GrantPlan | None = None
    """Lets it write to the container of usage."""
    publish_metrics: GrantPlan | None = None
    """Lets it send samples through the data collection rule of the Azure Monitor workspace."""
