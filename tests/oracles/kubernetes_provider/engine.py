"""The engine of the cluster tests with the real Kubernetes provider in the place of our double."""

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

from rehearsal.cluster import ClusterEngine
from rehearsal.control_plane import ControlPlane
from tests.oracles.kubernetes_provider import sign_in
from tests.oracles.kubernetes_provider.relay import RelayedKubernetes
from tests.oracles.kubernetes_provider.toolchain import KUBERNETES_PROVIDER


class RealProviderEngine(ClusterEngine):
    """As the base, but for the provider."""

    relay: RelayedKubernetes

    def __init__(self, directory: Path, arm: Path, **options: Any) -> None:
        super().__init__(directory, arm, **options)
        outer = self.leaving_out

        @contextlib.contextmanager
        def operation() -> Generator[None]:
            with outer():
                try:
                    yield
                finally:
                    self.relay.end_processes()

        self.leaving_out = operation

    def kubernetes_provider(self, plane: ControlPlane, reference: Path) -> RelayedKubernetes:
        """The real provider, which signs in as the program's kubeconfig says."""
        plugin = sign_in.install(self.directory / "sign-in", plane.kubeconfig())
        binary = KUBERNETES_PROVIDER.binary("pulumi-resource-kubernetes")
        self.relay = RelayedKubernetes(self.log, plane, reference, binary, self.directory / "providers", plugin)
        return self.relay

    @property
    def sign_ins(self) -> list[str]:
        """Arguments of every start of the credential plugin so far."""
        return sign_in.calls(self.directory / "sign-in")
