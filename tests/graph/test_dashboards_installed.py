"""Grafana gets every dashboard: its sidecar looks for their label in their namespace, and none is too large."""

import json
from typing import Any

import pytest

from tests.graph.stacks import ALL, Entry, entries_of

each_stack = pytest.mark.parametrize("stack", ALL)
# What etcd and the API server take of one object (k8s.io/apiserver pkg/storage/etcd3, MaxRequestBytes of etcd 1.5 MiB).
LARGEST_BYTES = 2**20


def config_maps(stack: str) -> list[Entry]:
    return [
        entry
        for entry in entries_of(stack)
        if entry["type"].endswith(":ConfigMap") and "grafana_dashboard" in entry["inputs"]["metadata"]["labels"]
    ]


def chart_values(stack: str) -> Any:
    """Values of kube-prometheus-stack."""
    (found,) = (
        entry["inputs"]["values"]
        for entry in entries_of(stack)
        if entry["type"].endswith(":Release") and "kube-state-metrics" in entry["inputs"]["values"]
    )
    return found


@each_stack
def test_the_sidecar_finds_every_dashboard_and_its_folder(stack: str) -> None:
    sidecar = chart_values(stack)["grafana"]["sidecar"]["dashboards"]
    found = config_maps(stack)
    assert len(found) >= 6
    for entry in found:
        metadata = entry["inputs"]["metadata"]
        assert metadata["labels"][sidecar["label"]] == sidecar["labelValue"]
        assert metadata["namespace"] == sidecar["searchNamespace"]
        assert metadata["annotations"][sidecar["folderAnnotation"]] == "LLM platform"
    assert sidecar["resource"] == "configmap"
    assert sidecar["provider"]["foldersFromFilesStructure"] is True


@each_stack
def test_a_config_map_is_one_dashboard_within_its_limit(stack: str) -> None:
    files = [file for entry in config_maps(stack) for file in entry["inputs"]["data"].items()]
    assert len({name for name, _ in files}) == len(files), (
        "files of one name replace each other in the sidecar's folder"
    )
    for name, text in files:
        assert name == f"{json.loads(text)['uid']}.json"
        assert len(text.encode()) < LARGEST_BYTES


@each_stack
def test_each_replica_of_prometheus_is_a_data_source_where_there_are_several(stack: str) -> None:
    replicas = chart_values(stack)["prometheus"]["prometheusSpec"]["replicas"]
    assert chart_values(stack)["grafana"]["sidecar"]["datasources"]["createPrometheusReplicasDatasources"] == (
        replicas > 1
    )


@each_stack
def test_the_label_of_pools_is_exported(stack: str) -> None:
    (nodes,) = chart_values(stack)["kube-state-metrics"]["metricLabelsAllowlist"]
    assert "llm-platform/pool" in nodes.removeprefix("nodes=[").removesuffix("]").split(",")


@each_stack
def test_two_samples_a_minute_are_taken_of_what_costs_are_counted_from(stack: str) -> None:
    """Hours of nodes, replicas and GPUs are counts of samples (observability/dashboards/costs.py)."""
    (gpus,) = (
        entry["inputs"]["spec"]["endpoints"]
        for entry in entries_of(stack)
        if entry["type"].endswith(":ServiceMonitor") and entry["inputs"]["metadata"]["name"] == "dcgm"
    )
    assert [endpoint["interval"] for endpoint in gpus] == ["30s"]
    values = chart_values(stack)
    # Prometheus Operator's own interval is 30 s, and so the chart's monitors'.
    assert "scrapeInterval" not in values["prometheus"]["prometheusSpec"]
    assert "prometheus" not in values["kube-state-metrics"]
