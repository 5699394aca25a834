"""What Azure's machines do in an API server: nodes come, change and go, and the pods on them go with them.

Source: kubernetes pkg/controller/podgc/gc_controller.go (pods of a node that is gone), pkg/kubelet/util/nodelease.go (a
node's lease), pkg/registry/core/pod/storage/eviction.go (an eviction against a disruption budget).
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import requests

from simulators.api_server.changes import Changes
from simulators.api_server.client import ApiError, Client

_LEASES = "kube-node-lease"


class UnreachableError(Exception):
    """The API server does not answer; machines keep trying, as kubelets do."""


class NodeApi(Protocol):
    """The few calls that machines make. Whatever is gone already is fine to delete.

    Every method raises UnreachableError while the server doesn't answer.
    """

    def nodes(self) -> list[dict[str, Any]]:
        """All nodes."""
        ...

    def pods(self) -> list[dict[str, Any]]:
        """All pods of all namespaces."""
        ...

    def create_node(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Register a node with its status; the answer is what the server made of it."""
        ...

    def patch_node(self, name: str, patch: dict[str, Any], *, status: bool = False) -> None:
        """Merge a patch into a node or its status."""
        ...

    def delete_node(self, name: str) -> None:
        """Take a node and its lease off."""
        ...

    def kill_pod(self, namespace: str, name: str, uid: str) -> None:
        """Take a pod off at once; one of the same name that has come since is left alone."""
        ...

    def evict_pod(self, namespace: str, name: str) -> bool:
        """Ask a pod to end; whether its disruption budgets allow that."""
        ...

    def budgets(self) -> list[dict[str, Any]]:
        """All disruption budgets of all namespaces."""
        ...

    def watching(self, happened: Callable[[], None]) -> AbstractContextManager[Any]:
        """Call `happened` whenever a pod has come, changed or gone, for the length of a `with` block."""
        ...


class ClientNodeApi:
    """The same calls by a client of a real API server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def nodes(self) -> list[dict[str, Any]]:
        """All nodes."""
        with _answering():
            return self._client.list("v1", "Node")

    def pods(self) -> list[dict[str, Any]]:
        """All pods of all namespaces."""
        with _answering():
            return self._client.list("v1", "Pod")

    def create_node(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Register a node."""
        with _answering():
            return self._client.create(manifest)

    def patch_node(self, name: str, patch: dict[str, Any], *, status: bool = False) -> None:
        """Merge a patch into a node or its status."""
        with _answering(), _gone_is_fine():
            self._client.patch("v1", "Node", name, patch, subresource="status" if status else "")

    def delete_node(self, name: str) -> None:
        """Take a node and its lease off."""
        with _answering():
            with _gone_is_fine():
                self._client.delete("v1", "Node", name)
            with _gone_is_fine():
                self._client.delete("coordination.k8s.io/v1", "Lease", name, _LEASES)

    def kill_pod(self, namespace: str, name: str, uid: str) -> None:
        """Take a pod off at once."""
        with _answering(), _gone_is_fine():
            self._client.delete("v1", "Pod", name, namespace, grace_seconds=0, uid=uid)

    def evict_pod(self, namespace: str, name: str) -> bool:
        """Ask a pod to end; whether its disruption budgets allow that."""
        with _answering(), _gone_is_fine():
            try:
                self._client.evict(namespace, name)
            except ApiError as error:
                if error.status == requests.codes.too_many_requests:
                    return False
                raise
        return True

    def budgets(self) -> list[dict[str, Any]]:
        """All disruption budgets of all namespaces."""
        with _answering():
            return self._client.list("policy/v1", "PodDisruptionBudget")

    def watching(self, happened: Callable[[], None]) -> AbstractContextManager[Any]:
        """Call `happened` whenever a pod has come, changed or gone."""
        return Changes(self._client, [("v1", "Pod")], happened)


@contextmanager
def _answering() -> Generator[None]:
    try:
        yield
    except ApiError as error:
        # 503 is what a server says that is about to start or to end.
        if error.status in (0, requests.codes.service_unavailable):
            raise UnreachableError(error.message) from error
        raise


@contextmanager
def _gone_is_fine() -> Generator[None]:
    try:
        yield
    except ApiError as error:
        # A conflict is another pod that has come under the same name.
        if not error.is_missing and error.status != requests.codes.conflict:
            raise
