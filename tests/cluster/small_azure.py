"""A small Azure with one cluster over a real API server, and what its tests put into it."""

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

from rehearsal.control_plane import LEASE_RENEWAL_SECONDS, ControlPlane
from simulators.aks.provider import CLUSTER, POOL, SmallAzure, small_azure
from simulators.api_server.client import Client, Object
from simulators.azure.cloud import Cloud
from simulators.kubelet.kubelet import Kubelets
from simulators.provider_protocol.calls import CallLog
from tests.cluster import azure_objects
from tests.cluster.workloads import deployment, pod_spec

_GROUP: Final = "azure-native:resources:ResourceGroup"
# Slices that count as GPUs.
OPERATOR: Final[dict[str, Any]] = {"driver": {"enabled": False}, "mig": {"strategy": "single"}}
GPU: Final = "nvidia.com/gpu"


@contextlib.contextmanager
def azure_with_a_cluster(plane: ControlPlane, arm: Path) -> Generator[SmallAzure]:
    """A cluster with one system node, and kubelets; every pool and object goes at the end, the cluster stays."""
    made = small_azure(CallLog(), Cloud(), arm, plane)
    made.start()
    with Kubelets(plane.client, renewal_seconds=LEASE_RENEWAL_SECONDS):
        try:
            made.create(_GROUP, azure_objects.group)
            made.create(CLUSTER, azure_objects.cluster())
            yield made
        finally:
            for view in made.machines.pools().values():
                made.cloud.remove(view.id)
            made.cloud.remove(cluster_id(made))
            made.machines.follow()
            made.stop()
            for item in plane.client.list("apps/v1", "Deployment", "default"):
                plane.client.delete("apps/v1", "Deployment", item["metadata"]["name"], "default")


def cluster_id(azure: SmallAzure) -> str:
    """Azure's id of the cluster."""
    return next(resource.id for resource in azure.cloud.azure if resource.token == "containerservice:ManagedCluster")


def nodes(client: Client, pool: str) -> list[Object]:
    """The nodes of a pool, by name."""
    found = client.list("v1", "Node", labelSelector=f"agentpool={pool}")
    return sorted(found, key=lambda node: node["metadata"]["name"])


def add(azure: SmallAzure, name: str, **changes: Any) -> str:
    """Create a pool; its id."""
    return azure.create(POOL, azure_objects.pool(name, **changes))[0]


def replicas(client: Client, pool: str, count: int, device: str = GPU) -> None:
    """A Deployment `d` of so many pods on a pool, each with one device."""
    spec = pod_spec({device: "1"}, nodeSelector={"own": pool})
    client.create(deployment("d", spec, replicas=count))
