"""Updates broken off on the real Kubernetes provider, then another stack file: the same test as on the double."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import test_platform_broken_off
from tests.cluster.fault_stack import FaultedStack
from tests.cluster.shown import shown_platform
from tests.cluster.test_platform_broken_off import (
    DRAIN_SECONDS,
    test_a_rollout_or_a_move_that_was_broken_off_is_taken_back_or_followed_by_a_third,
)
from tests.oracles.kubernetes_provider.engine import RealProviderEngine

__all__ = ["test_a_rollout_or_a_move_that_was_broken_off_is_taken_back_or_followed_by_a_third"]
pytestmark = test_platform_broken_off.pytestmark


@pytest.fixture
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, arm: Path, engine_binary: Path
) -> Iterator[FaultedStack]:
    """The development stack on the real provider, up, with pods that take a while to end."""
    del engine_binary
    directory = tmp_path_factory.mktemp("broken")
    chosen = shown_platform(request.config, "dev", directory, arm, shortcuts=True, kind=RealProviderEngine)
    with chosen as engine:
        running = FaultedStack(engine, "dev")
        graces = [model.path.server.grace_seconds for model in running.plan.models]
        engine.kubelets.grace_fraction = DRAIN_SECONDS / max(graces)
        running.converges()
        yield running
