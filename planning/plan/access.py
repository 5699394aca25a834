"""Who may do what: the roles of people who don't administer the platform, in the cluster and in Azure."""

from msgspec import Struct

from planning.plan.azure_grants import AdminGrantPlan


class AccessPlan(Struct, frozen=True, kw_only=True):
    """Roles in the cluster. A group is named by the id that the API server sees as a group of its members."""

    namespaces: tuple[str, ...]
    """The platform's namespaces, sorted: where operators and viewers have their roles."""
    models_namespace: str
    """The one namespace where publishers have theirs."""
    operators: tuple[str, ...]
    """Groups that read all but Secrets, and restart and scale."""
    publishers: tuple[str, ...]
    """Groups that look at the models."""
    viewers: tuple[str, ...]
    """Groups that see what runs."""


class AzureAccessPlan(Struct, frozen=True, kw_only=True):
    """Roles in Azure."""

    sign_in: tuple[AdminGrantPlan, ...]
    """Lets each group fetch the cluster's kubeconfig, which holds no credentials; no right in the cluster."""
    publish: tuple[AdminGrantPlan, ...]
    """Lets each group of publishers write to the container of weights."""
