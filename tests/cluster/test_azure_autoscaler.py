"""The small Azure's autoscaler adds and removes nodes in a real API server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.control_plane import ControlPlane
from simulators.aks.provider import SmallAzure
from simulators.api_server.client import Client
from simulators.api_server.waiting import eventually
from tests.cluster.small_azure import OPERATOR, add, azure_with_a_cluster, nodes, replicas
from tests.cluster.workloads import SLICE, deployment, pod_spec, ready_on

pytestmark = pytest.mark.cluster
# Slices under names of their own.
MIXED: dict[str, Any] = {**OPERATOR, "mig": {"strategy": "mixed"}}
TAG = "k8s.io_cluster-autoscaler_node-template_resources_nvidia.com"


@pytest.fixture
def azure(module_cluster: ControlPlane, arm: Path) -> Iterator[SmallAzure]:
    with azure_with_a_cluster(module_cluster, arm) as made:
        yield made


@pytest.fixture
def client(module_cluster: ControlPlane) -> Client:
    return module_cluster.client


def test_the_autoscaler_adds_nodes_up_to_the_most(azure: SmallAzure, client: Client) -> None:
    azure.machines.gpu_operator(OPERATOR)
    add(azure, "gpu")
    azure.machines.autoscales = True
    replicas(client, "gpu", 7)
    eventually(lambda: len(ready_on(client, app="d")) == 6, "six ready pods on three nodes")
    assert len(azure.machines.pool("gpu").nodes) == 3
    client.patch("apps/v1", "Deployment", "d", {"spec": {"replicas": 1}}, namespace="default")
    eventually(lambda: len(ready_on(client, app="d")) == 1, "one ready pod")
    assert azure.machines.autoscale() == {}
    assert len(nodes(client, "gpu")) == 3
    last = ready_on(client, app="d")
    assert {azure.machines.remove_node(), azure.machines.remove_node()}.isdisjoint({*last, None})
    assert azure.machines.remove_node() is None
    assert ready_on(client, app="d") == last


def test_a_node_is_drained_before_it_goes(azure: SmallAzure, client: Client) -> None:
    azure.machines.gpu_operator(OPERATOR)
    add(azure, "gpu", count=2, minCount=1)
    replicas(client, "gpu", 3)
    eventually(lambda: len(ready_on(client, app="d")) == 3, "three ready pods on two nodes")
    assert azure.machines.remove_node() is None
    # One pod on each node, which is at half of its GPUs: they fit on one.
    for name in {*ready_on(client, app="d")}:
        (one, *_) = [
            pod["metadata"]["name"]
            for pod in client.list("v1", "Pod", "default", labelSelector="app=d")
            if pod["spec"]["nodeName"] == name
        ]
        cost = {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "100"}}}
        client.patch("v1", "Pod", one, cost, namespace="default")
    client.patch("apps/v1", "Deployment", "d", {"spec": {"replicas": 2}}, namespace="default")
    eventually(lambda: len({*ready_on(client, app="d")}) == len(ready_on(client, app="d")) == 2, "one pod on each node")
    removed = azure.machines.remove_node()
    (kept,) = azure.machines.pool("gpu").nodes
    assert removed is not None
    eventually(lambda: ready_on(client, app="d") == [kept, kept], "both pods on the node that is left")


def is_stranded(client: Client) -> bool:
    pods = client.list("v1", "Pod", "default", labelSelector="app=d")
    return any(
        condition.get("reason") == "Unschedulable" for pod in pods for condition in pod["status"].get("conditions", [])
    )


def test_slices_under_names_of_their_own_bring_no_node(azure: SmallAzure, client: Client) -> None:
    azure.machines.gpu_operator(MIXED)
    add(azure, "gpu")
    replicas(client, "gpu", 3, SLICE)
    eventually(lambda: len(ready_on(client, app="d")) == 2 and is_stranded(client), "a pod that finds no slice")
    assert azure.machines.autoscale() == {}


def test_an_empty_pool_of_slices_grows_by_what_its_tags_say(azure: SmallAzure, client: Client) -> None:
    azure.machines.gpu_operator(OPERATOR)
    add(azure, "gpu", count=0, minCount=0, tags={f"{TAG}_gpu": "2"})
    replicas(client, "gpu", 2)
    eventually(lambda: is_stranded(client), "a pod that the scheduler has given up on")
    eventually(lambda: azure.machines.autoscale() == {"gpu": 1}, "one node for both")
    eventually(lambda: len(ready_on(client, app="d")) == 2, "two ready pods")
    client.patch("apps/v1", "Deployment", "d", {"spec": {"replicas": 0}}, namespace="default")
    eventually(lambda: azure.machines.remove_node() is not None, "the node goes")
    assert nodes(client, "gpu") == []


def test_one_node_without_gpus_in_a_pool_of_fixed_size_ends_every_addition(azure: SmallAzure, client: Client) -> None:
    """kubernetes/autoscaler#10301: few of them don't stop an autoscaled cluster, but one that isn't autoscaled does."""
    azure.machines.gpu_operator(MIXED)
    add(azure, "sliced", count=1, minCount=1, maxCount=1)
    add(azure, "plain", vmSize="Standard_D8ds_v5", gpuInstanceProfile=None, count=0, minCount=0, nodeTaints=[])
    azure.edit("sliced", enableAutoScaling=False, minCount=None, maxCount=None)
    client.create(deployment("d", pod_spec(nodeSelector={"own": "plain"}), replicas=1))
    eventually(lambda: is_stranded(client), "a pod that waits for a node")
    assert azure.machines.autoscale() == {}
    azure.edit("sliced", enableAutoScaling=True, minCount=1, maxCount=1)
    assert azure.machines.autoscale() == {"plain": 1}


def test_nodes_without_gpus_stop_the_autoscaler_for_every_pool(azure: SmallAzure, client: Client) -> None:
    azure.machines.gpu_operator(MIXED)
    add(azure, "sliced", count=4, minCount=4, maxCount=4)
    add(azure, "plain", vmSize="Standard_D8ds_v5", gpuInstanceProfile=None, count=0, minCount=0, nodeTaints=[])
    client.create(deployment("d", pod_spec(nodeSelector={"own": "plain"}), replicas=1))
    eventually(lambda: is_stranded(client), "a pod that waits for a node")
    assert azure.machines.autoscale() == {}
    assert azure.machines.remove_node() is None
    azure.machines.gpu_operator(OPERATOR)
    assert azure.machines.autoscale() == {"plain": 1}
