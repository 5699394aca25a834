"""Azure's stand-in refuses what Azure Monitor refuses."""

from pathlib import Path
from typing import Any

import pytest

from simulators.azure.cloud import Cloud
from simulators.azure.provider import AzureNative
from simulators.provider_protocol.calls import CallLog, RefusedError

GROUP = {"resourceGroupName": "rg", "location": "eastus"}
WORKSPACE = "azure-native:operationalinsights:Workspace"
SETTING = "azure-native:monitor:DiagnosticSetting"
RULES = "azure-native:network:NetworkSecurityGroup"
CLUSTER = "azure-native:containerservice:ManagedCluster"
NOWHERE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/none"
FIRST = {"name": "first", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5", "maxPods": 110}


@pytest.fixture
def azure(arm: Path) -> AzureNative:
    """A group with a workspace and a resource that has logs."""
    found = AzureNative(CallLog(), Cloud(), arm)
    found.create("azure-native:resources:ResourceGroup", GROUP)
    found.create(WORKSPACE, {**GROUP, "workspaceName": "logs"})
    found.create(RULES, {**GROUP, "networkSecurityGroupName": "rules"})
    return found


def id_of(azure: AzureNative, name: str) -> str:
    (found,) = (resource.id for resource in azure.cloud.azure if resource.id.endswith(f"/{name}"))
    return found


def setting(azure: AzureNative, name: str = "audit", *categories: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "resourceUri": id_of(azure, "rules"),
        "workspaceId": id_of(azure, "logs"),
        "logs": [{"category": category, "enabled": True} for category in categories or ("NetworkSecurityGroupEvent",)],
        **changes,
    }


def cluster(**changes: Any) -> dict[str, Any]:
    return {**GROUP, "resourceName": "aks", "agentPoolProfiles": [FIRST], **changes}


def test_a_setting_about_what_is_there_is_taken(azure: AzureNative) -> None:
    id_, _ = azure.create(SETTING, setting(azure))
    azure.create(SETTING, setting(azure, "more", "NetworkSecurityGroupRuleCounter"))
    azure.update(SETTING, id_, setting(azure))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"resourceUri": NOWHERE}, "ResourceNotFound"),
        ({"workspaceId": NOWHERE}, "ResourceNotFound"),
        ({"logs": [{"category": "AuditEvent", "enabled": True}]}, "'AuditEvent' is not supported"),
        ({"logs": [{"category": "NetworkSecurityGroupEvent", "enabled": False}]}, "at least one"),
    ],
)
def test_a_setting_is_refused(azure: AzureNative, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        azure.create(SETTING, setting(azure, **changes))


def test_a_log_goes_to_a_workspace_once(azure: AzureNative) -> None:
    azure.create(SETTING, setting(azure))
    with pytest.raises(RefusedError, match="already used in diagnostic setting 'audit'"):
        azure.create(SETTING, setting(azure, "another"))


def test_a_resource_takes_five_settings(azure: AzureNative) -> None:
    for number in range(5):
        azure.create(WORKSPACE, {**GROUP, "workspaceName": f"logs-{number}"})
        azure.create(SETTING, setting(azure, f"audit-{number}", workspaceId=id_of(azure, f"logs-{number}")))
    with pytest.raises(RefusedError, match="takes 5"):
        azure.create(SETTING, setting(azure, "sixth"))


def test_agents_of_a_cluster_need_a_workspace_that_is_there(azure: AzureNative) -> None:
    agent = {"enabled": True, "config": {"logAnalyticsWorkspaceResourceID": NOWHERE}}
    with pytest.raises(RefusedError, match="ResourceNotFound"):
        azure.create(CLUSTER, cluster(addonProfiles={"omsagent": agent}))
    for wrong in ({"securityMonitoring": {"enabled": True}}, {"logAnalyticsWorkspaceResourceId": id_of(azure, "logs")}):
        with pytest.raises(RefusedError, match="Defender"):
            azure.create(CLUSTER, cluster(securityProfile={"defender": wrong}))


def test_an_add_on_that_is_no_longer_named_stays_on(azure: AzureNative) -> None:
    id_, _ = azure.create(CLUSTER, cluster(addonProfiles={"omsagent": {"enabled": True}}))
    assert azure.update(CLUSTER, id_, cluster())["addonProfiles"] == {"omsagent": {"enabled": True}}
    off = cluster(addonProfiles={"omsagent": {"enabled": False}})
    assert azure.update(CLUSTER, id_, off)["addonProfiles"] == {"omsagent": {"enabled": False}}


def metrics(azure: AzureNative) -> dict[str, str]:
    """A workspace of Azure Monitor and its endpoint, by id."""
    azure.create("azure-native:monitor:AzureMonitorWorkspace", {**GROUP, "azureMonitorWorkspaceName": "amw"})
    azure.create("azure-native:monitor:DataCollectionEndpoint", {**GROUP, "dataCollectionEndpointName": "dce"})
    return {name: id_of(azure, name) for name in ("amw", "dce")}


@pytest.mark.parametrize("missing", ["amw", "dce", None])
def test_a_rule_for_samples_leads_from_an_endpoint_to_a_workspace(azure: AzureNative, missing: str | None) -> None:
    ids = {**metrics(azure), **({missing: NOWHERE} if missing is not None else {})}
    rule = {
        **GROUP,
        "dataCollectionRuleName": "dcr",
        "dataCollectionEndpointId": ids["dce"],
        "destinations": {"monitoringAccounts": [{"name": "amw", "accountResourceId": ids["amw"]}]},
    }
    if missing is None:
        _, outputs = azure.create("azure-native:monitor:DataCollectionRule", rule)
        assert str(outputs["immutableId"]).startswith("dcr-")
        return
    with pytest.raises(RefusedError, match="ResourceNotFound"):
        azure.create("azure-native:monitor:DataCollectionRule", rule)


@pytest.mark.parametrize(("count", "why"), [(0, "1 to 20"), (20, ""), (21, "this one has 21")])
def test_a_group_of_rules_is_short_and_about_a_workspace(azure: AzureNative, count: int, why: str) -> None:
    rules = [{"record": "a:b", "expression": "sum(c)"}] * count
    group = {**GROUP, "ruleGroupName": "group", "scopes": [metrics(azure)["amw"]], "rules": rules}
    if not why:
        azure.create("azure-native:alertsmanagement:PrometheusRuleGroup", group)
        return
    with pytest.raises(RefusedError, match=why):
        azure.create("azure-native:alertsmanagement:PrometheusRuleGroup", group)


def test_rules_about_a_workspace_that_is_not_there_are_refused(azure: AzureNative) -> None:
    group = {**GROUP, "ruleGroupName": "group", "scopes": [NOWHERE], "rules": [{"record": "a:b", "expression": "c"}]}
    with pytest.raises(RefusedError, match="ResourceNotFound"):
        azure.create("azure-native:alertsmanagement:PrometheusRuleGroup", group)
