"""The simulated AKS refuses what AKS refuses of a cluster's pools as a whole."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulators.azure.cloud import Cloud
from simulators.azure.provider import AzureNative
from simulators.provider_protocol.calls import CallLog, RefusedError

CLUSTER = "azure-native:containerservice:ManagedCluster"
POOL = "azure-native:containerservice:AgentPool"
FIRST = {"name": "first", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5", "maxPods": 110}


def cluster(*pools: dict[str, Any], **changes: Any) -> dict[str, Any]:
    given = {"agentPoolProfiles": list(pools)} if pools else {}
    return {"resourceGroupName": "rg", "resourceName": "aks", "location": "eastus", **given, **changes}


def pool(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "resourceGroupName": "rg", "resourceName": "aks", "agentPoolName": name, "mode": "System",
        "vmSize": "Standard_D4ds_v5", "count": 1, **changes,
    }  # fmt: skip


@pytest.fixture
def azure(arm: Path) -> AzureNative:
    """A cluster with its first pool."""
    found = AzureNative(CallLog(), Cloud(), arm)
    found.create("azure-native:resources:ResourceGroup", {"resourceGroupName": "rg", "location": "eastus"})
    found.create(CLUSTER, cluster(FIRST))
    return found


def id_of(azure: AzureNative, name: str = "") -> str:
    (found,) = [resource.id for resource in azure.cloud.azure if resource.id.endswith(f"/{name or 'aks'}")]
    return found


@pytest.mark.parametrize("pools", [(), ({**FIRST, "mode": "User"},), ({**FIRST, "count": 0},)])
def test_no_cluster_is_created_without_a_node_of_a_system_pool(arm: Path, pools: tuple[dict[str, Any], ...]) -> None:
    azure = AzureNative(CallLog(), Cloud(), arm)
    azure.create("azure-native:resources:ResourceGroup", {"resourceGroupName": "rg", "location": "eastus"})
    with pytest.raises(RefusedError, match="system"):
        azure.create(CLUSTER, cluster(*pools))


def test_a_cluster_takes_no_pool_with_an_update(azure: AzureNative) -> None:
    with pytest.raises(RefusedError, match="A new agent pool was introduced"):
        azure.update(CLUSTER, id_of(azure), cluster(FIRST, {**FIRST, "name": "second"}))


@pytest.mark.parametrize("pools", [(), (FIRST,)])
def test_an_update_that_leaves_pools_out_takes_none_away(azure: AzureNative, pools: tuple[dict[str, Any], ...]) -> None:
    azure.create(POOL, pool("system"))
    outputs = azure.update(CLUSTER, id_of(azure), cluster(*pools, tags={"a": "b"}))
    assert [found["name"] for found in outputs["agentPoolProfiles"]] == ["first"]
    assert id_of(azure, "system")


def test_pools_of_an_update_are_known_by_name_and_not_by_place(azure: AzureNative) -> None:
    azure.create(POOL, pool("gpu", mode="User", vmSize="Standard_NC40ads_H100_v5"))
    named = {"name": "gpu", "vmSize": "Standard_NC40ads_H100_v5"}
    azure.update(CLUSTER, id_of(azure), cluster(named, FIRST))
    with pytest.raises(RefusedError, match=r"PropertyChangeNotAllowed.*maxPods"):
        azure.update(CLUSTER, id_of(azure), cluster(named, {**FIRST, "maxPods": 60}))


def test_a_pool_of_the_clusters_own_resource_exists(azure: AzureNative) -> None:
    with pytest.raises(RefusedError, match="already existing"):
        azure.create(POOL, pool("first"))


def _becomes_user(azure: AzureNative) -> Callable[[], object]:
    return lambda: azure.update(POOL, id_of(azure, "only"), pool("only", mode="User"))


def _goes(azure: AzureNative) -> Callable[[], object]:
    return lambda: azure.delete(POOL, id_of(azure, "only"))


def _goes_by_its_id_in_lower_case(azure: AzureNative) -> Callable[[], object]:
    return lambda: azure.delete(POOL, id_of(azure, "only").lower())


@pytest.mark.parametrize("change", [_becomes_user, _goes, _goes_by_its_id_in_lower_case])
def test_the_last_system_pool_stays(azure: AzureNative, change: Callable[[AzureNative], Callable[[], object]]) -> None:
    azure.create(POOL, pool("only"))
    # Someone deletes the first pool, past the engine.
    owner = azure.cloud.find(id_of(azure))
    assert owner is not None
    owner.inputs["agentPoolProfiles"] = []
    with pytest.raises(RefusedError, match="at least one system agent pool"):
        change(azure)()
    azure.create(POOL, pool("another"))
    change(azure)()


def test_the_first_pool_that_someone_has_deleted_is_not_made_again(azure: AzureNative) -> None:
    azure.create(POOL, pool("system"))
    owner = azure.cloud.find(id_of(azure))
    assert owner is not None
    owner.inputs["agentPoolProfiles"] = []
    with pytest.raises(RefusedError, match="A new agent pool was introduced"):
        azure.update(CLUSTER, id_of(azure), cluster(FIRST))


@pytest.mark.parametrize(
    "wrong", [{"count": 0}, {"enableAutoScaling": True, "minCount": 0, "maxCount": 2}, {"scaleSetPriority": "Spot"}]
)
def test_a_system_pool_has_nodes_that_stay(azure: AzureNative, wrong: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match="system node pool"):
        azure.create(POOL, pool("system", **wrong))


def test_an_address_keeps_its_zones(azure: AzureNative) -> None:
    type_ = "azure-native:network:PublicIPAddress"
    given = {"resourceGroupName": "rg", "publicIpAddressName": "pip", "location": "eastus", "zones": ["1", "2"]}
    id_, _ = azure.create(type_, given)
    with pytest.raises(RefusedError, match="zones"):
        azure.update(type_, id_, {**given, "zones": ["1"]})
