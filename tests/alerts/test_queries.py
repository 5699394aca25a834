"""Alerts and queries name only metrics and labels that the exporters' recorded expositions have."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

import catalog
import config
from observability.alerts.gpus import gpu_alerts
from planning.plan import GpuMetricsPlan
from planning.planner import decide
from rehearsal.toolchain import ToolUnavailableError
from tests.alerts.cases import STACK, every_rule, made_from, named, rules
from tests.alerts.expositions import (
    FOLDER,
    LIMITED,
    Series,
    exported,
    exporter_of,
    in_use,
    metrics_of,
    monitor,
    sections_watched,
    watched,
)
from tests.alerts.promql import check, metric_of, parse, selectors
from tests.graph.stacks import ALL, entries_of
from tests.toolchains import PROMETHEUS

CATALOG = catalog.load()
_LABEL_OF_TEXT = re.compile(r"\$labels\.(\w+)")
# Metrics that may be missing for good, and why nothing can show that they are.
MAY_BE_MISSING = {
    "DCGM_EXP_CLOCK_EVENTS_COUNT": "none of a GPU whose clocks are not reduced; GPUMetricsMissing reports the exporter",
    "DCGM_FI_DEV_ROW_REMAP_PENDING": "GPUs without spare rows have none; GPUMetricsMissing reports a silent exporter",
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS": "GPUs without spare rows have none; see GPUMetricsMissing",
    "envoy_cluster_ratelimit_ok": "none until a request is counted; ControllerDown reports the service",
    "envoy_cluster_ratelimit_over_limit": "none until a request is refused; ControllerDown reports the service",
    "envoy_http_ext_proc_failure_mode_allowed": "none in a proxy without a processor, and GatewayErrors has what fails",
    "envoy_http_ext_proc_streams_failed": "none in a proxy without a processor, and GatewayErrors has what fails",
    "envoy_http_ext_proc_streams_started": "none in a proxy without a processor, and GatewayErrors has what fails",
    "otelcol_exporter_send_failed_log_records": "none until sending fails; MetricsMissing has what waits",
    "otelcol_exporter_sent_log_records": "none until a line is sent; MetricsMissing has what waits",
    "otelcol_exporter_enqueue_failed_spans": "none until the queue is full; MetricsMissing has what waits",
    "otelcol_exporter_send_failed_spans": "none until sending fails; MetricsMissing has what waits",
    "otelcol_exporter_sent_spans": "none until a span is sent; MetricsMissing has what waits",
    "otelcol_receiver_refused_spans": "none until a span comes; MetricsMissing has what waits",
    "kube_pod_container_status_last_terminated_reason": "none until a container ends; see kube_pod_status_ready",
    "kube_pod_container_status_waiting_reason": "none while all containers run",
    "kube_pod_init_container_status_waiting_reason": "none while all containers run",
    "kube_pod_status_unschedulable": "none while all pods have a node",
    "DCGM_FI_DEV_ROW_REMAP_FAILURE": "GPUs without spare rows have none; GPUMetricsMissing reports a silent exporter",
    "envoy_cluster_upstream_cx_destroy_remote_with_active_rq": "one of many of a route: SLOWithoutData reports it",
    "envoy_cluster_upstream_rq_xx": "none until the first answer of a class; SLOWithoutData reports the route",
    "envoy_http_downstream_rq_tx_reset": "one of many of a listener: SLOWithoutData reports it",
    "vllm:time_to_first_token_seconds_count": "part of a histogram of which SLOWithoutData reports a bucket",
    "vllm:inter_token_latency_seconds_count": "part of a histogram of which SLOWithoutData reports a bucket",
    "apiserver_admission_webhook_rejection_count": "none until a webhook refuses; see the chart's KubeAPIDown",
    "kube_cronjob_status_last_successful_time": "none until the first success; the time of creation counts until then",
    "envoy_cluster_ratelimit_error": "none until the service can't be reached; ControllerDown reports the service",
    "ratelimit_service_should_rate_limit_error": "none until Redis fails; ControllerDown reports the service",
    "up": "Prometheus' own: see ControllerDown and ModelTargetsMissing",
}


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        PROMETHEUS.binary("promql-parts")
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


def known(found: Any) -> Mapping[str, list[frozenset[str]]]:
    """Sets of labels of the series of each metric."""
    sets: dict[str, list[frozenset[str]]] = {}
    for series in found:
        sets.setdefault(series.metric, []).append(frozenset(series.labels))
    return sets


def queries(stack: str) -> Iterator[str]:
    """Queries of a stack beside its alerts: those by which KEDA scales."""
    for entry in entries_of(stack):
        if entry["type"].endswith(":ScaledObject"):
            yield from (trigger["metadata"]["query"] for trigger in entry["inputs"]["spec"]["triggers"])


@pytest.mark.parametrize("stack", [*ALL, LIMITED])
def test_every_metric_and_label_of_an_alert_is_exported(stack: str) -> None:
    used = made_from((metric_of(found) for rule in rules(stack) for found in _selected(rule)), stack)
    # Recordings of usage, which no alert reads, have no recorded exposition: see test_usage_recordings.py.
    needed = [rule for rule in every_rule(stack) if rule.get("record") in {None, *used}]
    trees = parse([rule["expr"] for rule in needed])
    found = dict(known(exported(stack)))
    for rule, tree in zip(needed, trees, strict=True):
        checked = check(tree, found)
        assert not checked.problems, f"{rule.get('alert') or rule['record']}: {checked.problems}"
        if "record" in rule:
            labels = (checked.labels or frozenset()) | set(rule.get("labels", ()))
            found[rule["record"]] = [*found.get(rule["record"], ()), labels]
            continue
        # Prometheus adds the labels of the rule after the text is written.
        for label in _LABEL_OF_TEXT.findall(rule["annotations"]["summary"]):
            assert label in (checked.labels or frozenset()), f"the text of {rule['alert']} names {label}"


@pytest.mark.parametrize("stack", ALL)
def test_every_metric_and_label_of_a_query_is_exported(stack: str) -> None:
    found = list(queries(stack))
    assert found
    for query, tree in zip(found, parse(found), strict=True):
        assert not check(tree, known(exported(stack))).problems, query


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("DCGM_FI_DEV_XID > 0", "no exporter has a metric DCGM_FI_DEV_XID"),
        ('kube_node_labels{host="a"} > 0', "kube_node_labels has no label host"),
        ("sum by (node) (DCGM_FI_DEV_GPU_TEMP) > 0", "sum by node, which isn't there"),
        ("kube_node_labels and on (hostname) DCGM_FI_DEV_GPU_TEMP", "and on hostname, which isn't on both sides"),
        ("DCGM_FI_DEV_GPU_TEMP and kube_node_labels", "differ in the labels"),
        ("kube_node_labels * on (node) group_left (gpu) kube_node_created", "group_left takes gpu, which isn't there"),
        ("histogram_quantile(0.9, sum by (model_name) (vllm:time_to_first_token_seconds_bucket))", "without le"),
        ('label_replace(kube_node_labels, "a", "$1", "host", "(.*)")', "label_replace of host, which isn't there"),
    ],
)
def test_an_unknown_metric_or_label_is_refused(expression: str, problem: str) -> None:
    (tree,) = parse([expression])
    assert any(problem in found for found in check(tree, known(exported(STACK))).problems)


def test_a_metric_of_an_alert_that_goes_missing_is_reported() -> None:
    needed = {metric_of(found) for rule in rules() for tree in parse([rule["expr"]]) for found in selectors(tree)}
    reported = {metric_of(selectors(tree)[0]) for tree in parse([rule["expr"] for rule in named("MetricsMissing")])}
    # By node, and not for the platform as a whole.
    reported.add(CATALOG.gpu_metrics.installed.uses.xid_errors)
    reported |= made_from(metric_of(found) for rule in named("SLOWithoutData") for found in _selected(rule))
    recorded = {rule["record"] for rule in every_rule() if "record" in rule}
    assert made_from(needed) - recorded - reported == set(MAY_BE_MISSING)


def _selected(rule: Any) -> list[Any]:
    return [selector for tree in parse([rule["expr"]]) for selector in selectors(tree)]


@pytest.mark.parametrize("version", CATALOG.gpu_metrics.versions)
def test_the_alerts_on_gpus_follow_the_version_of_the_exporter(version: str) -> None:
    exporter = CATALOG.gpu_metrics.versions[version]
    plan = decide(config.load(sections_watched(STACK)), CATALOG).monitoring
    names = {field: getattr(exporter.uses, field) for field in exporter.uses.__struct_fields__}
    other = msgspec.structs.replace(
        plan, gpu_metrics=GpuMetricsPlan(**names, application_xids=CATALOG.gpu_metrics.application_xids)
    )
    reads = monitor(watched(STACK), "dcgm")
    text = (FOLDER / f"dcgm-exporter-{version}.prom").read_text(encoding="utf-8")
    gpus = [reads.relabelled(series) for series in metrics_of(text)]
    rest = [series for series in exported(STACK) if not series.metric.startswith("DCGM_")]
    for alert, tree in zip(*_parsed(gpu_alerts(other)), strict=True):
        assert not check(tree, known([*rest, *gpus])).problems, alert


def _parsed(alerts: Any) -> tuple[list[str], list[Any]]:
    return [alert.name for alert in alerts], parse([alert.expression for alert in alerts])


@pytest.mark.parametrize("version", CATALOG.gpu_metrics.versions)
def test_the_recorded_metrics_of_gpus_are_those_of_the_list(version: str) -> None:
    text = (FOLDER / f"dcgm-exporter-{version}.prom").read_text(encoding="utf-8")
    assert {series.metric for series in metrics_of(text)} == set(CATALOG.gpu_metrics.versions[version].fields)


def test_expositions_are_of_the_versions_that_are_installed() -> None:
    versions = dict(map(exporter_of, in_use()))
    assert versions["vllm"] in CATALOG.vllm_versions
    assert f"v{versions['cert-manager']}" == CATALOG.charts["cert-manager"].version
    assert CATALOG.images["envoy-proxy"].tag.startswith(f"distroless-v{versions['envoy'].rpartition('.')[0]}.")
    state = (FOLDER / f"kube-state-metrics-{versions['kube-state-metrics']}.prom").read_text(encoding="utf-8")
    assert f"kube-prometheus-stack {CATALOG.charts['kube-prometheus-stack'].version}:" in state


def test_a_monitor_that_honors_no_labels_renames_those_of_the_exporter() -> None:
    series = Series("m", {"pod": "of the metric", "gpu": "0"}, "1")
    assert monitor(watched(STACK), "dcgm").relabelled(series).labels["pod"] == "of the metric"
    assert monitor(watched(STACK), "vllm").relabelled(series).labels["exported_pod"] == "of the metric"
