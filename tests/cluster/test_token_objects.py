"""A real API server, with the real kinds and their CEL rules, takes the objects of a gateway with access tokens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import ApiError
from simulators.api_server.waiting import eventually
from tests.cluster.test_gateway_admission import World
from tests.graph.stacks import Sections, graph_of
from tests.graph.test_entra import judged, keyless, mixed, redirected

pytestmark = pytest.mark.cluster

_KINDS = ("Gateway", "SecurityPolicy", "Backend", "EnvoyExtensionPolicy", "AIServiceBackend", "AIGatewayRoute")


@pytest.fixture(scope="module")
def world(module_cluster: ControlPlane, arm: Path) -> World:
    return World(module_cluster.client, arm.parent / "crds")


@pytest.mark.parametrize("change", [mixed, keyless, redirected, judged])
def test_the_api_server_takes_every_object(world: World, change: Callable[[Sections], None]) -> None:
    found = [item for item in _inputs(change) if item.get("kind") in _KINDS]
    assert any("jwt" in item["spec"] for item in found)
    for item in found:
        world.pipeline.apply(item, field_manager="pulumi-kubernetes")


def test_it_would_refuse_a_provider_without_keys(world: World) -> None:
    """The rules are in force: otherwise every object would be taken."""
    (policy,) = [item for item in _inputs(mixed) if "jwt" in item.get("spec", {})]
    del policy["spec"]["jwt"]["providers"][0]["remoteJWKS"]

    def refused() -> bool:
        try:
            world.pipeline.apply({**policy, "metadata": {**policy["metadata"], "name": "other"}}, field_manager="test")
        except ApiError as error:
            return "either remoteJWKS or localJWKS must be specified" in error.message
        return False

    eventually(refused, "the kind's own rules are in force")


def _inputs(change: Callable[[Sections], None]) -> list[Any]:
    entries: list[Any] = graph_of("prod", change).to_json()
    return [entry["inputs"] for entry in entries]
