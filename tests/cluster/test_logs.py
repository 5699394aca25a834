"""A real API server takes every object of logs; Loki's pod meets `restricted`, and the collector's meets no other."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import ApiError, Client
from tests.cluster.test_traces import _wait_until_served
from tests.graph.stacks import Sections, graph_of, is_kubernetes

_STORE: Final = "llm-logs"
_COLLECTORS: Final = "llm-log-collector"


def _logged(sections: Sections) -> None:
    sections.setdefault("observability", {})["logs"] = {"backend": "loki"}


def _objects() -> list[dict[str, Any]]:
    entries: list[Any] = graph_of("dev", _logged).to_json()
    return [entry["inputs"] for entry in entries if is_kubernetes(entry) and entry["name"].startswith("logs-")]


@pytest.fixture(scope="module")
def client(module_cluster: ControlPlane, arm: Path) -> Client:
    api = module_cluster.client
    text = (arm.parent / "crds" / "prometheus-operator.yaml").read_text(encoding="utf-8")
    for document in filter(None, yaml.safe_load_all(text)):
        api.create(document)
    _wait_until_served(api, "monitoring.coreos.com/v1", "PodMonitor")
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}})
    for item in _objects():
        if item["kind"] == "Namespace":
            api.create(item)
    return api


def test_every_object_is_accepted(client: Client) -> None:
    objects = [item for item in _objects() if item["kind"] != "Namespace"]
    assert {"DaemonSet", "StatefulSet", "Service", "ConfigMap", "NetworkPolicy", "PodMonitor"} == {
        item["kind"] for item in objects
    }
    for item in objects:
        client.create(item)


def _pod(kind: str, namespace: str) -> dict[str, Any]:
    [item] = [item for item in _objects() if item["kind"] == kind]
    template, name = item["spec"]["template"], f"{item['metadata']['name']}-x"
    claimed = [
        {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": name}}
        for claim in item["spec"].get("volumeClaimTemplates", [])
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**template["metadata"], "name": name, "namespace": namespace},
        "spec": {**template["spec"], "volumes": [*template["spec"]["volumes"], *claimed]},
    }


def test_each_pod_meets_the_standard_of_its_namespace(client: Client) -> None:
    client.create(_pod("StatefulSet", _STORE))
    client.create(_pod("DaemonSet", _COLLECTORS))


def test_the_collector_could_not_run_beside_loki(client: Client) -> None:
    """Why it has a namespace of its own: folders of the node, and root, which alone may read them."""
    with pytest.raises(ApiError, match="hostPath"):
        client.create(_pod("DaemonSet", _STORE))
