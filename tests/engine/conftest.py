"""Fixtures of the engine tests: an engine for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.engine import Engine


@pytest.fixture
def engine(tmp_path: Path, arm: Path, engine_binary: Path) -> Iterator[Engine]:
    """An engine with empty clouds. Charts that a test installs bring the CRD groups named here."""
    del engine_binary
    with Engine(tmp_path, arm=arm, crd_groups={"gpu-operator": ["nvidia.com"]}) as running:
        yield running
