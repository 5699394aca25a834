"""Ids that names make: those that the simulated Azure gives, for every type that a stack has."""

import re
from typing import Any

import pytest

from catalog.azure_ids import azure_ids
from operate.ids import id_of
from simulators.azure.arm_paths import path_inputs, resource_id
from tests.graph_types import azure_types

SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
# ARM's definitions of the types (`arm` in shared/arm), without the version.
ARM = re.compile(r"(?s:.*)providers/(Microsoft\.\w+)((?:/\w+/[^/]+)+)$")


def inputs_of(token: str) -> dict[str, Any]:
    scope = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/publicIPAddresses/pip"
    return {name: scope if name in ("scope", "resourceUri") else f"{name}-1" for name in path_inputs(token)}


@pytest.mark.parametrize("token", azure_types())
def test_the_catalog_has_every_type_of_every_stack(token: str) -> None:
    assert token in azure_ids().ids


@pytest.mark.parametrize("token", sorted(set(azure_ids().ids) - {"storage:BlobContainerImmutabilityPolicy"}))
def test_an_id_is_that_of_the_simulated_azure(token: str) -> None:
    inputs = inputs_of(token)
    made = id_of(f"azure-native:{token}", inputs, SUBSCRIPTION)
    assert made is not None
    if token == "resources:ResourceGroup":
        assert made == resource_id(token, "", SUBSCRIPTION, inputs)
        return
    found = ARM.search(made)
    assert found is not None
    kinds = re.findall(r"/(\w+)/[^/]+", found[2])
    assert made == resource_id(token, "/".join([found[1], *kinds]), SUBSCRIPTION, inputs)


@pytest.mark.parametrize(
    ("type_", "inputs", "expected"),
    [
        ("kubernetes:core/v1:Namespace", {"metadata": {"name": "llm"}}, "llm"),
        ("kubernetes:apps/v1:Deployment", {"metadata": {"name": "chat", "namespace": "llm"}}, "llm/chat"),
        ("kubernetes:helm.sh/v3:Release", {"name": "keda", "namespace": "keda"}, "keda/keda"),
        ("kubernetes:core/v1:ConfigMap", {"metadata": {"generateName": "chat-"}}, None),
        ("kubernetes:core/v1:ConfigMap", {}, None),
        ("pulumi:providers:kubernetes", {"name": "x"}, None),
        ("llm-platform:components:Model", {}, None),
        ("azure-native:unknown:Type", {"name": "x"}, None),
        ("azure-native:network:NatGateway", {"resourceGroupName": "rg"}, None),
        (
            "azure-native:network/v20250101:NatGateway",
            {"resourceGroupName": "rg", "natGatewayName": "nat"},
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/natGateways/nat",
        ),
    ],
)
def test_an_id_is_made_of_names_or_not_at_all(type_: str, inputs: dict[str, Any], expected: str | None) -> None:
    assert id_of(type_, inputs, SUBSCRIPTION) == expected
