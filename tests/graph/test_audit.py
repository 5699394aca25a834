"""What is recorded: every log that Azure has of a resource goes to the workspace, or its type has a reason not to."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import pytest

import catalog
from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, is_azure, sections_of, strings
from tests.graph.test_graph import reachable, type_of

LOGS = catalog.load().azure.resource_logs.categories
SETTING, WORKSPACE = "monitor:DiagnosticSetting", "operationalinsights:Workspace"
RULE, ASSOCIATION = "monitor:DataCollectionRule", "monitor:DataCollectionRuleAssociation"
CLUSTER = "containerservice:ManagedCluster"
RECORDS = {SETTING, WORKSPACE, RULE, ASSOCIATION}
# Types with logs that aren't recorded.
EXEMPT = {
    "network:NatGateway": "the flow logs are those of gateways of the kind StandardV2, and this one is Standard",
    "monitor:AzureMonitorWorkspace": "the log is about which metrics are used, and not about who read or wrote any",
    "network:PublicIPAddress": "the logs are those of DDoS protection, which is no part of the platform",
    "network:VirtualNetwork": "as those of public addresses",
}
# Types of which Azure has no logs: what they do is in the subscription's activity log, or in those of another resource.
WITHOUT_LOGS = {
    "alertsmanagement:PrometheusRuleGroup", "apimanagement:Api", "apimanagement:ApiOperation",
    "apimanagement:ApiPolicy", "apimanagement:Backend", "apimanagement:NamedValue", "apimanagement:Product",
    "apimanagement:ProductApi", "apimanagement:Subscription", "authorization:ManagementLockByScope",
    "authorization:RoleAssignment", "compute:DiskEncryptionSet", "containerregistry:CacheRule",
    "containerregistry:CredentialSet", "containerservice:AgentPool", "containerservice:MaintenanceConfiguration",
    "keyvault:Key", "keyvault:Secret", "managedidentity:FederatedIdentityCredential",
    "managedidentity:UserAssignedIdentity", "monitor:ActionGroup", "monitor:DataCollectionEndpoint",
    "network:PrivateDnsZoneGroup", "network:PrivateEndpoint", "network:Subnet", "network:VirtualNetworkPeering",
    "privatedns:PrivateZone", "privatedns:VirtualNetworkLink", "redisenterprise:RedisEnterprise",
    "resources:ResourceGroup", "storage:BlobContainer", "storage:BlobContainerImmutabilityPolicy",
    "storage:ManagementPolicy", "storage:StorageAccount",
    SETTING, RULE, ASSOCIATION,
}  # fmt: skip
# Words of headers and of Envoy's operators by which a key, a prompt or an answer would reach the access log.
SPOKEN = re.compile(r"authorization|api-key|cookie|body|trailer|%REQ\(:PATH\)|%PATH|%QUERY", re.IGNORECASE)
each_stack = pytest.mark.parametrize("stack", ALL)


def of_type(entries: Sequence[Entry], *types: str) -> list[Entry]:
    return [entry for entry in entries if is_azure(entry) and type_of(entry) in types]


def settings_of(entries: Sequence[Entry], entry: Entry) -> list[Entry]:
    """Diagnostic settings that wait for a resource, and so are about it."""
    return [setting for setting in of_type(entries, SETTING) if entry["urn"] in setting["options"]["depends_on"]]


def unrecorded(entries: Sequence[Entry]) -> Iterator[str]:
    """Resources with logs of which none is sent, or not to the workspace."""
    workspaces = {entry["urn"] for entry in of_type(entries, WORKSPACE)}
    for entry in filter(is_azure, entries):
        type_ = type_of(entry)
        if type_ not in LOGS or type_ in EXEMPT:
            continue
        # Every setting waits for the workspace; the one about it has its parent too.
        found = [
            setting
            for setting in settings_of(entries, entry)
            if type_ != WORKSPACE or setting["parent"] == entry["parent"]
        ]
        sent = {log["category"] for setting in found for log in setting["inputs"]["logs"] if log["enabled"]}
        to_workspace = all(workspaces & set(setting["options"]["depends_on"]) for setting in found)
        if len(found) != 1 or not sent or not sent <= set(LOGS[type_]) or not to_workspace:
            yield entry["urn"].split("::")[-1]


def audited(stack: str = "prod", **audit: Any) -> tuple[Entry, ...]:
    """The production stack, or another one, with another audit."""
    return _audited(stack, tuple(sorted(audit.items())))


@cache
def _audited(stack: str, audit: tuple[tuple[str, Any], ...]) -> tuple[Entry, ...]:
    def change(sections: Sections) -> None:
        sections.setdefault("observability", {})["audit"] = dict(audit)

    return tuple(graph_of(stack, change).to_json())


@cache
def _with_services() -> tuple[Entry, ...]:
    def change(sections: Sections) -> None:
        sections["tenants"][0]["limits"] = {"requests_per_minute": 600}
        sections["limiter"] = {"password_secret": "redis-password", "redis": "azure", "when_away": "deny"}
        admins = {"admins": ["00000000-0000-4000-8000-000000000003"]}
        sections.setdefault("observability", {}).update(audit={}, azure_monitor={"grafana": admins})

    return tuple(graph_of("dev", change).to_json())


def cluster(entries: Sequence[Entry]) -> Mapping[str, Any]:
    (found,) = of_type(entries, CLUSTER)
    return found["inputs"]


@each_stack
def test_each_type_of_the_graph_has_logs_or_is_known_to_have_none(stack: str) -> None:
    kinds = {type_of(entry) for entry in entries_of(stack) if is_azure(entry)}
    assert kinds - set(LOGS) == kinds & WITHOUT_LOGS
    assert set(EXEMPT) <= set(LOGS)


@each_stack
def test_every_resource_with_logs_is_recorded_where_the_stack_says_so(stack: str) -> None:
    entries = entries_of(stack)
    if "audit" in sections_of(stack)["observability"]:
        assert list(unrecorded(entries)) == []
        assert len(of_type(entries, WORKSPACE)) == 1
    else:
        assert of_type(entries, *RECORDS) == []
        assert "addonProfiles" not in cluster(entries)
        assert "defender" not in cluster(entries)["securityProfile"]


def test_what_only_some_stacks_have_is_recorded_too() -> None:
    """Azure Managed Redis, an Azure Monitor workspace and Managed Grafana: no stack of the repository has them."""
    entries = _with_services()
    kinds = {type_of(entry) for entry in entries if is_azure(entry)}
    assert kinds >= {"redisenterprise:Database", "monitor:AzureMonitorWorkspace", "dashboard:Grafana"}
    assert kinds - set(LOGS) == kinds & WITHOUT_LOGS
    assert list(unrecorded(entries)) == []
    (connected,) = settings_of(entries, *of_type(entries, "redisenterprise:Database"))
    assert connected["inputs"]["logs"] == [{"category": "ConnectionEvents", "enabled": True}]


def test_nobody_reaches_redis_before_it_is_recorded() -> None:
    (endpoint,) = (entry for entry in _with_services() if entry["urn"].endswith("::redis-endpoint"))
    assert any(urn.endswith("::redis-recorded") for urn in endpoint["options"]["depends_on"])


@each_stack
def test_production_is_recorded(stack: str) -> None:
    if sections_of(stack)["platform"]["environment"] == "prod":
        assert of_type(entries_of(stack), WORKSPACE)


def test_a_resource_that_is_not_recorded_is_found() -> None:
    without = [entry for entry in entries_of("prod") if not entry["urn"].endswith("::vault-recorded")]
    assert list(unrecorded(without)) == ["vault-vault"]
    assert {"cluster-aks", "registry-registry", "vault-vault"} <= set(unrecorded(entries_of("dev")))


def test_nobody_reaches_vault_store_or_registry_before_they_are_recorded() -> None:
    for name in ("vault", "registry", "model-store"):
        (endpoint,) = (entry for entry in entries_of("prod") if entry["urn"].endswith(f"::{name}-endpoint"))
        assert any(urn.endswith(f"::{name}-recorded") for urn in endpoint["options"]["depends_on"])


def test_whatever_is_made_in_the_cluster_is_recorded() -> None:
    (provider,) = (entry for entry in entries_of("prod") if entry["type"] == "pulumi:providers:kubernetes")
    waits = {urn.split("::")[-1] for urn in reachable("prod", provider["urn"])}
    assert {"cluster-recorded", "cluster-container-logs"} <= waits


def test_of_containers_only_the_logs_of_gateway_and_models_are_recorded() -> None:
    """No environment variables (keys are in some), no inventory, and nobody else's containers."""
    entries = entries_of("prod")
    (rule,) = of_type(entries, RULE)
    (source,), (flow,) = rule["inputs"]["dataSources"]["extensions"], rule["inputs"]["dataFlows"]
    assert source["streams"] == flow["streams"] == ["Microsoft-ContainerLogV2"]
    admitted = set(re.findall(r"'([^']+)'", flow["transformKql"]))
    assert flow["transformKql"].startswith("source | where PodNamespace in (")
    deployments = {
        entry["inputs"]["metadata"]["namespace"] for entry in entries if entry["type"].endswith(":Deployment")
    }
    (proxies,) = {
        entry["inputs"]["namespace"]
        for entry in entries
        if entry["type"].endswith(":Release") and entry["inputs"]["name"] == "gateway-helm"
    }
    assert admitted == {*deployments, proxies}


@each_stack
def test_the_access_log_holds_neither_keys_nor_bodies_nor_queries(stack: str) -> None:
    (proxy,) = (entry for entry in entries_of(stack) if entry["inputs"].get("kind") == "EnvoyProxy")
    logs = proxy["inputs"]["spec"]["telemetry"]["accessLog"]["settings"]
    assert strings(logs)
    assert [text for text in strings(logs) if SPOKEN.search(text)] == []


def test_the_agent_and_defender_are_switched_on_and_off_by_name() -> None:
    """AKS keeps an add-on that is left out (Azure/AKS#2904), so what is off is named as off."""
    every, none = audited(defender=True), audited("dev", container_logs=False)
    agent = cluster(every)["addonProfiles"]["omsagent"]
    assert agent["enabled"] is True
    assert agent["config"]["useAADAuth"] == "true"
    assert set(cluster(every)["securityProfile"]["defender"]) == {
        "logAnalyticsWorkspaceResourceId", "securityMonitoring"
    }  # fmt: skip
    assert cluster(none)["addonProfiles"]["omsagent"] == {"enabled": False}
    assert cluster(none)["securityProfile"]["defender"] == {"securityMonitoring": {"enabled": False}}
    assert of_type(none, RULE, ASSOCIATION) == []
    assert list(unrecorded(none)) == []


def test_a_limit_that_is_left_out_is_taken_away() -> None:
    """Azure's word for none is -1: left out, an earlier limit would stay."""
    (limited,), (free,) = of_type(audited(daily_gb=5), WORKSPACE), of_type(audited(), WORKSPACE)
    assert limited["inputs"]["workspaceCapping"] == {"dailyQuotaGb": 5}
    assert free["inputs"]["workspaceCapping"] == {"dailyQuotaGb": -1}
    assert free["inputs"]["features"]["disableLocalAuth"] is True
