"""Who can have which Secret on the shipped stacks, as docs/network.md says, by a real API server."""

import pytest

from simulators.api_server.waiting import eventually
from tests.cluster import secret_rights
from tests.cluster.cluster_roles import Account
from tests.cluster.control_plane import ControlPlane
from tests.cluster.traffic import documented
from tests.graph.stacks import STACKS

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("stack", STACKS)
def test_secrets_are_had_by_those_on_the_page(stack: str, cluster: ControlPlane) -> None:
    client = cluster.client
    for item in secret_rights.rights_of(stack):
        if client.find(item["apiVersion"], item["kind"], item["metadata"]["name"], _namespace(item)) is None:
            client.create(item)
    # The authorizer learns of roles by watching them.
    widest = Account("envoy-ai-gateway-system", "ai-gateway-controller")
    eventually(
        lambda: secret_rights.may(client, widest, "delete", "", "secrets", namespace="llm"), "the roles are in force"
    )
    documented("secret-rights").require(stack, secret_rights.facts(client, stack))
    documented("secrets").require(stack, secret_rights.held(stack))


def _namespace(item: dict[str, dict[str, str]]) -> str:
    return item["metadata"].get("namespace", "")
