"""What is closed by default has a door for its owner: a role on what it holds, a network to come from, names there."""

from typing import Any

import pytest

import catalog
from tests.graph.stacks import ALL, Sections, entries_of, graph_of, sections_of

ROLES = catalog.load().azure.roles
RUNNER = "/subscriptions/{}/resourceGroups/rg-ops/providers/Microsoft.Network/virtualNetworks/vnet-ops"

each_stack = pytest.mark.parametrize("stack", ALL)


@each_stack
@pytest.mark.parametrize(
    ("parent", "role"),
    [("vault", "key_vault_secrets_officer"), ("model-store", "storage_blob_data_contributor")],
)
def test_every_admin_group_may_write_what_vault_and_store_hold(stack: str, parent: str, role: str) -> None:
    """Owner and Contributor are roles on the resource, and Azure answers 403 to them."""
    found = [
        entry["inputs"]
        for entry in entries_of(stack)
        if entry["type"] == "azure-native:authorization:RoleAssignment" and entry["parent"].endswith(f"::{parent}")
    ]
    groups = [
        given["principalId"]
        for given in found
        if given["principalType"] == "Group" and given["roleDefinitionId"].endswith(ROLES[role])
    ]
    assert sorted(groups) == sorted(sections_of(stack)["cluster"]["admin_groups"])


def with_a_runner(sections: Sections) -> None:
    api_server = sections["cluster"]["api_server"]
    api_server["runner_vnet"] = RUNNER.format(sections["platform"]["subscription_id"])


@each_stack
def test_a_runners_network_is_peered_and_resolves_every_private_name(stack: str) -> None:
    """With a public API server as well: vault and store are closed to the internet all the same."""
    entries: Any = graph_of(stack, with_a_runner).to_json()
    peerings = [entry for entry in entries if entry["type"] == "azure-native:network:VirtualNetworkPeering"]
    assert {entry["inputs"]["virtualNetworkName"] for entry in peerings} >= {"vnet-ops"}
    assert len(peerings) == 2
    zones = {entry["name"] for entry in entries if entry["type"] == "azure-native:privatedns:PrivateZone"}
    linked = [
        entry["inputs"]["privateZoneName"]
        for entry in entries
        if entry["type"] == "azure-native:privatedns:VirtualNetworkLink"
        and entry["inputs"]["virtualNetwork"]["id"].endswith("/vnet-ops")
    ]
    assert len(linked) == len(zones)
    assert {"privatelink.vaultcore.azure.net", "privatelink.blob.core.windows.net"} <= set(linked)
