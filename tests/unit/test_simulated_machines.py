"""The simulated machines of a cluster: each pool has as many nodes as its settings say."""

import copy
from collections.abc import Mapping
from typing import Any, cast

import catalog
from simulators.aks.fleet import Fleet, PoolFacts
from simulators.aks.machines import CLUSTER_TOKEN, Machines
from simulators.aks.node_api import NodeApi
from simulators.aks.nodes import Surroundings
from simulators.azure.cloud import AzureObject, Cloud

CLUSTER = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c"


class Nodes:
    """An API server without nodes; `look` happens each time somebody asks for them."""

    def __init__(self, look: Any) -> None:
        self.look, self.made = look, list[str]()

    def nodes(self) -> list[dict[str, Any]]:
        self.look()
        return []

    def create_node(self, manifest: dict[str, Any]) -> dict[str, Any]:
        self.made.append(manifest["metadata"]["name"])
        return manifest

    def patch_node(self, *_: Any, **__: Any) -> None:
        pass


def test_a_cluster_that_becomes_ready_while_its_pools_are_looked_at_keeps_its_count() -> None:
    profile = {"name": "first", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5", "osDiskSizeGB": 128}
    cluster = AzureObject(
        CLUSTER,
        CLUSTER_TOKEN,
        {"location": "eastus", "kubernetesVersion": "1.36", "agentPoolProfiles": [profile]},
        {"provisioningState": "Creating", "nodeResourceGroup": "mc"},
    )
    cloud = Cloud()
    cloud.put(cluster)
    nodes = Nodes(lambda: cluster.outputs.update(provisioningState="Succeeded"))
    machines = Machines(cloud, cast("NodeApi", nodes), catalog.load())
    machines.follow()
    machines.follow()
    assert len(machines.pool("first").nodes) == 1
    assert len(nodes.made) == 1


class Recorded(Nodes):
    """An API server that keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(lambda: None)
        self.found: dict[str, dict[str, Any]] = {}
        self.running: list[dict[str, Any]] = []

    def nodes(self) -> list[dict[str, Any]]:
        return list(self.found.values())

    def pods(self) -> list[dict[str, Any]]:
        return self.running

    def create_node(self, manifest: dict[str, Any]) -> dict[str, Any]:
        self.found[manifest["metadata"]["name"]] = copy.deepcopy(manifest)
        return manifest

    def patch_node(self, *arguments: Any, **_: Any) -> None:
        name, patch = arguments
        found = self.found[name]
        found["metadata"]["labels"].update(patch.get("metadata", {}).get("labels", {}))
        for part, values in patch.get("status", {}).items():
            found["status"][part].update(values)


PARTED = "mig-configs: {halves: [{devices: all, mig-enabled: true, mig-devices: {3g.47gb: 2}}]}"
OPERATOR: dict[str, Any] = {
    "driver": {"enabled": True},
    "mig": {"strategy": "single"},
    "migManager": {"enabled": True, "config": {"create": True, "data": {"config.yaml": PARTED}}},
    "daemonsets": {"tolerations": [{"operator": "Exists"}]},
    "node-feature-discovery": {"worker": {"tolerations": [{"operator": "Exists"}]}},
}


def partitioned(nodes: Recorded, operator: Mapping[str, Any] = OPERATOR) -> Fleet:
    """A fleet with one node whose two GPUs the MIG manager is to halve."""
    where = Surroundings.of(CLUSTER, {"location": "eastus"}, "mc")
    inputs = {
        "agentPoolName": "sliced",
        "count": 1,
        "vmSize": "Standard_NC80adis_H100_v5",
        "gpuProfile": {"driver": "None"},
        "nodeLabels": {"nvidia.com/mig.config": "halves"},
    }
    fleet = Fleet(cast("NodeApi", nodes), catalog.load())
    fleet.operator(operator)
    fleet.follow({"sliced": PoolFacts(inputs, where, ready=True)})
    return fleet


def offered(nodes: Recorded) -> tuple[str, str]:
    (node,) = nodes.found.values()
    return node["metadata"]["labels"]["nvidia.com/mig.config.state"], node["status"]["allocatable"]["nvidia.com/gpu"]


def test_a_node_offers_whole_gpus_until_the_mig_manager_is_done() -> None:
    nodes = Recorded()
    fleet = partitioned(nodes)
    seen = [offered(nodes)]
    while fleet.is_behind:
        fleet.reconcile()
        seen.append(offered(nodes))
    assert seen == [("pending", "2"), ("pending", "2"), ("success", "4")]


def test_a_pod_on_a_whole_gpu_keeps_it_from_being_partitioned() -> None:
    nodes = Recorded()
    fleet = partitioned(nodes)
    (name,) = nodes.found
    pod = {"spec": {"nodeName": name, "containers": [{"resources": {"limits": {"nvidia.com/gpu": "1"}}}]}}
    nodes.running = [pod]
    while fleet.is_behind:
        fleet.reconcile()
    nodes.running = []
    fleet.reconcile()
    assert offered(nodes) == ("failed", "2")
    # Another configuration is another ConfigMap, with which the manager restarts.
    manager = OPERATOR["migManager"]
    fleet.operator({**OPERATOR, "migManager": {**manager, "config": {**manager["config"], "name": "another"}}})
    while fleet.is_behind:
        fleet.reconcile()
    assert offered(nodes) == ("success", "4")


def test_a_configuration_that_comes_after_the_node_is_applied() -> None:
    nodes = Recorded()
    fleet = partitioned(nodes, {**OPERATOR, "migManager": {"enabled": True, "config": {"create": True, "data": {}}}})
    assert [node["metadata"]["labels"]["nvidia.com/mig.config.state"] for node in nodes.nodes()] == ["failed"]
    fleet.operator(OPERATOR)
    while fleet.is_behind:
        fleet.reconcile()
    assert offered(nodes) == ("success", "4")
