"""The development stack on the real Kubernetes provider from the first preview to the end, compared with the double."""

from pathlib import Path

import pytest

from tests.oracles.kubernetes_provider.whole_life import require_equal_lives

pytestmark = pytest.mark.cluster


def test_a_whole_life_is_the_same_on_the_real_provider_and_on_the_double(
    tmp_path: Path, arm: Path, engine_binary: Path, request: pytest.FixtureRequest, subtests: pytest.Subtests
) -> None:
    del engine_binary
    require_equal_lives("dev", tmp_path, arm, request.config, subtests)
