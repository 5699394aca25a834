"""Fixtures of the tests that run real programs: the reference data beside the checkout, the built programs."""

import os
from pathlib import Path

import pytest

from tests.engine.toolchain import ETCD, KUBERNETES, ToolUnavailableError, pulumi_binary

REPOSITORY = Path(__file__).resolve().parents[1]
# 2026-11-24: in every test and every program that it starts, prices are as old as on this day.
os.environ["SOURCE_DATE_EPOCH"] = "1795478400"


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
