"""Engines with the real Kubernetes provider."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.control_plane import ControlPlane
from tests.cluster.conftest import client, run
from tests.oracles.kubernetes_provider.engine import RealProviderEngine

__all__ = ["client", "run"]


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, arm: Path, engine_binary: Path, module_cluster: ControlPlane
) -> Iterator[RealProviderEngine]:
    """An engine over the module's control plane."""
    del engine_binary
    with RealProviderEngine(tmp_path_factory.mktemp("engine"), arm, plane=module_cluster) as running:
        running.kubernetes.wait_limit_seconds = 20.0
        yield running
