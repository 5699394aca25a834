"""Azure Monitor in the graph: nothing without the section; with it one replica's samples, a role, and Grafana."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import catalog
import config
from observability.rule_groups import recorded_names
from planning.planner import decide
from simulators.azure.arm_schema import ArmSchema
from tests.alerts.expositions import sections_watched
from tests.graph.azure_monitor import (
    ADMINS,
    RECORDING,
    STACKS,
    VIEWERS,
    WHOLE,
    monitored,
    named,
    of,
    prometheus,
    rules,
)
from tests.graph.crd_schema import kinds
from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of
from tests.graph.test_graph import type_of

KINDS = {
    "alertsmanagement:PrometheusRuleGroup", "dashboard:Grafana", "monitor:ActionGroup", "monitor:AzureMonitorWorkspace",
    "monitor:DataCollectionEndpoint",
}  # fmt: skip
ROLES = catalog.load().azure.roles


@pytest.mark.parametrize("stack", ALL)
def test_without_the_section_there_is_none_of_it(stack: str) -> None:
    entries = entries_of(stack)
    assert not [entry["urn"] for entry in entries if type_of(entry) in KINDS]
    assert not {"remoteWrite", "externalLabels"} & set(prometheus(entries)["prometheusSpec"])
    assert "serviceAccount" not in prometheus(entries)
    assert not [entry for entry in entries if "remote-write" in entry["urn"]]


@pytest.mark.parametrize("stack", STACKS)
def test_azure_takes_all_of_it(stack: str, arm: Path) -> None:
    entries = monitored(stack)
    kinds = KINDS | {"monitor:DataCollectionRule", "monitor:DiagnosticSetting", "authorization:RoleAssignment"}
    checked = [entry for entry in entries if entry["type"].startswith("azure-native:") and type_of(entry) in kinds]
    assert {type_of(entry) for entry in checked} >= KINDS
    for entry in checked:
        assert ArmSchema.load(arm, type_of(entry)).check(entry["inputs"]) == [], entry["name"]


def test_the_sender_has_its_role_on_the_rule_alone() -> None:
    entries = monitored()
    granted = [
        entry for entry in of(entries, "authorization:RoleAssignment") if entry["name"].startswith("prometheus-grant")
    ]
    (grant,) = granted
    assert grant["inputs"]["roleDefinitionId"].endswith(ROLES["monitoring_metrics_publisher"])
    assert grant["inputs"]["principalType"] == "ServicePrincipal"
    waits = set(grant["options"]["depends_on"])
    rule, identity = named(entries, "metrics-rule"), named(entries, "prometheus-identity")
    assert {rule["urn"], identity["urn"]} == waits
    # The rule leads to the workspace, from the endpoint that Prometheus writes to.
    assert {named(entries, f"metrics-{part}")["urn"] for part in ("workspace", "endpoint")} <= set(
        rule["options"]["depends_on"]
    )
    credential = named(entries, "prometheus-credential")["inputs"]
    assert credential["subject"] == "system:serviceaccount:monitoring:kube-prometheus-stack-prometheus"
    bindings = [entry for entry in entries if entry["inputs"].get("kind") == "ClusterRoleBinding"]
    accounts = {
        f"{subject['namespace']}:{subject['name']}"
        for entry in bindings
        for subject in entry["inputs"]["subjects"]
        if subject["kind"] == "ServiceAccount"
    }
    assert credential["subject"].removeprefix("system:serviceaccount:") in accounts


def test_pods_of_prometheus_sign_in_and_wait_for_their_role() -> None:
    entries = monitored()
    values, release = prometheus(entries), named(entries, "monitoring-release")
    assert values["serviceAccount"]["annotations"] == {"azure.workload.identity/client-id": "[unknown]"}
    labels = values["prometheusSpec"]["podMetadata"]["labels"]
    assert labels["azure.workload.identity/use"] == "true"
    # Those of the nodes' revision stay.
    before = prometheus(entries_of("dev"))["prometheusSpec"]["podMetadata"]["labels"]
    assert labels.items() >= before.items()
    (sent,) = values["prometheusSpec"]["remoteWrite"]
    assert sent["azureAd"]["cloud"] == "AzurePublic"
    assert set(sent["azureAd"]["workloadIdentity"]) == {"clientId", "tenantId"}
    for name in ("prometheus-credential", "prometheus-grant-monitoring-metrics-publisher"):
        assert named(entries, name)["urn"] in release["options"]["depends_on"]


def test_the_operator_takes_what_is_sent(reference: Path) -> None:
    kind = kinds(reference / "crds")["monitoring.coreos.com/v1", "Prometheus"]
    spec = {key: prometheus(monitored())["prometheusSpec"][key] for key in ("externalLabels", "podMetadata")}
    (sent,) = json.loads(json.dumps(prometheus(monitored())["prometheusSpec"]["remoteWrite"]))
    sent["url"] = "https://dce.eastus-1.metrics.ingest.monitor.azure.com/dataCollectionRules/dcr/streams/s/api/v1/write"
    found = {"metadata": {"name": "p", "namespace": "monitoring"}, "spec": {**spec, "remoteWrite": [sent]}}
    assert kind.problems(found) == []
    sent["azureAd"]["workloadIdentity"] = {"clientID": "c", "tenantId": "t"}
    assert kind.problems(found) != []


def kept(relabelings: list[dict[str, Any]], labels: Mapping[str, str]) -> dict[str, str] | None:
    """What Prometheus sends of a series: the three actions that are used here, anchored as it anchors them."""
    result = dict(labels)
    for item in relabelings:
        if item["action"] == "labeldrop":
            result = {name: value for name, value in result.items() if not re.fullmatch(item["regex"], name)}
            continue
        found = re.fullmatch(item["regex"], ";".join(result.get(name, "") for name in item["sourceLabels"]))
        if bool(found) != (item["action"] == "keep"):
            return None
    return result


def test_no_sample_is_there_twice() -> None:
    entries = monitored(RECORDING, more={"observability.replicas": 2})
    (sent,) = prometheus(entries)["prometheusSpec"]["remoteWrite"]
    relabelings = sent["writeRelabelConfigs"]
    server = "kube-prometheus-stack"
    series = {"__name__": "up", "cluster": "aks", "prometheus": f"monitoring/{server}"}
    first = {**series, "prometheus_replica": f"prometheus-{server}-prometheus-0"}
    assert kept(relabelings, first) == {"__name__": "up", "cluster": "aks"}
    assert kept(relabelings, {**first, "prometheus_replica": f"prometheus-{server}-prometheus-1"}) is None
    recorded = [rule["record"] for rule in rules(entries) if "record" in rule]
    assert recorded
    assert all(kept(relabelings, {**first, "__name__": name}) is None for name in recorded)
    # Where Azure evaluates no rules, what is recorded in the cluster is sent.
    (whole,) = prometheus(monitored(RECORDING, settings={}))["prometheusSpec"]["remoteWrite"]
    assert all(kept(whole["writeRelabelConfigs"], {**first, "__name__": name}) for name in recorded)


def test_the_names_that_are_left_out_are_those_that_azure_records() -> None:
    recorded = {rule["record"] for rule in rules(monitored(RECORDING)) if "record" in rule}
    plan = decide(config.load(sections_watched(RECORDING)), catalog.load())
    assert set(recorded_names(plan.monitoring)) == recorded


def test_alerts_about_sending_are_on_where_something_is_sent() -> None:
    def off(entries: tuple[Entry, ...]) -> set[str]:
        values = named(entries, "monitoring-release")["inputs"]["values"]
        return {name for name in values["defaultRules"]["disabled"] if "Remote" in name}

    assert len(off(entries_of("dev"))) == 3
    assert off(monitored()) == set()


def test_prometheus_reaches_azure_by_https_alone() -> None:
    policy = named(monitored(), "monitoring-traffic-remote-write")["inputs"]["spec"]
    (rule,) = policy["egress"]
    assert rule["ports"] == [{"port": 443, "protocol": "TCP"}]
    assert {"169.254.0.0/16", "168.63.129.16/32", "10.0.0.0/8"} <= set(rule["to"][0]["ipBlock"]["except"])
    assert policy["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "prometheus"


def test_where_egress_is_by_name_so_is_azure() -> None:
    entries = monitored(more={"network.egress": "fqdn"})
    assert not [entry for entry in entries if entry["name"] == "monitoring-traffic-remote-write"]
    spec = named(entries, "monitoring-remote-write-by-name")["inputs"]["spec"]
    assert spec["endpointSelector"]["matchLabels"]["app.kubernetes.io/name"] == "prometheus"
    assert spec["egress"][1]["toFQDNs"] == [
        {"matchName": "login.microsoftonline.com"},
        {"matchPattern": "*.*.metrics.ingest.monitor.azure.com"},
    ]
    release = named(entries, "monitoring-release")
    assert named(entries, "monitoring-remote-write-by-name")["urn"] in release["options"]["depends_on"]


def test_grafana_reads_the_workspace_and_groups_have_their_roles() -> None:
    entries = monitored()
    roles = {
        entry["name"]: entry["inputs"]["roleDefinitionId"].rpartition("/")[2]
        for entry in of(entries, "authorization:RoleAssignment")
        if entry["name"].startswith("grafana-")
    }
    assert roles == {
        "grafana-grant-read": ROLES["monitoring_data_reader"],
        f"grafana-grant-admins-{ADMINS}": ROLES["grafana_admin"],
        f"grafana-grant-viewers-{VIEWERS}": ROLES["grafana_viewer"],
    }
    grafana, workspace = named(entries, "grafana-service"), named(entries, "metrics-workspace")
    assert grafana["inputs"]["identity"] == {"type": "SystemAssigned"}
    assert grafana["inputs"]["properties"]["apiKey"] == "Disabled"
    assert workspace["urn"] in named(entries, "grafana-grant-read")["options"]["depends_on"]
    assert named(entries, f"grafana-grant-admins-{ADMINS}")["options"]["depends_on"] == [grafana["urn"]]
    assert of(monitored(settings={}), "dashboard:Grafana") == []


def test_who_signs_in_to_grafana_is_recorded_where_anything_is() -> None:
    entries = monitored("prod")
    setting = named(entries, "grafana-recorded")
    assert {log["category"] for log in setting["inputs"]["logs"]} == {"GrafanaLoginEvents"}
    assert named(entries, "grafana-service")["urn"] in setting["options"]["depends_on"]


def test_in_production_the_workspace_is_protected_and_locked() -> None:
    entries = monitored("prod")
    assert named(entries, "metrics-workspace")["options"]["protect"] is True
    assert named(entries, "metrics-workspace")["urn"] in named(entries, "metrics-lock")["options"]["depends_on"]


def test_alerting_and_scaling_in_the_cluster_stay_as_they_are() -> None:
    def unchanged(entries: tuple[Entry, ...]) -> list[Any]:
        kinds = ("ScaledObject", "PrometheusRule", "PodMonitor", "ServiceMonitor")
        values = named(entries, "monitoring-release")["inputs"]["values"]
        found = [entry["inputs"] for entry in entries if entry["inputs"].get("kind") in kinds]
        return [values["alertmanager"], *sorted(found, key=json.dumps)]

    assert unchanged(monitored()) == unchanged(entries_of("dev"))


def test_the_guard_knows_the_new_parts() -> None:
    entries = monitored("prod")
    for name in ("metrics", "grafana"):
        assert named(entries, f"guard-{name}")["options"]["protect"] is True


def test_two_previews_are_equal() -> None:
    def change(sections: Sections) -> None:
        sections["observability"]["azure_monitor"] = json.loads(json.dumps(WHOLE))

    assert tuple(graph_of("dev", change).to_json()) == monitored()
