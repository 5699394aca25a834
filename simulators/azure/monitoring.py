"""What Azure Monitor refuses: settings about what isn't there, unknown logs, one log twice to the same place.

Source: MicrosoftDocs/azure-monitor-docs articles/azure-monitor/platform/diagnostic-settings.md (five settings of a
resource, one destination of a kind each) and articles/azure-monitor/reference/supported-logs (which types have which
logs; in the catalog); a destination that is used already, Azure/bicep-registry-modules#3407; the workspace of a
cluster's sensor, Azure's reference of ManagedClusterSecurityProfileDefender. What differs: retention, daily limits and
roles of whoever asks are not looked at, and nothing is recorded.
"""

from collections.abc import Mapping
from typing import Any, Final

from simulators.azure.cloud import Cloud
from simulators.provider_protocol.calls import RefusedError

_SETTING: Final = "monitor:DiagnosticSetting"
_ASSOCIATION: Final = "monitor:DataCollectionRuleAssociation"
_RULE: Final = "monitor:DataCollectionRule"
_RULE_GROUP: Final = "alertsmanagement:PrometheusRuleGroup"
# https://learn.microsoft.com/azure/azure-monitor/service-limits#prometheus-metrics
_MOST_RULES: Final = 20
_CLUSTER: Final = "containerservice:ManagedCluster"
_MOST_SETTINGS: Final = 5


def require(cloud: Cloud, token: str, id_: str, inputs: Mapping[str, Any]) -> None:
    """Refuse to create or to change what Azure Monitor, or a cluster's agents, would refuse.

    Raises:
        RefusedError: something that is named does not exist, a log is none of the resource, or goes there already.
    """
    for named in _named(token, inputs):
        if cloud.find(named) is None:
            raise RefusedError(f"ResourceNotFound: the resource '{named}' was not found")
    if token == _SETTING:
        _require_setting(cloud, id_, inputs)
    if token == _RULE_GROUP and not 1 <= (count := len(inputs["rules"])) <= _MOST_RULES:
        raise RefusedError(f"BadRequest: a rule group has 1 to {_MOST_RULES} rules, this one has {count}")
    if token == _CLUSTER and (defender := (inputs.get("securityProfile") or {}).get("defender")) is not None:
        is_on = bool((defender.get("securityMonitoring") or {}).get("enabled"))
        if is_on != ("logAnalyticsWorkspaceResourceId" in defender):
            raise RefusedError("BadRequest: Defender has a workspace where it is enabled, and none where it is not")


def _named(token: str, inputs: Mapping[str, Any]) -> list[str]:
    """Ids of resources that must be there."""
    found: list[Any] = []
    if token == _SETTING:
        found = [inputs["resourceUri"], inputs.get("workspaceId")]
    elif token == _ASSOCIATION:
        found = [inputs["resourceUri"], inputs.get("dataCollectionRuleId")]
    elif token == _RULE:
        destinations = inputs.get("destinations") or {}
        found = [inputs.get("dataCollectionEndpointId")]
        found += [place.get("workspaceResourceId") for place in destinations.get("logAnalytics") or ()]
        found += [place.get("accountResourceId") for place in destinations.get("monitoringAccounts") or ()]
    elif token == _RULE_GROUP:
        # Action groups may be in other subscriptions, which are not here.
        found = list(inputs["scopes"])
    elif token == _CLUSTER:
        agents = (inputs.get("addonProfiles") or {}).values()
        found = [(agent.get("config") or {}).get("logAnalyticsWorkspaceResourceID") for agent in agents]
        defender = (inputs.get("securityProfile") or {}).get("defender") or {}
        found.append(defender.get("logAnalyticsWorkspaceResourceId"))
    return [str(id_) for id_ in found if id_ is not None]


def _require_setting(cloud: Cloud, id_: str, setting: Mapping[str, Any]) -> None:
    target = cloud.find(setting["resourceUri"])
    import catalog  # noqa: PLC0415 - recordings of old programs load this file beside modules of other names

    logs = catalog.load().azure.resource_logs.categories.get(target.token, ()) if target is not None else ()
    wanted = {str(log.get("category")) for log in setting.get("logs") or () if log.get("enabled")}
    for category in sorted(wanted):
        if category not in logs:
            raise RefusedError(f"BadRequest: Category '{category}' is not supported.")
    if not wanted:
        raise RefusedError("BadRequest: at least one log or metric must be enabled")
    # Those of what lies inside the resource, such as a service of a storage account, are its own.
    beside = [
        known
        for known in cloud.below(setting["resourceUri"])
        if known.token == _SETTING
        and known.id.lower() != id_.lower()
        and str(known.inputs["resourceUri"]).lower() == str(setting["resourceUri"]).lower()
    ]
    if len(beside) >= _MOST_SETTINGS:
        raise RefusedError(f"BadRequest: a resource takes {_MOST_SETTINGS} diagnostic settings")
    sink = setting.get("workspaceId")
    for known in beside:
        taken = {str(log.get("category")) for log in known.inputs.get("logs") or () if log.get("enabled")}
        if sink is not None and known.inputs.get("workspaceId") == sink and (both := sorted(wanted & taken)):
            raise RefusedError(
                f"Conflict: Data sink '{sink}' is already used in diagnostic setting '{known.inputs['name']}' for "
                f"category '{both[0]}'. Data sinks can't be reused in different settings on the same category"
            )
