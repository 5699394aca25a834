"""No two resources of a graph share kind, namespace and name, or every name of their path in Azure."""

import pytest
from msgspec.structs import replace

from preview.collisions import collisions
from tests.graph.stacks import graph_of


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_shipped_stacks_have_none(stack: str) -> None:
    graph = graph_of(stack)
    assert collisions(graph) == ()
    for kind in ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "azure-native:containerservice:AgentPool"):
        one = next(
            resource for resource in graph if resource.type.startswith(kind.rpartition(":")[0]) and resource.custom
        )
        found = collisions([*graph, replace(one, name="another", urn=f"{one.urn}-another")])
        assert [finding.rule for finding in found] == ["NAME-COLLISION"]
        assert one.name in found[0].message
        assert "another" in found[0].message


def test_each_tenant_of_api_management_has_resources_of_its_own() -> None:
    graph = graph_of("front-door")
    assert collisions(graph) == ()
    for kind in ("Product", "ProductApi", "NamedValue", "ApiOperation"):
        one = next(resource for resource in graph if resource.type == f"azure-native:apimanagement:{kind}")
        found = collisions([*graph, replace(one, name="another", urn=f"{one.urn}-another")])
        assert [finding.rule for finding in found] == ["NAME-COLLISION"]
