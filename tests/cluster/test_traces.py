"""A real API server takes every object of traces, and its pods under the standard `restricted`."""

import time
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import ApiError, Client
from tests.graph.stacks import Sections, graph_of, is_kubernetes

_SPACE: Final = "llm-telemetry"
_DEFINITIONS: Final = ("envoy-gateway.yaml", "envoy-ai-gateway@1.2.0.yaml", "cilium.yaml", "prometheus-operator.yaml")
# Of the gateway, what traces change.
_GATEWAY_KINDS: Final = ("EnvoyProxy", "ClientTrafficPolicy", "GatewayConfig", "Backend")
_SERVED: Final = (
    ("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy"),
    ("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy"),
    ("gateway.envoyproxy.io/v1alpha1", "Backend"),
    ("aigateway.envoyproxy.io/v1beta1", "GatewayConfig"),
    ("cilium.io/v2", "CiliumNetworkPolicy"),
    ("monitoring.coreos.com/v1", "PodMonitor"),
)


def _elsewhere(sections: Sections) -> None:
    sections["network"] = {**sections.get("network", {}), "egress": "fqdn"}
    sections["observability"]["traces"] = {"backend": "otlp", "endpoint": "https://traces.acme.example"}


def _tempo(sections: Sections) -> None:
    sections.setdefault("observability", {})["traces"] = {"backend": "tempo"}


def _objects(stack: str, change: Any) -> list[dict[str, Any]]:
    entries: list[Any] = graph_of(stack, change).to_json()
    found = [entry["inputs"] for entry in entries if is_kubernetes(entry)]
    return [
        item
        for item in found
        if item.get("metadata", {}).get("namespace") == _SPACE
        or item.get("kind") in _GATEWAY_KINDS
        or item.get("metadata", {}).get("name") == "trace-collector"
    ]


@pytest.fixture(scope="module")
def client(module_cluster: ControlPlane, arm: Path) -> Client:
    api = module_cluster.client
    for file in _DEFINITIONS:
        for document in yaml.safe_load_all((arm.parent / "crds" / file).read_text(encoding="utf-8")):
            if document:
                api.create(document)
    for api_version, kind in _SERVED:
        _wait_until_served(api, api_version, kind)
    for name in (_SPACE, "llm-gateway", "llm", "monitoring"):
        labels = {"pod-security.kubernetes.io/enforce": "restricted"} if name == _SPACE else {}
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    return api


def _wait_until_served(api: Client, api_version: str, kind: str) -> None:
    for _ in range(100):
        try:
            api.list(api_version, kind)
        except ApiError:
            time.sleep(0.3)
        else:
            return
    pytest.fail(f"{kind} is not served")


def test_every_object_is_accepted(client: Client) -> None:
    objects = _objects("dev", _tempo)
    assert {"Deployment", "StatefulSet", "EnvoyProxy", "ClientTrafficPolicy", "GatewayConfig", "PodMonitor"} <= {
        item["kind"] for item in objects
    }
    for item in objects:
        client.create(item)


def test_policies_by_name_are_accepted(client: Client) -> None:
    [policy] = [item for item in _objects("prod", _elsewhere) if item["kind"] == "CiliumNetworkPolicy"]
    client.create(policy)


def test_the_pods_meet_the_standard_of_their_namespace(client: Client) -> None:
    for change in (_tempo, _elsewhere):
        for item in _objects("prod", change):
            if item["kind"] in ("Deployment", "StatefulSet"):
                template = item["spec"]["template"]
                name = f"{item['metadata']['name']}-{change.__name__.strip('_')}-0"
                meta = {**template["metadata"], "name": name, "namespace": _SPACE}
                # As the controller of StatefulSets does it.
                claimed = [
                    {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": name}}
                    for claim in item["spec"].get("volumeClaimTemplates", [])
                ]
                spec = {**template["spec"], "volumes": [*template["spec"]["volumes"], *claimed]}
                client.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
