"""The template that scanners of Azure read has Azure's own types, names and places of properties."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from simulators.azure.arm_schema import ArmSchema
from tests.graph.stacks import ALL, entries_of, is_azure
from tests.scanners.arm_template import TYPES, template


def resources(stack: str, kind: str) -> list[dict[str, Any]]:
    return [resource for resource in template(entries_of(stack))["resources"] if resource["type"].endswith(kind)]


@pytest.mark.parametrize("stack", ALL)
def test_every_azure_resource_is_in_the_template(stack: str) -> None:
    made = template(entries_of(stack))["resources"]
    assert len(made) == sum(1 for entry in entries_of(stack) if is_azure(entry))
    assert not any("[" in resource["name"] for resource in made)


def test_properties_are_where_azure_has_them() -> None:
    (account,) = resources("prod", "/storageAccounts")
    assert account["properties"]["networkAcls"]["defaultAction"] == "Deny"
    assert account["properties"]["supportsHttpsTrafficOnly"] is True
    assert {"location", "sku", "tags"} <= account.keys()
    (vault,) = resources("prod", "/vaults")
    assert vault["properties"]["enableRbacAuthorization"] is True


def test_a_list_of_identities_is_a_mapping() -> None:
    identity = {"type": "UserAssigned", "userAssignedIdentities": ["/subscriptions/s/id"]}
    inputs = {"resourceGroupName": "rg", "resourceName": "aks", "identity": identity}
    entry = {"type": "azure-native:containerservice:ManagedCluster", "inputs": inputs}
    (cluster,) = template([entry])["resources"]
    assert cluster["identity"]["userAssignedIdentities"] == {"/subscriptions/s/id": {}}
    assert cluster["name"] == "aks"


def test_a_type_without_a_name_of_azure_is_an_error() -> None:
    with pytest.raises(KeyError, match="TYPES in tests/scanners"):
        template([{"type": "azure-native:acme:Thing", "inputs": {}}])


def test_rules_of_a_network_have_properties_of_their_own() -> None:
    rules = [
        rule for group in resources("prod", "/networkSecurityGroups") for rule in group["properties"]["securityRules"]
    ]
    assert rules
    for rule in rules:
        assert rule.keys() == {"name", "properties"}
        assert {"access", "direction", "priority"} <= rule["properties"].keys()


def test_a_pool_is_named_below_its_cluster() -> None:
    (cluster,) = resources("prod", "/managedClusters")
    pools = resources("prod", "/agentPools")
    assert len(pools) > 1
    assert all(pool["name"].startswith(f"{cluster['name']}/") for pool in pools)


def test_what_only_a_deployment_knows_is_no_expression() -> None:
    assert "[unknown]" not in str(template(entries_of("prod")))


@pytest.mark.parametrize("token", TYPES)
def test_types_are_azures_own(token: str, arm: Path) -> None:
    if not (arm / f"{token.replace(':', '.')}.json").exists():
        pytest.skip(f"the reference data has no {token}")
    schema = ArmSchema.load(arm, token)
    assert TYPES[token] == f"{schema.arm_type}@{schema.api_version}"


def misplaced(schema: ArmSchema, kind: Mapping[str, Any], value: Any, path: str = "") -> Iterator[str]:
    """Paths of keys that are beside `properties` and belong into it."""
    if isinstance(value, list) and "itemType" in kind:
        for index, item in enumerate(value):
            yield from misplaced(schema, schema._resolve(kind["itemType"]), item, f"{path}[{index}]")
    elif isinstance(value, dict) and kind["$type"] == "ObjectType":
        fields = kind.get("properties", {})
        for key, item in value.items():
            if key in fields:
                yield from misplaced(schema, schema._resolve(fields[key]["type"]), item, f"{path}.{key}")
            elif "properties" in fields:
                yield f"{path}.{key}"


@pytest.mark.parametrize("stack", ALL)
def test_nothing_is_left_flattened(stack: str, arm: Path) -> None:
    azure = [entry for entry in entries_of(stack) if is_azure(entry)]
    for entry, resource in zip(azure, template(azure)["resources"], strict=True):
        schema = ArmSchema.load(arm, entry["type"].removeprefix("azure-native:"))
        assert list(misplaced(schema, schema._body, resource)) == [], entry["name"]
