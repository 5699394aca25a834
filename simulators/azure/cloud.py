"""The state behind the stand-in providers: what exists in Azure and in its clusters, and what is deleted together.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/delete-resource-group (all inside goes
too), https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules (names without case).
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.provider_protocol.calls import RefusedError


@dataclass
class AzureObject:
    """One resource in Azure. `token` is `module:Type`."""

    id: str
    token: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass(frozen=True)
class Key:
    """Identity of a Kubernetes object; `namespace` is empty for one that belongs to the whole cluster."""

    group: str
    kind: str
    namespace: str
    name: str


@dataclass
class Cluster:
    """The objects of one Kubernetes API server. `charts` are API groups by the id of the chart that brought them."""

    objects: dict[Key, dict[str, Any]] = field(default_factory=dict)
    charts: dict[str, frozenset[str]] = field(default_factory=dict)

    def groups(self, *, without: str = "") -> frozenset[str]:
        """API groups brought by the installed charts, except by one."""
        return frozenset().union(*(groups for id_, groups in self.charts.items() if id_ != without))


class Cloud:
    """Everything that exists, shared by the stand-ins. Ids are compared without case, as Azure does."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._azure: dict[str, AzureObject] = {}
        self._clusters: dict[str, Cluster] = {}
        self._busy: set[str] = set()

    @property
    def azure(self) -> list[AzureObject]:
        """Everything in Azure, sorted by id."""
        with self.lock:
            return [self._azure[key] for key in sorted(self._azure)]

    @property
    def clusters(self) -> Mapping[str, Cluster]:
        """Kubernetes clusters by the host name of their API server."""
        return dict(self._clusters)

    def find(self, id_: str) -> AzureObject | None:
        """The resource of an id."""
        return self._azure.get(id_.lower())

    def put(self, resource: AzureObject) -> None:
        """Store a resource."""
        with self.lock:
            self._azure[resource.id.lower()] = resource

    def group(self, subscription: str, name: str) -> AzureObject | None:
        """The resource group of a name."""
        return self.find(f"/subscriptions/{subscription}/resourceGroups/{name}")

    def below(self, id_: str) -> Iterator[AzureObject]:
        """Resources inside a resource or a resource group."""
        prefix = f"{id_.lower()}/"
        return (resource for key, resource in sorted(self._azure.items()) if key.startswith(prefix))

    def remove(self, id_: str) -> None:
        """Delete a resource and everything inside it; a Kubernetes cluster takes its objects along."""
        with self.lock:
            gone = [*self.below(id_)]
            if (own := self.find(id_)) is not None:
                gone.append(own)
            for resource in gone:
                del self._azure[resource.id.lower()]
                if (host := api_host(resource)) is not None:
                    self._clusters.pop(host, None)

    def start_cluster(self, host: str) -> None:
        """A new, empty Kubernetes cluster."""
        with self.lock:
            self._clusters[host] = Cluster()

    def cluster(self, host: str) -> Cluster:
        """The cluster of an API server.

        Raises:
            RefusedError: no such server answers.

        """
        if host not in self._clusters:
            raise RefusedError(f"configured Kubernetes cluster is unreachable: https://{host}:443: no such host")
        return self._clusters[host]

    def begin(self, id_: str, message: str) -> None:
        """Start an operation that Azure lets run only one at a time.

        Raises:
            RefusedError: another one is under way.

        """
        with self.lock:
            if id_.lower() in self._busy:
                raise RefusedError(message)
            self._busy.add(id_.lower())

    def end(self, id_: str) -> None:
        """Finish an operation begun with `begin`."""
        with self.lock:
            self._busy.discard(id_.lower())


def api_host(resource: AzureObject) -> str | None:
    """Host name of a managed cluster's API server, None for any other resource."""
    if resource.token != "containerservice:ManagedCluster":
        return None
    return str(resource.outputs.get("privateFQDN") or resource.outputs["fqdn"])
