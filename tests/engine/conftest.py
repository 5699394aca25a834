"""Fixtures of the engine tests: the reference data beside the checkout, an engine for each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.harness import Engine
from tests.engine.toolchain import EngineUnavailableError, pulumi_binary

REPOSITORY = Path(__file__).resolve().parents[2]


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
    except EngineUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture
def engine(tmp_path: Path, arm: Path, engine_binary: Path) -> Iterator[Engine]:
    """An engine with empty clouds. Charts that a test installs bring the CRD groups named here."""
    del engine_binary
    with Engine(tmp_path, arm=arm, crd_groups={"gpu-operator": ["nvidia.com"]}) as running:
        yield running
