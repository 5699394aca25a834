"""A real API server takes routes with a rule for each client, 15 at most, and policies by names."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import ApiError, Client
from tests.cluster.small_objects import wait_until_served
from tests.graph.stacks import Sections, graph_of

_KINDS = ("AIGatewayRoute", "CiliumNetworkPolicy", "NetworkPolicy")


def _by_name(sections: Sections) -> None:
    sections["network"]["egress"] = "fqdn"


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    entries: list[Any] = graph_of("prod", _by_name).to_json()
    found = [entry["inputs"] for entry in entries if entry["inputs"].get("kind") in _KINDS]
    return [item for item in found if item["metadata"]["namespace"] == "llm"]


@pytest.fixture(scope="module")
def client(module_cluster: ControlPlane, arm: Path) -> Client:
    """With the definitions of both kinds."""
    api = module_cluster.client
    for file in ("envoy-ai-gateway.yaml", "cilium.yaml"):
        for document in yaml.safe_load_all((arm.parent / "crds" / file).read_text(encoding="utf-8")):
            if document:
                api.create(document)
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "llm"}})
    for api_version, kind in (
        ("aigateway.envoyproxy.io/v1beta1", "AIGatewayRoute"),
        ("cilium.io/v2", "CiliumNetworkPolicy"),
    ):
        wait_until_served(api, api_version, kind)
    return api


def test_they_are_accepted(client: Client, objects: list[dict[str, Any]]) -> None:
    assert {item["kind"] for item in objects} == set(_KINDS)
    for item in objects:
        client.create(item)


def test_a_route_takes_no_sixteenth_rule(client: Client, objects: list[dict[str, Any]]) -> None:
    route = next(item for item in objects if item["kind"] == "AIGatewayRoute")
    (first, *_) = route["spec"]["rules"]
    for number in (15, 16):
        many = [{**first, "name": f"rule-{index}"} for index in range(number)]
        item = {**route, "metadata": {"name": f"many-{number}", "namespace": "llm"}}
        item["spec"] = {**route["spec"], "rules": many}
        if number == 15:
            client.create(item)
        else:
            with pytest.raises(ApiError, match="rules"):
                client.create(item)
