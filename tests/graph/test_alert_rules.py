"""The platform's alerts by Prometheus' own tool: when they fire, and when they are silent."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.graph.stacks import ALL, entries_of

# The time at which the series below are looked at.
WAITED = "2h"
DAY = 86_400


@pytest.fixture(scope="module")
def promtool() -> str:
    """Prometheus' own tool, of Debian's prometheus or a newer one; PROMTOOL names another."""
    found = os.environ.get("PROMTOOL") or shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian: prometheus), and PROMTOOL names none")
    return found


def rules(stack: str, directory: Path) -> Path:
    """The rule groups of a stack as a file of Prometheus; YAML reads JSON."""
    (found,) = (entry for entry in entries_of(stack) if entry["type"].endswith(":PrometheusRule"))
    file = directory / "rules.json"
    file.write_text(json.dumps({"groups": found["inputs"]["spec"]["groups"]}))
    return file


@pytest.mark.parametrize("stack", ALL)
def test_prometheus_accepts_every_rule(stack: str, promtool: str, tmp_path: Path) -> None:
    subprocess.run([promtool, "check", "rules", str(rules(stack, tmp_path))], check=True, capture_output=True)


CONDITION = 'llm_platform_object_condition{customresource_kind="%s",namespace="n",name="x",condition="%s"}'
SCALED = 'llm_platform_object_condition{customresource_kind="ScaledObject",namespace="llm",name="x",condition="%s"}'
AUTOSCALER = (
    'kube_horizontalpodautoscaler_status_condition{namespace="llm",horizontalpodautoscaler="keda-hpa-x",'
    'condition="ScalingActive",status="false"}'
)
WANTED = 'kube_horizontalpodautoscaler_status_desired_replicas{namespace="llm",horizontalpodautoscaler="keda-hpa-x"}'
POLICY = 'llm_platform_policy_accepted{customresource_kind="SecurityPolicy",namespace="n",name="x",ancestor="llm"}'
NODE = 'kube_node_labels{node="gpu-1",label_kubernetes_azure_com_accelerator="nvidia"}'
SYSTEM = 'kube_node_labels{node="system-1"}'
DEVICES = 'kube_node_status_allocatable{node="gpu-1",resource="nvidia_com_gpu"}'
REJECTED = 'apiserver_admission_webhook_rejection_count{name="w",error_type="%s"}'
ENDS = 'certmanager_certificate_expiration_timestamp_seconds{name="webhook"}'
PROXY = 'envoy_server_days_until_first_cert_expiring{pod="%s"}'


SCALES = (
    'kube_horizontalpodautoscaler_status_condition{namespace="%s",horizontalpodautoscaler="h",condition="ScalingActive",'
    'status="false"}'
)


@pytest.mark.parametrize(
    ("alert", "series", "fires"),
    [
        ("GPUNodeWithoutGPUs", {NODE: "1", SYSTEM: "1"}, True),
        ("GPUNodeWithoutGPUs", {NODE: "1", DEVICES: "0"}, True),
        ("GPUNodeWithoutGPUs", {NODE: "1", SYSTEM: "1", DEVICES: "2"}, False),
        ("GPUNodeWithoutGPUs", {SYSTEM: "1"}, False),
        ("GatewayNotScaling", {SCALES % "envoy-gateway-system": "1"}, True),
        ("GatewayNotScaling", {SCALES % "envoy-gateway-system": "0"}, False),
        ("GatewayNotScaling", {SCALES % "llm": "1"}, False),
        ("CertificateNotRenewed", {ENDS: str(13 * DAY)}, True),
        ("CertificateNotRenewed", {ENDS: str(30 * DAY)}, False),
        ("GatewayCertificateEnds", {PROXY % "a": "20", PROXY % "b": "2147483647"}, True),
        ("GatewayCertificateEnds", {PROXY % "a": "22", PROXY % "b": "2147483647"}, False),
        ("GatewayCertificateEndsSoon", {PROXY % "a": "6"}, True),
        ("GatewayCertificateEndsSoon", {PROXY % "a": "8"}, False),
        ("WebhookFails", {REJECTED % "calling_webhook_error": "0+1"}, True),
        ("WebhookFails", {REJECTED % "calling_webhook_error": "5"}, False),
        ("WebhookFails", {REJECTED % "no_error": "0+1"}, False),
        ("GatewayPolicyRefused", {POLICY: "0"}, True),
        ("GatewayPolicyRefused", {POLICY: "1"}, False),
        ("GatewayNotProgrammed", {CONDITION % ("Gateway", "Programmed"): "0"}, True),
        ("GatewayNotProgrammed", {CONDITION % ("Gateway", "Programmed"): "1"}, False),
        ("RouteRefused", {CONDITION % ("AIGatewayRoute", "Accepted"): "0"}, True),
        ("RouteRefused", {CONDITION % ("AIGatewayRoute", "NotAccepted"): "0"}, False),
        # A workload that sleeps has an autoscaler that is switched off.
        ("AutoscalerInactive", {AUTOSCALER: "1", WANTED: "2"}, True),
        ("AutoscalerInactive", {AUTOSCALER: "1", WANTED: "0"}, False),
        ("AutoscalerInactive", {AUTOSCALER: "0", WANTED: "2"}, False),
        ("AutoscalerWithoutMetrics", {SCALED % "Fallback": "1", SCALED % "Ready": "1"}, True),
        ("AutoscalerWithoutMetrics", {SCALED % "Fallback": "0", SCALED % "Ready": "0"}, True),
        ("AutoscalerWithoutMetrics", {SCALED % "Fallback": "0", SCALED % "Ready": "1"}, False),
        ("SecretNotSynced", {CONDITION % ("ExternalSecret", "Ready"): "0"}, True),
        ("SecretNotSynced", {CONDITION % ("ClusterSecretStore", "Ready"): "1"}, False),
    ],
)
def test_an_alert_fires_when_it_should(
    alert: str, series: dict[str, str], *, fires: bool, promtool: str, tmp_path: Path
) -> None:
    test: dict[str, Any] = {
        "interval": "1m",
        "input_series": [
            {"series": name, "values": f"{value}x120" if "+" in value else f"{value}+0x120"}
            for name, value in series.items()
        ],
        # Labels and texts are not compared: one expression counts what fires.
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)',
                "eval_time": WAITED,
                "exp_samples": [{"labels": "{}", "value": 1 if fires else 0}],
            }
        ],
    }
    file = tmp_path / "test.json"
    content = {"rule_files": [str(rules("dev", tmp_path))], "evaluation_interval": "1m", "tests": [test]}
    file.write_text(json.dumps(content))
    done = subprocess.run([promtool, "test", "rules", str(file)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
