"""The simulated machines of a cluster: each pool has as many nodes as its settings say."""

from typing import Any, cast

import catalog
from simulators.aks.machines import CLUSTER_TOKEN, Machines
from simulators.aks.node_api import NodeApi
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
