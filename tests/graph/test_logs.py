"""Logs: models write JSON where somebody keeps them, one collector a node reads, and Loki keeps what passes."""

import json
from functools import cache
from typing import Any, Final

import pytest
import yaml

from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, is_kubernetes, sections_of
from tests.graph.test_graph import type_of

_COLLECTORS: Final = "llm-log-collector"
_STORE: Final = "llm-logs"
_LABEL: Final = "app.kubernetes.io/name"


@cache
def _logged(stack: str = "dev", backend: str = "loki", **more: Any) -> tuple[Entry, ...]:
    def change(sections: Sections) -> None:
        observability = sections.setdefault("observability", {})
        observability["logs"] = {"backend": backend, **more}
        if backend != "loki":
            observability["audit"] = {}

    return tuple(graph_of(stack, change).to_json())


def _objects(entries: tuple[Entry, ...], kind: str, namespace: str) -> dict[str, Any]:
    return {
        entry["inputs"]["metadata"]["name"]: entry["inputs"]
        for entry in entries
        if is_kubernetes(entry)
        and entry["type"].endswith(f":{kind}")
        and entry["inputs"]["metadata"].get("namespace") == namespace
    }


def _arguments(entries: tuple[Entry, ...]) -> list[str]:
    return [
        text
        for found in _objects(entries, "ConfigMap", "llm").values()
        for text in found["data"].values()
        if "served-model-name" in text
    ]


def _configuration(entries: tuple[Entry, ...], namespace: str) -> Any:
    [found] = _objects(entries, "ConfigMap", namespace).values()
    return yaml.safe_load(found["data"]["settings.yaml"])


@pytest.mark.parametrize("stack", ALL)
def test_without_logs_nothing_of_them_is_there(stack: str) -> None:
    if "logs" not in sections_of(stack).get("observability", {}):
        entries = entries_of(stack)
        assert not any("logging-config" in text for text in _arguments(entries))
        assert [entry["name"] for entry in entries if entry["name"].startswith("logs-")] == []


@pytest.mark.parametrize("backend", ["loki", "container_insights"])
def test_models_write_json_whoever_keeps_it(backend: str) -> None:
    arguments = _arguments(_logged(backend=backend))
    assert arguments
    for text in arguments:
        assert json.loads(yaml.safe_load(text)["logging-config"]) == {"formatter": "json"}


def test_no_model_writes_requests_or_answers_to_its_log() -> None:
    """Both are off unless an option switches them on (vLLM 0.33 vllm/entrypoints/openai/cli_args.py)."""
    for text in _arguments(_logged()):
        assert not any(option in text for option in ("enable-log-requests", "enable-log-outputs", "max-log-len"))


def test_every_node_is_read_whatever_its_taints_and_nothing_is_written_but_how_far() -> None:
    [daemon] = _objects(_logged(), "DaemonSet", _COLLECTORS).values()
    pod = daemon["spec"]["template"]["spec"]
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["automountServiceAccountToken"] is False
    [container] = pod["containers"]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    hosts = {name: volume["hostPath"]["path"] for name, volume in volumes.items() if "hostPath" in volume}
    assert hosts == {"pods": "/var/log/pods", "offsets": "/var/lib/llm-log-collector"}
    assert mounts["pods"]["readOnly"] is True
    assert [name for name, mount in mounts.items() if not mount.get("readOnly")] == ["offsets"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert container["resources"]["limits"]["memory"]
    # A second one on a node would send every line again.
    assert daemon["spec"]["updateStrategy"]["rollingUpdate"].get("maxSurge") is None


def test_only_the_collectors_namespace_lets_pods_see_their_node() -> None:
    levels = {
        entry["inputs"]["metadata"]["name"]: entry["inputs"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for entry in _logged()
        if type_of(entry) == "core/v1:Namespace" or entry["type"].endswith(":Namespace")
    }
    assert (levels[_COLLECTORS], levels[_STORE]) == ("privileged", "restricted")


def test_collectors_reach_loki_alone_and_it_reaches_nobody() -> None:
    collectors = _objects(_logged(), "NetworkPolicy", _COLLECTORS)
    store = _objects(_logged(), "NetworkPolicy", _STORE)
    for policies in (collectors, store):
        assert policies["default-deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    names, onward = collectors["log-collector"]["spec"]["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    assert [port["port"] for port in onward["ports"]] == [3100]
    assert _ends(onward["to"]) == {(_STORE, "log-store")}
    spec = store["log-store"]["spec"]
    assert "egress" not in spec
    [allowed] = spec["ingress"]
    # A pod elsewhere with the same label is somebody else's.
    assert _ends(allowed["from"]) == {
        (_COLLECTORS, "log-collector"), ("monitoring", "grafana"), ("monitoring", "prometheus")
    }  # fmt: skip
    [scraped] = collectors["log-collector"]["spec"]["ingress"]
    assert _ends(scraped["from"]) == {("monitoring", "prometheus")}


def _ends(peers: list[Any]) -> set[tuple[str, str]]:
    """Namespace and label of each peer, which has nothing else by which it could be more."""
    assert all(set(peer) == {"podSelector", "namespaceSelector"} for peer in peers)
    return {
        (
            peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"],
            peer["podSelector"]["matchLabels"][_LABEL],
        )
        for peer in peers
    }


def test_loki_deletes_after_the_days_of_the_stack_and_keeps_its_disk() -> None:
    entries = _logged(retention_days=90, storage_gib=256)
    settings = _configuration(entries, _STORE)
    assert settings["limits_config"]["retention_period"] == "2160h"
    # Nor by anybody who asks: Loki knows no users.
    assert settings["limits_config"]["deletion_mode"] == "disabled"
    # Without both, nothing is ever deleted.
    assert settings["compactor"] == {"retention_enabled": True, "delete_request_store": "filesystem"}
    [store] = _objects(entries, "StatefulSet", _STORE).values()
    [claim] = store["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "256Gi"
    assert store["spec"]["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    [mount] = [
        mount for mount in store["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] if mount["name"] == "logs"
    ]
    assert settings["common"]["path_prefix"] == mount["mountPath"]


def test_what_the_collector_sends_to_is_loki_s_service() -> None:
    [exporter] = _configuration(_logged(), _COLLECTORS)["exporters"].values()
    [service] = _objects(_logged(), "Service", _STORE).values()
    assert exporter["endpoint"] == f"http://{service['metadata']['name']}.{_STORE}.svc.cluster.local:3100/otlp"
    assert [port["port"] for port in service["spec"]["ports"]] == [3100]


def test_nothing_is_given_up_while_loki_is_away() -> None:
    """No end of the patience, a queue on the node's disk, and reading that waits for it."""
    settings = _configuration(_logged(), _COLLECTORS)
    [exporter] = settings["exporters"].values()
    [receiver] = settings["receivers"].values()
    for patience in (exporter["retry_on_failure"], receiver["retry_on_failure"]):
        assert patience == {"enabled": True, "max_elapsed_time": "0s"}
    queue = exporter["sending_queue"]
    assert (queue["storage"], queue["block_on_overflow"], queue["num_consumers"]) == ("file_storage", True, 1)
    assert (receiver["storage"], receiver["start_at"]) == ("file_storage", "beginning")


def test_grafana_reads_logs() -> None:
    [found] = [
        item
        for item in _objects(_logged(), "ConfigMap", "monitoring").values()
        if item["metadata"]["labels"].get("grafana_datasource") == "1"
    ]
    [source] = json.loads(found["data"]["log-store.yaml"])["datasources"]
    assert (source["type"], source["url"]) == ("loki", "http://log-store.llm-logs.svc.cluster.local:3100")
    way = _objects(_logged(), "NetworkPolicy", "monitoring")["grafana-logs"]["spec"]
    assert way["podSelector"] == {"matchLabels": {_LABEL: "grafana"}}


def test_both_backends_keep_logs_of_the_same_namespaces() -> None:
    [rule] = [
        entry for entry in _logged("front-door", "container_insights") if type_of(entry) == "monitor:DataCollectionRule"
    ]
    [flow] = rule["inputs"]["dataFlows"]
    include = _configuration(_logged("front-door"), _COLLECTORS)["receivers"]["file_log"]["include"]
    # Of the namespace of Prometheus, Loki keeps the export of usage alone.
    include = [pattern for pattern in include if "usage-export" not in pattern]
    read = {pattern.removeprefix("/var/log/pods/").partition("_")[0] for pattern in include}
    assert read == {"llm", "llm-safety", "envoy-gateway-system", "envoy-ai-gateway-system"}
    assert all(f"'{namespace}'" in flow["transformKql"] for namespace in read)


def test_only_images_that_run_may_run() -> None:
    def allowed(entries: tuple[Entry, ...]) -> str:
        """Repositories are patterns, with a backslash before each dash."""
        return str([entry["inputs"] for entry in entries if "images" in entry["name"]]).replace("\\", "")

    for name in ("grafana/loki", "opentelemetry-collector"):
        assert name in allowed(_logged())
        assert name not in allowed(entries_of("dev"))
