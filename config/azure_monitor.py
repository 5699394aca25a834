"""Azure Monitor: a second place for metrics, where rules may be evaluated and Managed Grafana shows dashboards."""

from typing import Annotated, Literal

from pydantic import Field

from config.base import NO_GUID, UNKNOWN_NAME, Flag, Guid, Section, StandIn, Text, pattern
from config.receivers import Address

# Names of resource groups and of action groups: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_ACTION_GROUP = (
    # Azure prints ids in the case in which somebody wrote them once.
    r"(?i)^/subscriptions/[0-9a-f-]{36}/resourceGroups/[A-Za-z0-9_().-]{1,90}/providers/Microsoft\.Insights/actionGroups/"
    r"[^/:<>+%&?\\#*]{1,260}$"
)
ActionGroup = Annotated[str, pattern(_ACTION_GROUP)]


class AzureRules(Section):
    """The alerts and recorded queries of the platform, evaluated by Azure Monitor as well."""

    emails: tuple[Address, ...] = Field(
        default=(),
        max_length=100,
        description="a list of addresses that Azure writes to when an alert fires, such as [on-call@acme.example]",
    )
    action_groups: tuple[ActionGroup, ...] = Field(
        default=(),
        max_length=4,
        description="a list of resource ids of action groups of your own, 4 at most, as `az monitor action-group list "
        "--query [].id` prints them",
    )
    severity: Literal["critical", "warning", "info"] = Field(
        default="warning",
        description="the least urgent alerts that somebody is notified of: `critical`, `warning` (critical ones too) "
        "or `info` (all); the others are only shown in the portal",
    )


class ManagedGrafana(Section):
    """Azure Managed Grafana, with the workspace as a data source."""

    admins: Annotated[tuple[Guid, ...], Field(min_length=1, max_length=20), StandIn([NO_GUID])] = Field(
        description="a list of ids (GUIDs in lower case) of Entra groups that are Grafana Admin, at least one"
    )
    viewers: tuple[Guid, ...] = Field(
        default=(),
        max_length=20,
        description="a list of ids (GUIDs in lower case) of Entra groups that see the dashboards and change nothing",
    )
    region: Annotated[Text, UNKNOWN_NAME] | None = Field(
        default=None,
        description="an Azure region for Grafana alone, where the platform's has none; left out: the platform's",
    )
    zone_redundant: Flag = Field(
        default=False, description="`true` (Grafana survives the loss of a zone; fixed once created) or `false`"
    )


class AzureMonitor(Section):
    """An Azure Monitor workspace, to which Prometheus in the cluster sends all that it scrapes."""

    rules: AzureRules | None = Field(
        default=None,
        description="alerts and recorded queries that Azure evaluates too: {emails: […], action_groups: […], severity: "
        "warning}; left out: none",
    )
    grafana: ManagedGrafana | None = Field(
        default=None, description="dashboards in Azure Managed Grafana: {admins: [GROUP], viewers: […]}; left out: none"
    )
