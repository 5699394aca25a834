"""The small Azure: nodes come, change and go with the pools, in a real API server."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulators.aks.provider import CLUSTER, POOL, SmallAzure, small_azure
from simulators.api_server.client import Client, Object
from simulators.api_server.waiting import eventually
from simulators.azure import faults
from simulators.azure.cloud import Cloud
from simulators.kubelet.kubelet import Kubelets
from simulators.provider_protocol.calls import CallLog, RefusedError
from tests.cluster import azure_objects
from tests.cluster.control_plane import LEASE_RENEWAL_SECONDS, ControlPlane
from tests.cluster.workloads import SLICE, deployment, pod_spec, ready_on

pytestmark = pytest.mark.cluster
GROUP = "azure-native:resources:ResourceGroup"
# Slices that count as GPUs, and slices under names of their own.
OPERATOR: dict[str, Any] = {"driver": {"enabled": False}, "mig": {"strategy": "single"}}
MIXED: dict[str, Any] = {**OPERATOR, "mig": {"strategy": "mixed"}}
GPU = "nvidia.com/gpu"
TAG = "k8s.io_cluster-autoscaler_node-template_resources_nvidia.com"


@pytest.fixture
def azure(module_cluster: ControlPlane, arm: Path) -> Iterator[SmallAzure]:
    """A cluster with one system node, and kubelets; every pool and object goes at the end, the cluster stays."""
    made = small_azure(CallLog(), Cloud(), arm, module_cluster)
    made.start()
    with Kubelets(module_cluster.client, renewal_seconds=LEASE_RENEWAL_SECONDS):
        try:
            made.create(GROUP, azure_objects.group)
            made.create(CLUSTER, azure_objects.cluster())
            yield made
        finally:
            for view in made.machines.pools().values():
                made.cloud.remove(view.id)
            made.cloud.remove(cluster_id(made))
            made.machines.follow()
            made.stop()
            for item in module_cluster.client.list("apps/v1", "Deployment", "default"):
                module_cluster.client.delete("apps/v1", "Deployment", item["metadata"]["name"], "default")


@pytest.fixture
def client(module_cluster: ControlPlane) -> Client:
    return module_cluster.client


def cluster_id(azure: SmallAzure) -> str:
    return next(resource.id for resource in azure.cloud.azure if resource.token == "containerservice:ManagedCluster")


def nodes(client: Client, pool: str) -> list[Object]:
    found = client.list("v1", "Node", labelSelector=f"agentpool={pool}")
    return sorted(found, key=lambda node: node["metadata"]["name"])


def add(azure: SmallAzure, name: str, **changes: Any) -> str:
    return azure.create(POOL, azure_objects.pool(name, **changes))[0]


def replicas(client: Client, pool: str, count: int, device: str = GPU) -> None:
    spec = pod_spec({device: "1"}, nodeSelector={"own": pool})
    client.create(deployment("d", spec, replicas=count))


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
