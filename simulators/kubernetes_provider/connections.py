"""What the Kubernetes provider knows of its cluster since it was configured, for each connection of the engine.

Source: pulumi/pulumi-kubernetes provider/pkg/provider/provider.go:572-1020 (`Configure`). The real one is a process for
each provider of a program and each operation, and is configured once; here each of them is a connection.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import yaml

from simulators.api_server.client import Client

_UNCONFIGURED: Final = "the provider was never configured"
_NO_KUBECONFIG: Final = "no kubeconfig: objects need the platform's own provider"


class ApiServer(Protocol):
    """What the provider must know of an API server."""

    server: str
    client: Client


class Connections:
    """Whether the cluster was reachable when a connection was configured, and whether its applies are forced."""

    def __init__(self, plane: ApiServer) -> None:
        self._plane = plane
        self._reasons: dict[str, str] = {}
        self._forced: set[str] = set()

    def configure(self, peer: str, settings: Mapping[str, Any]) -> dict[str, Any] | None:
        """Try the server once; the kubeconfig, None where there is none. Who signs in does not matter here."""
        if str(settings.get("enablePatchForce")).lower() == "true":
            self._forced.add(peer)
        text = settings.get("kubeconfig")
        if not isinstance(text, str):
            self._reasons[peer] = _NO_KUBECONFIG
            return None
        kubeconfig = yaml.safe_load(text)
        server = str(kubeconfig["clusters"][0]["cluster"]["server"])
        if server != self._plane.server:
            self._reasons[peer] = f"no cluster of these tests answers at {server}"
        elif self._plane.client.answers():
            self._reasons[peer] = ""
        else:
            refused = f'Get "{server}/openapi/v2": connection refused'
            self._reasons[peer] = f"unable to load schema information from the API server: {refused}"
        return kubeconfig

    def reason(self, peer: str) -> str:
        """Why the cluster is unreachable for a connection; empty where it is not."""
        return self._reasons.get(peer, _UNCONFIGURED)

    def is_forced(self, peer: str) -> bool:
        """Whether a connection was configured with `enablePatchForce`."""
        return peer in self._forced
