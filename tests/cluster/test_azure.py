"""The small Azure: nodes come, change and go with the pools, in a real API server."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.control_plane import ControlPlane
from simulators.aks.provider import CLUSTER, POOL, SmallAzure
from simulators.api_server.client import Client, Object
from simulators.api_server.waiting import eventually
from simulators.azure import faults
from simulators.provider_protocol.calls import RefusedError
from tests.cluster import azure_objects
from tests.cluster.small_azure import GPU, OPERATOR, add, azure_with_a_cluster, cluster_id, nodes, replicas
from tests.cluster.workloads import ready_on

pytestmark = pytest.mark.cluster


@pytest.fixture
def azure(module_cluster: ControlPlane, arm: Path) -> Iterator[SmallAzure]:
    with azure_with_a_cluster(module_cluster, arm) as made:
        yield made


@pytest.fixture
def client(module_cluster: ControlPlane) -> Client:
    return module_cluster.client


def is_free(node: Object) -> bool:
    return not any(taint["key"].startswith("node.kubernetes.io/") for taint in node["spec"].get("taints") or [])


def test_a_cluster_brings_its_system_nodes(azure: SmallAzure, client: Client) -> None:
    (node,) = nodes(client, "system")
    assert node["metadata"]["labels"]["kubernetes.azure.com/mode"] == "system"
    assert node["status"]["allocatable"].keys() == {"cpu", "memory", "ephemeral-storage", "pods"}
    taints = [taint for taint in node["spec"]["taints"] if not taint["key"].startswith("node.kubernetes.io/")]
    assert taints == [{"key": "CriticalAddonsOnly", "value": "true", "effect": "NoSchedule"}]
    eventually(lambda: is_free(nodes(client, "system")[0]), "a node that takes pods")
    assert azure.machines.pool("system").nodes == (node["metadata"]["name"],)


def test_a_second_cluster_needs_a_control_plane_of_its_own(azure: SmallAzure) -> None:
    with pytest.raises(RefusedError, match="already serves"):
        azure.create(CLUSTER, azure_objects.cluster(resourceName="another"))


def test_devices_come_with_the_gpu_operator(azure: SmallAzure, client: Client) -> None:
    add(azure, "gpu", availabilityZones=azure_objects.ZONES, count=2, minCount=2)
    zones = [node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes(client, "gpu")]
    assert zones == ["eastus-1", "eastus-2"]
    replicas(client, "gpu", 4)
    assert not any(GPU in node["status"]["allocatable"] for node in nodes(client, "gpu"))
    azure.machines.gpu_operator(OPERATOR)
    assert [node["status"]["allocatable"][GPU] for node in nodes(client, "gpu")] == ["2", "2"]
    eventually(lambda: len(ready_on(client, app="d")) == 4, "four ready pods")
    azure.machines.gpu_operator(None)
    assert not any(GPU in node["status"]["allocatable"] for node in nodes(client, "gpu"))


def test_a_changed_pool_changes_its_nodes_and_leaves_the_rest_of_them(azure: SmallAzure, client: Client) -> None:
    id_ = add(azure, "gpu")
    name = nodes(client, "gpu")[0]["metadata"]["name"]
    own = {"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}
    client.patch("v1", "Node", name, {"metadata": {"labels": {"by-hand": "yes"}}})
    client.patch("v1", "Node", name, {"spec": {"taints": [own]}}, patch="strategic")
    changed = azure_objects.pool("gpu", nodeLabels={"new": "1"}, nodeTaints=["team=a:NoSchedule"])
    azure.update(POOL, id_, changed)
    node = client.get("v1", "Node", name)
    labels = node["metadata"]["labels"]
    assert (labels["new"], labels["by-hand"], labels["agentpool"]) == ("1", "yes", "gpu")
    assert "own" not in labels
    keys = {taint["key"] for taint in node["spec"]["taints"]}
    assert "team" in keys
    assert "nvidia.com/gpu" not in keys
    azure.edit("gpu", nodeLabels={"edited": "1"})
    assert "edited" in client.get("v1", "Node", name)["metadata"]["labels"]
    with pytest.raises(RefusedError, match="PropertyChangeNotAllowed"):
        azure.edit("gpu", osDiskSizeGB=64)


def test_what_someone_does_to_a_node_stays_until_the_pool_changes(azure: SmallAzure, client: Client) -> None:
    id_ = add(azure, "gpu")
    name = nodes(client, "gpu")[0]["metadata"]["name"]
    client.patch("v1", "Node", name, {"metadata": {"labels": {"own": "by-hand"}}, "spec": {"taints": []}})
    azure.machines.follow()
    assert client.get("v1", "Node", name)["metadata"]["labels"]["own"] == "by-hand"
    azure.update(POOL, id_, azure_objects.pool("gpu", nodeLabels={"own": "gpu", "x": "y"}))
    assert client.get("v1", "Node", name)["metadata"]["labels"]["own"] == "gpu"


def test_a_pool_scales_within_its_bounds(azure: SmallAzure, client: Client) -> None:
    id_ = add(azure, "gpu")
    first = azure.machines.pool("gpu").nodes
    azure.machines.scale("gpu", 3)
    assert len(nodes(client, "gpu")) == 3
    found = azure.cloud.find(id_)
    assert found is not None
    assert found.outputs["count"] == 3
    azure.machines.scale("gpu", 1)
    assert tuple(node["metadata"]["name"] for node in nodes(client, "gpu")) == first
    azure.machines.scale("gpu", 2)
    assert azure.machines.pool("gpu").nodes[1].endswith("000003")
    for count in (0, 4):
        with pytest.raises(ValueError, match="1 to 3 nodes"):
            azure.machines.scale("gpu", count)
    with pytest.raises(KeyError, match="there are: gpu, system"):
        azure.machines.scale("other", 1)


def test_a_raised_minimum_brings_nodes(azure: SmallAzure, client: Client) -> None:
    id_ = add(azure, "gpu")
    azure.update(POOL, id_, azure_objects.pool("gpu", minCount=2))
    assert len(nodes(client, "gpu")) == 2


def test_a_deleted_pool_takes_its_pods_along(azure: SmallAzure, client: Client) -> None:
    azure.machines.gpu_operator(OPERATOR)
    id_ = add(azure, "gpu")
    replicas(client, "gpu", 2)
    eventually(lambda: len(ready_on(client, app="d")) == 2, "two ready pods")
    before = {pod["metadata"]["uid"] for pod in client.list("v1", "Pod", "default", labelSelector="app=d")}
    azure.delete(POOL, id_)
    assert nodes(client, "gpu") == []

    def only_new_ones_that_wait() -> bool:
        pods = client.list("v1", "Pod", "default", labelSelector="app=d")
        waiting = [pod for pod in pods if "nodeName" not in pod["spec"] and pod["metadata"]["uid"] not in before]
        return len(waiting) == len(pods) == 2

    eventually(only_new_ones_that_wait, "two new pods without a node")


def test_spot_machines_are_evicted_and_others_are_not(azure: SmallAzure, client: Client) -> None:
    azure.machines.gpu_operator({**OPERATOR, **tolerating_spot()})
    add(azure, "gpu")
    add(azure, "spot", scaleSetPriority="Spot", scaleSetEvictionPolicy="Delete", spotMaxPrice=-1, count=2)
    (node, _) = nodes(client, "spot")
    assert node["metadata"]["labels"]["kubernetes.azure.com/scalesetpriority"] == "spot"
    assert node["status"]["allocatable"][GPU] == "2"
    assert len(azure.machines.evict("spot")) == 2
    assert nodes(client, "spot") == []
    with pytest.raises(ValueError, match="no spot pool"):
        azure.machines.evict("gpu")


def tolerating_spot() -> dict[str, Any]:
    tolerations = [
        {"key": key, "operator": "Exists"} for key in ("nvidia.com/gpu", "kubernetes.azure.com/scalesetpriority")
    ]
    return {
        "daemonsets": {"tolerations": tolerations},
        "node-feature-discovery": {"worker": {"tolerations": tolerations}},
    }


def test_a_lost_machine_is_gone_with_its_pods(azure: SmallAzure, client: Client) -> None:
    azure.machines.gpu_operator(OPERATOR)
    add(azure, "gpu", count=2, minCount=2)
    replicas(client, "gpu", 4)
    eventually(lambda: len(ready_on(client, app="d")) == 4, "four ready pods")
    lost, kept = azure.machines.pool("gpu").nodes
    azure.machines.lose(lost)
    eventually(lambda: ready_on(client, app="d") == [kept, kept], "pods on the machine that is left")
    assert [node["metadata"]["name"] for node in nodes(client, "gpu")] == [kept]
    assert azure.machines.autoscale() == {"gpu": 1}
    assert len(nodes(client, "gpu")) == 2
    assert azure.machines.autoscale() == {}


def test_machines_register_once_the_api_server_answers(
    azure: SmallAzure, client: Client, module_cluster: ControlPlane
) -> None:
    gone = add(azure, "gone")
    module_cluster.stop_api_server()
    try:
        add(azure, "late")
        azure.delete(POOL, gone)
    finally:
        module_cluster.start_api_server()
    eventually(lambda: len(nodes(client, "late")) == 1 and not nodes(client, "gone"), "the late node, not the gone one")


@pytest.mark.parametrize("answer", [faults.throttled(60), faults.another_operation()])
def test_the_provider_tries_transient_errors_four_times(
    azure: SmallAzure, client: Client, answer: faults.FaultAnswer
) -> None:
    azure.faults.order(answer, POOL, nth=2, times=faults.TRIES - 1)
    add(azure, "first")
    add(azure, "gpu")
    assert len(azure.faults.met) == 3
    azure.faults.order(answer, POOL, times=faults.TRIES)
    with pytest.raises(RefusedError, match=r"Retry-After: 60|AnotherOperationInProgress"):
        add(azure, "more")
    assert (len(nodes(client, "gpu")), nodes(client, "more")) == (1, [])
    add(azure, "more")
    assert len(nodes(client, "more")) == 1


def test_an_unknown_size_is_refused(azure: SmallAzure) -> None:
    with pytest.raises(RefusedError, match="Standard_Z1"):
        add(azure, "odd", vmSize="Standard_Z1", gpuInstanceProfile=None)


def test_the_kubeconfig_leads_to_the_real_server_by_exec(azure: SmallAzure, module_cluster: ControlPlane) -> None:
    arguments = {"resourceGroupName": azure_objects.GROUP, "resourceName": azure_objects.NAME}
    answer = azure.invoke("azure-native:containerservice:listManagedClusterUserCredentials", arguments)
    config = yaml.safe_load(base64.b64decode(answer["kubeconfigs"][0]["value"]))
    server = config["clusters"][0]["cluster"]
    assert server["server"] == module_cluster.server
    assert b"BEGIN CERTIFICATE" in base64.b64decode(server["certificate-authority-data"])
    assert config["users"][0]["user"]["exec"]["command"] == "kubelogin"


def test_a_deleted_cluster_forgets_everything(azure: SmallAzure, client: Client) -> None:
    """Runs last: it restarts the control plane with an empty store."""
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine"}})
    azure.delete(CLUSTER, cluster_id(azure))
    assert client.list("v1", "Node") == []
    assert client.find("v1", "Namespace", "mine") is None
    azure.create(CLUSTER, azure_objects.cluster())
    assert len(nodes(client, "system")) == 1
