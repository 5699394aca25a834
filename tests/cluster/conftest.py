"""Fixtures of the cluster tests: a control plane, its kubelets, and what a person would look at after a failure."""

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane, control_plane
from tests.cluster.kubelet import Kubelets
from tests.cluster.view import view

_PLANES: pytest.StashKey[list[ControlPlane]] = pytest.StashKey()


@contextlib.contextmanager
def shown_on_failure(config: pytest.Config, plane: ControlPlane) -> Generator[ControlPlane]:
    """Add the state of a control plane to the report of every test that fails meanwhile."""
    planes = config.stash.setdefault(_PLANES, [])
    planes.append(plane)
    try:
        yield plane
    finally:
        planes.remove(plane)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at the clusters before their fixtures end."""
    report = yield
    if report.failed and call.when != "teardown":
        for plane in item.config.stash.get(_PLANES, []):
            report.sections.append((f"cluster {plane.server}", f"{view(plane.client)}\n\n{plane.tail()}"))
    return report


@pytest.fixture(scope="module")
def module_cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, control_plane_binaries: dict[str, Path]
) -> Iterator[ControlPlane]:
    """One control plane for the tests of a module, which share what is in it."""
    del control_plane_binaries
    with (
        control_plane(tmp_path_factory.mktemp("control-plane")) as plane,
        shown_on_failure(request.config, plane),
    ):
        yield plane


@pytest.fixture
def cluster(
    request: pytest.FixtureRequest, tmp_path: Path, control_plane_binaries: dict[str, Path]
) -> Iterator[ControlPlane]:
    """A control plane of the test's own."""
    del control_plane_binaries
    with control_plane(tmp_path / "control-plane") as plane, shown_on_failure(request.config, plane):
        yield plane


@pytest.fixture
def kubelets(cluster: ControlPlane) -> Iterator[Kubelets]:
    """Kubelets for the nodes of `cluster`."""
    with Kubelets(cluster.client) as running:
        yield running
