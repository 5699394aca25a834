"""Invariants of alerts that no table can hold: metrics that are gone, controllers that are away, receivers."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from observability.objectives.names import WINDOWS
from tests.graph.invariant import resources
from tests.graph.invariant_queries import queries_name_what_is_there

# Metrics that need not be there: without the event that they count, on GPUs that lack them, or of the scrape itself.
MAY_BE_MISSING = {
    "up", "DCGM_EXP_XID_ERRORS_COUNT", "DCGM_FI_DEV_ROW_REMAP_FAILURE", "apiserver_admission_webhook_rejection_count",
    # They are there from the first request on that is counted, or refused.
    "envoy_cluster_ratelimit_error", "envoy_cluster_ratelimit_ok", "envoy_cluster_ratelimit_over_limit",
    "DCGM_EXP_CLOCK_EVENTS_COUNT", "DCGM_FI_DEV_ROW_REMAP_PENDING", "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS",
    # Of proxies that have a processor.
    "envoy_http_ext_proc_failure_mode_allowed", "envoy_http_ext_proc_streams_failed",
    "envoy_http_ext_proc_streams_started",
    # Of pods that wait or have failed.
    "kube_pod_container_status_last_terminated_reason", "kube_pod_container_status_waiting_reason",
    "kube_pod_init_container_status_waiting_reason", "kube_pod_status_unschedulable",
    # It is there from the first success on; until then the time of its making counts.
    "kube_cronjob_status_last_successful_time",
}  # fmt: skip
REPLICAS = 'sum(kube_deployment_status_replicas_available{namespace="llm"}) > 0'
DEVICES = 'sum(kube_node_status_allocatable{resource=~"nvidia_com_.*"}) > 0'
GROUPS = {
    "llm-models", "llm-starting", "llm-autoscaling", "llm-service", "llm-gpus", "llm-nodes", "llm-pools", "llm-gateway",
    "llm-platform", "llm-missing",
}  # fmt: skip
# Where a tenant has limits, where tokens are exchanged, logs or traces kept, usage exported, where a model
# promises something, and where costs are recorded.
OPTIONAL = {
    "llm-limits", "llm-tokens", "llm-logs", "llm-traces", "llm-usage", "llm-slo",
    *(f"llm-slo-{window}" for window in WINDOWS), "llm-slo-budget", "llm-slo-alerts", "llm-cost",
    "llm-cost-planned", "llm-cost-tokens", "llm-cost-alerts",
}  # fmt: skip
# Recorded for alerts; what objectives are made of has an alert of its own, SLOWithoutData.
RECORDED = {"llm-cost"}
_METRIC = re.compile(r"\b((?:vllm:|kube_|llm_platform_|certmanager_|envoy_|apiserver_|DCGM_)\w+|up)\b(?=[{)\[ ]|$)")


def _groups(stack: str) -> list[dict[str, Any]]:
    (found,) = (resource["inputs"] for resource in resources(stack) if resource["type"].endswith(":PrometheusRule"))
    return found["spec"]["groups"]


def _rules(stack: str) -> list[dict[str, Any]]:
    return [rule for group in _groups(stack) for rule in group["rules"] if "alert" in rule]


def metrics_that_are_gone_are_noticed(stack: str) -> Iterator[str]:
    """An alert on a metric that is gone is silent for ever: each that must be there has an alert of its own."""
    rules = _rules(stack)
    gone = [rule for rule in rules if rule["alert"] == "MetricsMissing"]
    for rule in gone:
        series = rule["labels"].get("missing")
        of_replicas = str(series).startswith(("vllm:", "kube_pod_"))
        of_devices = str(series).startswith(("DCGM_", "kube_daemonset_"))
        guard = f" and on () {REPLICAS if of_replicas else DEVICES}" if of_replicas or of_devices else ""
        if rule["expr"] != f"absent({series}){guard}":
            yield f"MetricsMissing: {rule['expr']} for {series}"
    noticed = {name for rule in gone for name in _METRIC.findall(str(rule["labels"].get("missing")))}
    recorded = [rule for group in _groups(stack) if group["name"] in RECORDED for rule in group["rules"]]
    needed = {name for rule in (*rules, *recorded) if rule not in gone for name in _METRIC.findall(rule["expr"])}
    if noticed != needed - MAY_BE_MISSING:
        yield f"not noticed: {sorted(needed - MAY_BE_MISSING - noticed)}, not needed: {sorted(noticed - needed)}"
    kinds = {rule["labels"]["missing"] for rule in gone if "customresource_kind" in str(rule["labels"].get("missing"))}
    values = _values(stack)["kube-state-metrics"]["customResourceState"]["config"]["spec"]["resources"]
    read = {
        f'{item["metrics"][0]["name"]}{{customresource_kind="{item["groupVersionKind"]["kind"]}"}}' for item in values
    }
    if kinds != read:
        yield f"kinds that are read and not noticed, or the other way: {sorted(kinds ^ read)}"
    spaces = {
        f'kube_horizontalpodautoscaler_status_condition{{namespace="{space}"}}'
        for space in ("llm", "envoy-gateway-system")
    }
    yield from (f"{series} is not noticed" for series in spaces - {rule["labels"].get("missing") for rule in gone})


def controllers_that_are_away_are_noticed(stack: str) -> Iterator[str]:
    """Changes, and what it renews, have no effect while a controller is away."""
    monitors = {
        resource["inputs"]["metadata"]["name"]
        for resource in resources(stack)
        if resource["type"].endswith(":PodMonitor")
        and resource["inputs"]["spec"]["podMetricsEndpoints"][0]["interval"] == "60s"
    }
    away = {rule["labels"].get("controller"): rule for rule in _rules(stack) if rule["alert"] == "ControllerDown"}
    if set(away) != monitors:
        yield f"{sorted(map(str, away))}, read are {sorted(monitors)}"
    for name, rule in away.items():
        if rule["expr"] != f'absent(up{{job="monitoring/{name}"}} == 1)':
            yield f"{name}: {rule['expr']}"


def every_alert_is_urgent_or_not_and_says_what_is_wrong(stack: str) -> Iterator[str]:
    """Receivers are chosen by the severity, and people read the summary; a quarter of an hour outlasts a restart."""
    for rule in _rules(stack):
        if rule["labels"].get("severity") not in {"critical", "warning", "info"} or not all(
            rule["annotations"].get(text) for text in ("summary", "impact")
        ):
            yield f"{rule['alert']}: {rule}"
        if rule["labels"].get("owner") not in {"platform", "gpus", "models", "security"}:
            yield f"{rule['alert']}: nobody acts: {rule['labels']}"
        if rule["annotations"].get("runbook_url") != f"docs/runbooks/{rule['alert']}.md":
            yield f"{rule['alert']}: runbook {rule['annotations'].get('runbook_url')}"
        if rule["alert"] in {"MetricsMissing", "ControllerDown"} and (
            rule.get("for") != "15m" or rule["labels"]["severity"] != "warning"
        ):
            yield f"{rule['alert']}: {rule}"
    if {group["name"] for group in _groups(stack)} - OPTIONAL != GROUPS:
        yield f"groups {[group['name'] for group in _groups(stack)]}: dashboards and silences know these"


def _values(stack: str) -> Mapping[str, Any]:
    return _chart(stack)["values"]


def _chart(stack: str) -> Mapping[str, Any]:
    (found,) = (
        resource["inputs"]
        for resource in resources(stack)
        if resource["inputs"].get("chart") == "kube-prometheus-stack"
    )
    return found


def receivers_read_their_secrets(stack: str) -> Iterator[str]:
    """Each kind of receiver reads its secret from the file that the operator mounts, by Alertmanager's own key."""
    keys = {
        "slack_configs": "api_url_file",
        "msteamsv2_configs": "webhook_url_file",
        "pagerduty_configs": "routing_key_file",
        "email_configs": "auth_password_file",
        "webhook_configs": "url_file",
    }
    alertmanager = _values(stack)["alertmanager"]
    secrets = alertmanager["alertmanagerSpec"].get("secrets") or []
    for receiver in alertmanager.get("config", {}).get("receivers", []):
        for kind, (config, *_) in ((key, value) for key, value in receiver.items() if key != "name"):
            file = f"/etc/alertmanager/secrets/{secrets[0]}/{receiver['name']}"
            token = config.get("http_config", {}).get("authorization")
            if kind not in keys or (
                config.get(keys[kind]) != file and token != {"type": "Bearer", "credentials_file": file}
            ):
                yield f"{receiver['name']}: {kind} {config}"
            if token is not None and not config["url"].startswith("https://"):
                yield f"{receiver['name']}: a token without TLS: {config}"
            if kind == "email_configs" and not (
                config["require_tls"] is True and config["to"] and config["from"] and ":" in config["smarthost"]
            ):
                yield f"{receiver['name']}: a password, or an alert, without TLS: {config}"
            if kind == "pagerduty_configs" and config["severity"] != (
                '{{ if eq .CommonLabels.severity "critical" }}critical'
                '{{ else if eq .CommonLabels.severity "info" }}info{{ else }}warning{{ end }}'
            ):
                yield f"PagerDuty takes critical, warning and info alone: {config['severity']}"
            if kind == "slack_configs" and config["text"] != (
                "{{ range .Alerts }}{{ .Annotations.summary }}{{ .Annotations.description }}\n"
                "{{ with .Annotations.impact }}Impact: {{ . }}\n{{ end }}"
                "{{ with .Labels.owner }}Owner: {{ . }}\n{{ end }}"
                "{{ with .Annotations.runbook_url }}Runbook: {{ . }}\n{{ end }}\n{{ end }}"
            ):
                yield f"the message says what is wrong, what it means and what to do, of each alert: {config['text']}"


CHECKS = (
    metrics_that_are_gone_are_noticed,
    controllers_that_are_away_are_noticed,
    every_alert_is_urgent_or_not_and_says_what_is_wrong,
    receivers_read_their_secrets,
    queries_name_what_is_there,
)
