"""A small Azure: the azure-native stand-in whose clusters have a real API server and whose pools have nodes in it.

What Azure refuses and stores is `simulators.azure`; what differs is that a cluster hands out the address of a real API
server, and that an answer ordered in `faults` takes the place of Azure's own.

Source: that of `simulators.azure`; https://learn.microsoft.com/azure/aks/control-kubeconfig-access (the address and the
authority in a kubeconfig).
"""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import yaml

from catalog import Catalog, load
from simulators.aks.machines import CLUSTER_TOKEN, INLINE, POOL_TOKEN, Machines
from simulators.aks.node_api import ClientNodeApi, NodeApi
from simulators.azure.cloud import AzureObject, Cloud
from simulators.azure.faults import FaultAnswer, Faults
from simulators.azure.provider import DEFAULT_SUBSCRIPTION, AzureNative
from simulators.provider_protocol.calls import CallLog, HalfDoneError, RefusedError

POOL: Final = "azure-native:containerservice:AgentPool"
CLUSTER: Final = "azure-native:containerservice:ManagedCluster"

_Made = tuple[str, dict[str, Any]]


class Plane(Protocol):
    """What a control plane must offer to be a managed cluster's."""

    def kubeconfig(self) -> str:
        """YAML with the server's address and authority."""
        ...

    def wipe(self) -> None:
        """Forget every object."""
        ...


class SmallAzure(AzureNative):
    """Azure with machines.

    One managed cluster at a time has the control plane; when it is deleted, every object in it is forgotten.
    `faults.order(...)` lets Azure answer badly, `machines` are what runs.
    """

    def __init__(
        self,
        log: CallLog,
        cloud: Cloud,
        arm: Path,
        plane: Plane,
        nodes: NodeApi,
        subscription: str = DEFAULT_SUBSCRIPTION,
        *,
        catalog: Catalog | None = None,
    ) -> None:
        super().__init__(log, cloud, arm, subscription)
        self._catalog = catalog or load()
        self.faults = Faults()
        self.machines = Machines(cloud, nodes, self._catalog)
        self._plane = plane
        self._served: str | None = None

    def start(self) -> int:
        """Serve, and start the machines' thread."""
        self.machines.start()
        return super().start()

    def stop(self) -> None:
        """End the server and the machines' thread."""
        super().stop()
        self.machines.stop()

    def create(self, type_: str, inputs: dict[str, Any]) -> _Made:
        """Create a resource; machines come with a pool."""
        token = self._schema(type_).token
        self._require_sizes(token, inputs)
        if token == CLUSTER_TOKEN and self._served is not None:
            raise RefusedError(f"the control plane of these tests already serves '{self._served}'")

        def make() -> _Made:
            made = AzureNative.create(self, type_, inputs)
            if token == CLUSTER_TOKEN:
                self._served = made[0]
            return made

        return self._answered("Create", type_, inputs, make)

    def update(self, type_: str, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Change a resource; labels and taints of a pool reach its nodes."""
        self._require_sizes(self._schema(type_).token, inputs)

        def change() -> _Made:
            return id_, AzureNative.update(self, type_, id_, inputs)

        return self._answered("Update", type_, inputs, change)[1]

    def delete(self, type_: str, id_: str) -> None:
        """Delete a resource: the machines of a pool go at once, without a drain; a cluster takes its objects along."""

        def remove() -> _Made:
            AzureNative.delete(self, type_, id_)
            return id_, {}

        try:
            self._answered("Delete", type_, {}, remove)
        finally:
            with self.machines.paused():
                if self._served is not None and self.cloud.find(self._served) is None:
                    self._served = None
                    self.machines.gpu_operator(None)
                    self._plane.wipe()

    def edit(self, pool: str, **fields: Any) -> None:
        """Someone changes fields of a pool (wire names) by hand, past the engine; Azure refuses immutable ones."""
        found = self.cloud.find(self.machines.pool(pool).id)
        if found is None:
            raise ValueError(f"{pool} is the cluster's inline pool: change the cluster")
        AzureNative.update(self, POOL, found.id, {**found.inputs, **fields})
        self.machines.follow()

    def _answered(self, method: str, type_: str, inputs: dict[str, Any], work: Callable[[], _Made]) -> _Made:
        answer = self.faults.meet(method, type_)
        if answer is None:
            id_, outputs = work()
            self.machines.follow()
            found = self.cloud.find(id_)
            return id_, found.outputs if found is not None else outputs
        if answer.after == "refused" or (method, answer.after) == ("Delete", "failed"):
            raise RefusedError(answer.message)
        id_, outputs = work()
        outputs = self._left_as(answer, id_, outputs)
        self.machines.follow()
        if method == "Delete":
            raise RefusedError(answer.message)
        raise HalfDoneError(answer.message, id_, inputs, outputs)

    def _left_as(self, answer: FaultAnswer, id_: str, outputs: dict[str, Any]) -> dict[str, Any]:
        found = self.cloud.find(id_)
        if found is None:
            return outputs
        if answer.after == "failed":
            found.outputs["provisioningState"] = "Failed"
            return found.outputs
        return {**found.outputs, "provisioningState": "Creating"}

    def _require_sizes(self, token: str, inputs: Mapping[str, Any]) -> None:
        pools = {POOL_TOKEN: [inputs], CLUSTER_TOKEN: inputs.get(INLINE) or []}.get(token, [])
        for pool in pools:
            if pool["vmSize"] not in self._catalog.vm_sizes:
                raise RefusedError(f"the catalog knows no VM size {pool['vmSize']}: no node can be made of it")

    def api_server(self, cluster: AzureObject) -> dict[str, str]:
        """Address and authority of the real API server, in the form that AKS hands out."""
        del cluster
        server = yaml.safe_load(self._plane.kubeconfig())["clusters"][0]["cluster"]
        authority = Path(server["certificate-authority"]).read_bytes()
        return {"certificate-authority-data": base64.b64encode(authority).decode(), "server": server["server"]}


def small_azure(
    log: CallLog, cloud: Cloud, arm: Path, plane: Any, subscription: str = DEFAULT_SUBSCRIPTION
) -> SmallAzure:
    """The small Azure over a `ControlPlane`."""
    return SmallAzure(log, cloud, arm, plane, ClientNodeApi(plane.client), subscription)
