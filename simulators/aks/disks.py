"""Disks of AKS: its default StorageClass, and the provisioner that makes a volume for each claim of it.

Source: Azure/AKS storage classes (`default`: disk.csi.azure.com, StandardSSD_LRS, WaitForFirstConsumer, Delete),
https://learn.microsoft.com/azure/aks/concepts-storage; kubernetes-csi/external-provisioner pkg/controller/controller.go
(a claim is looked at once the scheduler has written the node, the volume names its claim, and one that was released is
deleted). Binding is Kubernetes' own controller's. Left out: zones, attaching, mounting, how much a disk holds.
"""

from typing import Final

from simulators.api_server.background import Background
from simulators.api_server.client import ApiError, Client, Object

_CLASS: Final = "default"
_DRIVER: Final = "disk.csi.azure.com"
_STORAGE: Final = "storage.k8s.io/v1"
_NODE: Final = "volume.kubernetes.io/selected-node"
_PAUSE_SECONDS: Final = 0.5
_CONFLICT: Final = 409


class Disks(Background):
    """Used as a context. A claim that names no class gets the default one."""

    def __init__(self, client: Client) -> None:
        kinds = [("v1", "PersistentVolumeClaim"), ("v1", "PersistentVolume"), (_STORAGE, "StorageClass")]
        super().__init__("disks", client, kinds, _PAUSE_SECONDS)
        self._client = client

    def look(self) -> None:
        """Make the class where it is missing, a volume for each claim with a node, and remove what was released."""
        if self._client.find(_STORAGE, "StorageClass", _CLASS) is None:
            self._create(_storage_class())
        for claim in self._client.list("v1", "PersistentVolumeClaim"):
            annotations = claim["metadata"].get("annotations") or {}
            waits = claim["spec"].get("storageClassName") == _CLASS and not claim["spec"].get("volumeName")
            if waits and _NODE in annotations and not claim["metadata"].get("deletionTimestamp"):
                self._create(_volume(claim))
        for volume in self._client.list("v1", "PersistentVolume"):
            if volume.get("status", {}).get("phase") == "Released" and not volume["metadata"].get("deletionTimestamp"):
                self._client.delete("v1", "PersistentVolume", volume["metadata"]["name"])

    def _create(self, content: Object) -> None:
        try:
            self._client.create(content)
        except ApiError as error:
            # An earlier round has made it, and the claim doesn't say so yet.
            if error.status != _CONFLICT:
                raise


def _storage_class() -> Object:
    return {
        "apiVersion": _STORAGE,
        "kind": "StorageClass",
        "metadata": {"name": _CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": _DRIVER,
        "parameters": {"skuname": "StandardSSD_LRS"},
        "reclaimPolicy": "Delete",
        "allowVolumeExpansion": True,
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _volume(claim: Object) -> Object:
    name = f"pvc-{claim['metadata']['uid']}"
    reference = {key: claim["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion")}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": _DRIVER}},
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **reference},
            "csi": {"driver": _DRIVER, "volumeHandle": name},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": _CLASS,
            "volumeMode": "Filesystem",
        },
    }
