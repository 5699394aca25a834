"""Fixtures of the cluster tests: a control plane, its kubelets, and what a person would look at after a failure."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from xdist.scheduler import LoadFileScheduling

from rehearsal.cluster import ClusterEngine
from rehearsal.control_plane import LEASE_RENEWAL_SECONDS, ControlPlane, control_plane
from rehearsal.engine import StackRun
from rehearsal.view import view
from simulators.api_server.client import Client
from simulators.keda.keda import Keda
from simulators.kubelet.kubelet import Kubelets
from tests.cluster.destruction import require_destroyed
from tests.cluster.life import FromNothing
from tests.cluster.scaled_programs import FLOOR, program
from tests.cluster.shown import shown, shown_on_failure, shown_platform
from tests.cluster.small_programs import Program, Run
from tests.cluster.workloads import add_node
from tests.graph.stacks import ALL, STACKS


class _ByFileAndStack(LoadFileScheduling):
    """A file is run by one process, except that all cluster tests of a stack share the process where it is up.

    For speed alone: any process that needs the stack would bring up one of its own.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        given = f"-{test.rpartition('[')[2].removesuffix(']')}-"
        if file.startswith("tests/cluster/"):
            for stack in ALL:
                if f"-{stack}-" in given:
                    return f"tests/cluster[{stack}]"
        return file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two processes more than there are cores: a fourth of a cluster test's time is waiting."""
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Deal out the tests for `--dist loadfile`."""
    return _ByFileAndStack(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at the clusters before their fixtures end."""
    report = yield
    if report.failed and call.when != "teardown":
        for plane in shown(item.config):
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
    with Kubelets(cluster.client, renewal_seconds=LEASE_RENEWAL_SECONDS) as running:
        yield running


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, arm: Path, engine_binary: Path, module_cluster: ControlPlane
) -> Iterator[ClusterEngine]:
    """An engine over the module's control plane."""
    del engine_binary
    with ClusterEngine(tmp_path_factory.mktemp("engine"), arm, plane=module_cluster) as running:
        running.kubernetes.wait_limit_seconds = 20.0
        yield running


@pytest.fixture
def client(engine: ClusterEngine) -> Client:
    """A client of the engine's API server."""
    return engine.client


@pytest.fixture
def run(engine: ClusterEngine, request: pytest.FixtureRequest) -> Iterator[Run]:
    """A stack that runs a program with a provider for the control plane; destroyed afterwards."""
    stacks: list[StackRun] = []

    def started(program: Program) -> StackRun:
        kubeconfig = engine.plane.kubeconfig()

        def whole() -> None:
            program(k8s.Provider("k", kubeconfig=pulumi.Output.secret(kubeconfig), cluster_identifier="c"))

        if stacks:
            stacks[0].program = whole
            return stacks[0]
        name = request.node.name.removeprefix("test_")[:60]
        stacks.append(engine.stack("dev", whole, {}, project=name.replace("[", "-").replace("]", "")))
        return stacks[0]

    yield started
    for stack in stacks:
        stack.destroy()


@pytest.fixture(scope="module")
def keda(engine: ClusterEngine) -> Keda:
    """KEDA, installed in the module's cluster with a node.

    Once for all tests: the garbage collector learns of a newly installed kind half a minute later.
    """
    add_node(engine.client, "one")
    engine.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "keda"}})
    engine.kubernetes.charts.install({"name": "keda", "namespace": "keda", "chart": "keda", "version": "2.21.0"})
    engine.keda.chart("keda", {})
    return engine.keda


@pytest.fixture
def scaled(run: Run, keda: Keda) -> Iterator[StackRun]:
    """The program with a ScaledObject of at least 2 replicas, up.

    KEDA has written all it has to say: the provider's first update of an object takes it over at the version that it
    has read (`fixCSAFieldManagers`), and fails where KEDA writes in that moment.
    """
    stack = run(program(scaled=FLOOR, replicas=2))
    stack.up()
    keda.let_pass(3)
    yield stack
    keda.chart("keda", {})
    keda.load("m", 0)


@pytest.fixture(scope="session", params=STACKS)
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, arm: Path) -> Iterator[FromNothing]:
    """A stack that is up, for every test of the session that asks; a test that changes it borrows it.

    A shipped one unless a test is parametrised otherwise. It is destroyed at the end, which is a proof of its own: what
    fails there is an error of the last test, and fails the run.
    """
    request.getfixturevalue("engine_binary")
    request.getfixturevalue("control_plane_binaries")
    directory, shipped = tmp_path_factory.mktemp(request.param), request.param in STACKS
    # The shipped stacks have the SDK as it is.
    with shown_platform(request.config, request.param, directory, arm, shortcuts=not shipped) as engine:
        running = FromNothing(engine, request.param)
        yield running
        try:
            require_destroyed(running)
        except Exception as error:
            error.add_note(f"cluster {engine.plane.server}\n{view(engine.client)}\n\n{engine.plane.tail()}")
            raise
