"""Azure Monitor: the workspace that metrics are sent to, who evaluates rules on them, and who looks at them."""

from msgspec import Struct

from planning.plan.azure_grants import AdminGrantPlan, GrantPlan
from planning.plan.base import Pairs


class RemoteWritePlan(Struct, frozen=True, kw_only=True):
    """How Prometheus in the cluster sends its samples outside."""

    service_account: str
    """Service account of Prometheus' pods, which signs in."""
    pod_labels: Pairs
    """Labels by which its pods get a token of the cloud."""
    labels: Pairs
    """Labels that every sample gets."""
    sender: str
    """Pod whose samples are sent: those of other replicas are the same ones again."""
    rules_outside: bool
    """Whether the platform's rules are evaluated there too: then what they record here is not sent."""
    hosts: tuple[str, ...]
    """Patterns of hosts that it signs in at and sends to, if policies name hosts; empty where addresses are meant."""


class ActionsPlan(Struct, frozen=True, kw_only=True):
    """Who is notified of alerts that Azure Monitor evaluates."""

    group: str
    """Name of the platform's own action group; made only where there are addresses."""
    emails: tuple[str, ...]
    """Addresses that it writes to."""
    others: tuple[str, ...]
    """Resource ids of action groups that are there already."""
    severities: tuple[str, ...]
    """Severities of the alerts of which they are notified."""
    rules_per_group: int
    """Most rules that Azure takes in one group."""


class GrafanaPlan(Struct, frozen=True, kw_only=True):
    """Azure Managed Grafana."""

    name: str
    """Azure's name for it, a part of its address."""
    region: str
    """Its region."""
    zone_redundant: bool
    """Whether it survives the loss of a zone."""
    read: GrantPlan
    """Lets its identity query the workspace."""
    admins: tuple[AdminGrantPlan, ...]
    """Groups that may change everything in it."""
    viewers: tuple[AdminGrantPlan, ...]
    """Groups that see the dashboards."""


class AzureMonitorPlan(Struct, frozen=True, kw_only=True):
    """One Azure Monitor workspace, and what metrics go through on their way to it."""

    workspace: str
    """Azure's name for it."""
    endpoint: str
    """Name of the data collection endpoint that takes samples."""
    rule: str
    """Name of the data collection rule that leads from there to the workspace, on which the sender has its role."""
    kept_months: int
    """Months for which Azure keeps samples."""
    actions: ActionsPlan | None
    """Who is notified where Azure evaluates the platform's rules; None where it doesn't."""
    grafana: GrafanaPlan | None
    """Managed Grafana; None without it."""
