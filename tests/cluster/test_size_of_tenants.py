"""A real API server holds the lists of models that tenants are answered, up to the size that TENANT-OBJECT allows."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from components.cluster.tenant_script import model_lists, script
from planning.plan import TenantPlan
from planning.rules.tenant_sizes import MOST_OF_AN_OBJECT, size_of_lists
from rehearsal.control_plane import ControlPlane
from simulators.api_server.client import ApiError, Client
from tests.cluster.small_objects import wait_until_served

API_VERSION: Final = "gateway.envoyproxy.io/v1alpha1"
KIND: Final = "EnvoyExtensionPolicy"
# etcd's own limit, in bytes.
TOO_LARGE: Final = 1.5 * 2**20
MODELS: Final = 100


@pytest.fixture(scope="module")
def client(module_cluster: ControlPlane, arm: Path) -> Client:
    """With the definition of the kind."""
    api = module_cluster.client
    definitions = yaml.safe_load_all((arm.parent / "crds" / "envoy-gateway.yaml").read_text(encoding="utf-8"))
    api.create(next(item for item in definitions if item and item["spec"]["names"]["kind"] == KIND))
    wait_until_served(api, API_VERSION, KIND)
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "llm"}})
    return api


def tenants(count: int) -> tuple[TenantPlan, ...]:
    """Each may use all models but one, so that each has a list of its own."""
    names = [f"model-{index:03}-{'a' * 30}" for index in range(MODELS)]
    return tuple(
        TenantPlan(
            name=f"t{index:04}-{'b' * 57}",
            keys=(),
            identities=(),
            models=(*names[: index % MODELS], *names[index % MODELS + 1 :], *(f"only-{index}",) * (index >= MODELS)),
            limits=(),
        )
        for index in range(count)
    )


def policy(name: str, of: tuple[TenantPlan, ...]) -> dict[str, Any]:
    target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "llm.models", "sectionName": "list"}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name, "namespace": "llm"},
        "spec": {"targetRefs": [target], "lua": [script(model_lists(of))]},
    }


def most_within(limit: float) -> int:
    """How many such tenants the rule counts as that size."""
    return next(count for count in range(1, 1000) if _size(count + 1) > limit)


def _size(count: int) -> int:
    of = tenants(count)
    return size_of_lists([tenant.name for tenant in of], {tenant.models for tenant in of})


def test_the_largest_lists_that_the_rule_allows_are_taken(client: Client) -> None:
    client.apply(policy("largest", tenants(most_within(MOST_OF_AN_OBJECT))), field_manager="pulumi")


def test_lists_beyond_the_api_servers_own_limit_are_refused(client: Client) -> None:
    with pytest.raises(ApiError, match="request is too large"):
        client.apply(policy("too-large", tenants(most_within(TOO_LARGE * 1.1))), field_manager="pulumi")
