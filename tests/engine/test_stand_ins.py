"""The stand-in providers decide replacements as the real ones do."""

from typing import Any

import pytest

from simulators.azure import change_rules
from simulators.azure.cloud import Cloud
from simulators.kubernetes_provider.in_memory import Kubernetes
from simulators.provider_protocol.calls import CallLog
from simulators.provider_protocol.differences import differences
from simulators.provider_protocol.wire import UNKNOWN

CONFIG_MAP: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "namespace": "n", "labels": {"x": "1"}},
    "data": {"k": "v"},
}


@pytest.fixture
def kubernetes() -> Kubernetes:
    return Kubernetes(CallLog(), Cloud(), {})


@pytest.mark.parametrize(
    ("old", "new", "replaces"),
    [
        ({"kubeconfig": "a"}, {"kubeconfig": UNKNOWN}, {"kubeconfig"}),
        ({"kubeconfig": "a"}, {"kubeconfig": "b"}, {"kubeconfig"}),
        ({"kubeconfig": "a", "clusterIdentifier": "c"}, {"kubeconfig": UNKNOWN, "clusterIdentifier": "c"}, set()),
        ({"kubeconfig": "a", "clusterIdentifier": "c"}, {"kubeconfig": "a", "clusterIdentifier": "d"},
         {"clusterIdentifier"}),
        ({"kubeconfig": "a"}, {"kubeconfig": "a", "clusterIdentifier": "c"}, set()),
        ({"kubeconfig": "a", "clusterIdentifier": "c"}, {"kubeconfig": "a"}, set()),
    ],
)  # fmt: skip
def test_an_identifier_says_whether_it_is_another_cluster(
    kubernetes: Kubernetes, old: dict[str, Any], new: dict[str, Any], replaces: set[str]
) -> None:
    assert kubernetes.diff_config(old, new).replaces == replaces


@pytest.mark.parametrize(
    ("change", "replaced", "delete_first"),
    [
        ({"data": {"k": "w"}}, True, True),
        ({"metadata": {**CONFIG_MAP["metadata"], "name": "b"}}, True, False),
        ({"metadata": {**CONFIG_MAP["metadata"], "labels": {"x": "2"}}}, False, True),
    ],
)
def test_a_config_map_is_replaced_with_its_data_or_its_name(
    kubernetes: Kubernetes, change: dict[str, Any], replaced: bool, delete_first: bool
) -> None:
    found = kubernetes.diff("kubernetes:core/v1:ConfigMap", "n/a", CONFIG_MAP, {**CONFIG_MAP, **change})
    assert bool(found.replaces) is replaced
    assert found.delete_before_replace is delete_first


@pytest.mark.parametrize("field", change_rules.IMMUTABLE_POOL_FIELDS)
def test_azure_refuses_every_immutable_field_of_a_pool(field: str) -> None:
    outer, _, inner = field.partition(".")
    old, new = ({inner: "a"}, {inner: "b"}) if inner else ("a", "b")
    single = differences({outer: old}, {outer: new})
    assert change_rules.refused_changes("containerservice:AgentPool", single) == [f"properties.{field}"]
    inline = differences({"agentPoolProfiles": [{outer: old}]}, {"agentPoolProfiles": [{outer: new}]})
    refused = change_rules.refused_changes("containerservice:ManagedCluster", inline)
    assert refused == [f"properties.agentPoolProfiles[0].{field}"]


@pytest.mark.parametrize("field", ["count", "minCount", "maxCount", "nodeLabels", "nodeTaints", "orchestratorVersion"])
def test_azure_changes_the_rest_of_a_pool_in_place(field: str) -> None:
    assert change_rules.refused_changes("containerservice:AgentPool", differences({field: 1}, {field: 2})) == []
