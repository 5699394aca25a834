"""A stack with an Azure Monitor workspace on the real engine: Prometheus has the address, and an identity."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.engine.platform_stacks import PROGRAM, PROJECT, engine_for, settings
from tests.engine.test_first_update import TARGETS

pytestmark = pytest.mark.engine
_ADMINS = "00000000-0000-4000-8000-000000000003"
_WHOLE: dict[str, Any] = {"rules": {"emails": ["azure@acme.example"]}, "grafana": {"admins": [_ADMINS]}}


def config(monitor: dict[str, Any] | None) -> dict[str, Any]:
    """The development stack, with a workspace or without."""
    changed = settings("dev")
    if monitor is not None:
        changed[f"{PROJECT}:observability"] |= {"azure_monitor": monitor}
    return changed


def test_a_workspace_comes_and_goes_and_prometheus_writes_to_it(tmp_path: Path, arm: Path, engine_binary: Path) -> None:
    del engine_binary
    with engine_for("dev", tmp_path, arm) as engine:
        run = engine.stack("dev", PROGRAM, config(_WHOLE), project=PROJECT)
        run.up(target=TARGETS)
        run.up()
        assert run.preview().is_quiet
        assert engine.azure.warnings == set()

        def of(token: str) -> list[Any]:
            return [resource for resource in engine.cloud.azure if resource.token == token]

        def prometheus() -> dict[str, Any]:
            (release,) = [found for urn, found in run.resources().items() if urn.endswith("::monitoring-release")]
            return release["inputs"]["values"]["prometheus"]

        (sent,) = prometheus()["prometheusSpec"]["remoteWrite"]
        (rule,) = of("monitor:DataCollectionRule")
        assert re.fullmatch(
            r"https://dce-acme-llm-dev-metrics-\w+\.eastus-1\.metrics\.ingest\.monitor\.azure\.com/dataCollectionRules/"
            + re.escape(rule.outputs["immutableId"])
            + r"/streams/Microsoft-PrometheusMetrics/api/v1/write\?api-version=2023-04-24",
            sent["url"],
        )
        (identity,) = [
            found
            for found in of("managedidentity:UserAssignedIdentity")
            if found.inputs["resourceName"].endswith("-prometheus")
        ]
        client = identity.outputs["clientId"]
        assert sent["azureAd"]["workloadIdentity"]["clientId"] == client
        assert prometheus()["serviceAccount"]["annotations"] == {"azure.workload.identity/client-id": client}
        # The chain from the identity to the rule.
        (grant,) = [
            found
            for found in of("authorization:RoleAssignment")
            if found.inputs["principalId"] == identity.outputs["principalId"]
        ]
        assert grant.inputs["scope"] == rule.id
        (workspace,) = of("monitor:AzureMonitorWorkspace")
        for group in of("alertsmanagement:PrometheusRuleGroup"):
            assert group.inputs["scopes"] == [workspace.id]
        (own,) = of("monitor:ActionGroup")
        called = {
            action["actionGroupId"]
            for group in of("alertsmanagement:PrometheusRuleGroup")
            for found in group.inputs["rules"]
            for action in found.get("actions", ())
        }
        assert called == {own.id}
        run.configure(config({}))
        run.up()
        assert run.preview().is_quiet
        assert of("alertsmanagement:PrometheusRuleGroup") == of("dashboard:Grafana") == of("monitor:ActionGroup") == []
        assert of("monitor:AzureMonitorWorkspace")
        run.configure(config(None))
        run.up()
        assert run.preview().is_quiet
        assert "remoteWrite" not in prometheus()["prometheusSpec"]
        assert of("monitor:AzureMonitorWorkspace") == of("monitor:DataCollectionEndpoint") == []
