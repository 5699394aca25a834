"""Fixtures of the tests that run real programs: the reference data beside the checkout, the built programs."""

import os
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.engine.toolchain import ETCD, KUBERNETES, ToolUnavailableError, pulumi_binary
from tests.graph import stacks

REPOSITORY = Path(__file__).resolve().parents[1]
# 2026-11-24: in every test and every program that it starts, prices are as old as on this day.
os.environ["SOURCE_DATE_EPOCH"] = "1795478400"


class _ByFileAndStack(LoadFileScheduling):
    """A file is run by one process, except that all cluster tests of a stack share the process where it is up."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        given = f"-{test.rpartition('[')[2].removesuffix(']')}-"
        if file.startswith("tests/cluster/"):
            for stack in stacks.ALL:
                if f"-{stack}-" in given:
                    return f"tests/cluster[{stack}]"
        return file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: a fifth of a cluster test's time is waiting."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Deal out the tests for `--dist loadfile`."""
    return _ByFileAndStack(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of the reference data; tests that need it skip where it is not there."""
    folder = Path(os.environ.get("REFERENCE_DIR") or REPOSITORY.parent / "shared")
    if not (folder / "arm").is_dir():
        pytest.skip(f"no reference data at {folder}: set REFERENCE_DIR")
    return folder


@pytest.fixture(scope="session")
def arm(reference: Path) -> Path:
    """Folder of ARM's type definitions."""
    return reference / "arm"


@pytest.fixture(scope="session")
def engine_binary() -> Path:
    """The engine's program, built if needed; tests skip with the reason where that can't be done."""
    try:
        return pulumi_binary()
    except ToolUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def control_plane_binaries() -> dict[str, Path]:
    """The control plane's programs by name, built if needed; tests skip with the reason where that can't be done."""
    try:
        return {name: chain.binary(name) for chain in (ETCD, KUBERNETES) for name in chain.programs}
    except ToolUnavailableError as error:
        pytest.skip(str(error))
