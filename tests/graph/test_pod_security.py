"""Which pod security standard each namespace enforces; the API server's word on the pods is in tests/cluster."""

import pytest

from tests.graph.stacks import ALL, entries_of

_LEVEL = "pod-security.kubernetes.io/"
# Pods of these are part of their node: drivers and device plugins, and what reads the node's own metrics.
_ON_THE_NODE = ("gpu-operator", "node-exporter")


@pytest.mark.parametrize("stack", ALL)
def test_each_namespace_enforces_warns_and_records_one_level(stack: str) -> None:
    namespaces = [entry for entry in entries_of(stack) if entry["inputs"].get("kind") == "Namespace"]
    assert {"llm", "llm-gateway", "monitoring", *_ON_THE_NODE} <= {
        entry["inputs"]["metadata"]["name"] for entry in namespaces
    }
    for entry in namespaces:
        metadata = entry["inputs"]["metadata"]
        levels = {key.removeprefix(_LEVEL): value for key, value in metadata["labels"].items() if _LEVEL in key}
        wanted = "privileged" if metadata["name"] in _ON_THE_NODE else "restricted"
        assert levels == dict.fromkeys(("enforce", "audit", "warn"), wanted), metadata["name"]


def test_the_node_exporter_is_in_its_namespace_and_prometheus_finds_it() -> None:
    (release,) = [
        entry["inputs"] for entry in entries_of("prod") if entry["inputs"].get("name") == "kube-prometheus-stack"
    ]
    values = release["values"]
    assert values["prometheus-node-exporter"]["namespaceOverride"] == "node-exporter"
    # The chart's own monitor would be beside it, where none counts: the platform's is in Prometheus's namespace.
    assert values["prometheus-node-exporter"]["prometheus"] == {"monitor": {"enabled": False}}
    assert values["prometheus"]["prometheusSpec"]["serviceMonitorNamespaceSelector"] == {
        "matchLabels": {"kubernetes.io/metadata.name": "monitoring"}
    }
    (monitor,) = [
        entry["inputs"]
        for entry in entries_of("prod")
        if entry["inputs"].get("kind") == "ServiceMonitor" and entry["inputs"]["metadata"]["name"] == "node-exporter"
    ]
    assert monitor["metadata"]["namespace"] == "monitoring"
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": ["node-exporter"]}
