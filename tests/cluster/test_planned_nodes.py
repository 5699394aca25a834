"""Nodes made of the graph's and the Plan's pools offer the devices that the Plan says."""

from collections.abc import Mapping
from typing import Any

import pytest

import catalog
from planning.plan.labels import POOL_REVISION
from simulators.aks.nodes import Surroundings, node_devices
from simulators.aks.provider import POOL
from simulators.kubernetes_provider.provider import DEPLOYMENT
from tests.cluster.wire_pools import operator_values, wire_pool
from tests.engine.recording import Recording, recordings
from tests.graph.stacks import STACKS, entries_of
from tests.unit import planning_stacks

pytestmark = pytest.mark.cluster
CATALOG = catalog.load()
CLUSTER_ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"
WHERE = Surroundings.of(CLUSTER_ID, {"location": "eastus", "kubernetesVersion": "1.36"}, "rg-nodes")


@pytest.mark.parametrize("stack", STACKS)
def test_the_graph_s_pools_offer_what_the_graph_s_plan_says(stack: str) -> None:
    entries = entries_of(stack)
    pools = [entry["inputs"] for entry in entries if entry["type"] == "azure-native:containerservice:AgentPool"]
    (values,) = [
        entry["inputs"]["values"]
        for entry in entries
        if entry["type"] == "kubernetes:helm.sh/v3:Release" and entry["inputs"]["chart"].endswith("gpu-operator")
    ]
    plan = planning_stacks.plan({}) if stack == "dev" else None
    requested = {
        resource
        for entry in entries
        if entry["type"] == "kubernetes:apps/v1:Deployment"
        for container in entry["inputs"]["spec"]["template"]["spec"]["containers"]
        for resource in (container.get("resources") or {}).get("limits") or {}
        if resource.startswith("nvidia.com/")
    }
    found = {pool["agentPoolName"]: offered_by(pool, values) for pool in pools}
    assert all(withheld == "" for _, withheld in found.values()), found
    assert requested <= {resource for resources, _ in found.values() for resource in resources}
    if plan is not None:
        assert {
            made.aks_name: dict(made.pool.resources)
            for made in (plan.foundation.system_pool, *plan.foundation.agent_pools)
        } == {name: resources for name, (resources, _) in found.items()}


def offered_by(pool: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[dict[str, int], str]:
    found = node_devices(pool, CATALOG.vm_sizes[pool["vmSize"]], 0, WHERE, values, CATALOG)
    return dict(found.resources), found.withheld


@pytest.mark.parametrize("recording", recordings(), ids=str)
def test_nodes_of_an_earlier_version_keep_the_names_that_their_pods_request(recording: Recording) -> None:
    """An update changes the operator before the last pod has left its old node, and any of them may start again."""
    (values,) = [
        entry["inputs"]["values"]
        for entry in entries_of(recording.stack)
        if entry["type"] == "kubernetes:helm.sh/v3:Release" and entry["inputs"]["chart"].endswith("gpu-operator")
    ]
    had = {
        type_: [resource["inputs"] for resource in recording.resources if resource["type"] == type_]
        for type_ in (POOL, DEPLOYMENT)
    }
    offered = {pool["nodeLabels"][POOL_REVISION]: offered_by(pool, values)[0] for pool in had[POOL]}
    pods = [deployment["spec"]["template"]["spec"] for deployment in had[DEPLOYMENT]]
    assert pods
    for pod in pods:
        (container,) = pod["containers"]
        requested = {name for name in container["resources"]["limits"] if name.startswith("nvidia.com/")}
        assert requested <= offered[pod["nodeSelector"][POOL_REVISION]].keys()


SHARINGS = [
    ("Standard_NC80adis_H100_v5", {}),
    ("Standard_NC80adis_H100_v5", {"sharing": "time-slicing", "replicas": 3}),
    ("Standard_NC80adis_H100_v5", {"sharing": "mps", "replicas": 2}),
    ("Standard_NC80adis_H100_v5", {"sharing": "mig", "layout": ["3g.47gb", "3g.47gb"]}),
    ("Standard_NC80adis_H100_v5", {"sharing": "mig", "layout": ["4g.47gb", "2g.24gb", "1g.12gb"]}),
    ("Standard_NC80adis_H100_v5", {"sharing": "mig", "layouts": [["7g.94gb"], ["3g.47gb", "3g.47gb"]]}),
    ("Standard_NC80adis_H100_v5", {"sharing": "time-slicing", "replicas": 2, "layout": ["3g.47gb", "3g.47gb"]}),
    ("Standard_NC24ads_A100_v4", {"sharing": "mig", "layout": ["3g.40gb", "3g.40gb"]}),
    ("Standard_NC16as_T4_v3", {}),
]


@pytest.mark.parametrize("driver", ["aks", "operator"])
@pytest.mark.parametrize("capacity", ["on-demand", "spot"])
@pytest.mark.parametrize(("vm_size", "gpu"), SHARINGS)
def test_every_sharing_mode_yields_the_devices_of_the_plan(
    vm_size: str, gpu: dict[str, Any], capacity: str, driver: str
) -> None:
    other = planning_stacks.pool("other", vm_size=vm_size, gpu=gpu, capacity=capacity, nodes={"min": 1, "max": 1})
    plan = planning_stacks.plan({"cluster.gpu_driver": driver, "pools[1]": other})
    values = operator_values(plan)
    for made in plan.foundation.agent_pools:
        # What several profiles make of a node is no GPU to the autoscaler.
        assert ("nvidia.com/gpu" in dict(made.pool.resources)) == (len(made.pool.resources) == 1)
        assert offered_by(wire_pool(made), values) == (dict(made.pool.resources), ""), made.aks_name
