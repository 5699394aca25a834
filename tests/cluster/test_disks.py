"""A claim for a disk is bound once a pod waits for it, and its volume goes with it."""

from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.control_plane import ControlPlane
from simulators.aks.disks import Disks
from simulators.api_server.client import Client
from simulators.kubelet.kubelet import Kubelets
from tests.cluster.workloads import add_node

CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "counts", "namespace": "default"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "4Gi"}}},
}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "redis", "namespace": "default"},
    "spec": {
        "containers": [{"name": "redis", "image": "example.invalid/redis:1"}],
        "volumes": [{"name": "counts", "persistentVolumeClaim": {"claimName": "counts"}}],
    },
}


@pytest.fixture
def client(cluster: ControlPlane, kubelets: Kubelets) -> Iterator[Client]:
    del kubelets
    with Disks(cluster.client):
        yield cluster.client


def test_a_claim_is_bound_for_the_node_of_its_pod_and_its_volume_goes_with_it(client: Client) -> None:
    client.wait("storage.k8s.io/v1", "StorageClass", "default", until=bool)
    add_node(client, "node")
    client.create(CLAIM)
    client.create(POD)

    claim = client.wait("v1", "PersistentVolumeClaim", "counts", "default", until=_is_bound)
    client.wait("v1", "Pod", "redis", "default", until=lambda pod: pod and pod["spec"].get("nodeName") == "node")
    assert claim is not None
    volume = client.get("v1", "PersistentVolume", claim["spec"]["volumeName"])
    assert volume["spec"]["claimRef"]["uid"] == claim["metadata"]["uid"]

    client.delete("v1", "Pod", "redis", "default")
    client.wait("v1", "Pod", "redis", "default", until=lambda pod: pod is None)
    client.delete("v1", "PersistentVolumeClaim", "counts", "default")
    client.wait("v1", "PersistentVolume", volume["metadata"]["name"], until=lambda found: found is None)


def test_a_claim_that_no_pod_waits_for_stays_as_it_is(client: Client) -> None:
    client.wait("storage.k8s.io/v1", "StorageClass", "default", until=bool)
    client.create(CLAIM)
    client.wait(
        "v1", "PersistentVolumeClaim", "counts", "default", until=lambda claim: claim and claim["status"].get("phase")
    )
    assert client.list("v1", "PersistentVolume") == []


def _is_bound(claim: Any) -> bool:
    return claim is not None and claim.get("status", {}).get("phase") == "Bound"
