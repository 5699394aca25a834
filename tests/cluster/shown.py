"""Control planes that a person would look at after a failure: not in conftest.py, which an import would run again."""

import contextlib
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from rehearsal.cluster import ClusterEngine, platform_engine
from rehearsal.control_plane import ControlPlane
from tests.engine.platform_stacks import settings

_PLANES: pytest.StashKey[list[ControlPlane]] = pytest.StashKey()


def shown(config: pytest.Config) -> Sequence[ControlPlane]:
    """The control planes that belong into the report of a test that fails now."""
    return config.stash.get(_PLANES, [])


@contextlib.contextmanager
def shown_on_failure(config: pytest.Config, plane: ControlPlane) -> Generator[ControlPlane]:
    """Add the state of a control plane to the report of every test that fails inside the context."""
    planes = config.stash.setdefault(_PLANES, [])
    planes.append(plane)
    try:
        yield plane
    finally:
        planes.remove(plane)


@contextlib.contextmanager
def shown_platform(
    config: pytest.Config,
    stack: str,
    directory: Path,
    arm: Path,
    *,
    shortcuts: bool = False,
    kind: type[ClusterEngine] = ClusterEngine,
) -> Generator[ClusterEngine]:
    """An engine for a stack whose pools grow by themselves, shown where a test fails."""
    chosen = platform_engine(settings(stack), directory, arm, shortcuts=shortcuts, kind=kind)
    with chosen as engine, shown_on_failure(config, engine.plane):
        engine.azure.machines.autoscales = True
        yield engine
