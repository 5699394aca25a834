"""What the scanners share: the stacks as files, and the environment that `make scan` sets up."""

from pathlib import Path

import pytest

from tests.scanners import programs, stacks


@pytest.fixture(scope="session")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of every stack as scanners read it."""
    folder = tmp_path_factory.mktemp("stacks")
    stacks.write(folder)
    return folder


@pytest.fixture(scope="session")
def scan_environment() -> Path:
    """Folder of the scanners that are Python's."""
    folder = programs.environment()
    if folder is None:
        pytest.skip("SCAN_ENVIRONMENT is not set: `make scan` sets the scanners up and runs these tests")
    assert (folder / "bin" / "checkov").exists(), f"no checkov in {folder}"
    return folder
