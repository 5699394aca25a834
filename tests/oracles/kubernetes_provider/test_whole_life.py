"""The shipped stacks on the real Kubernetes provider, from the first preview to the end; our double does the same."""

from pathlib import Path

import pytest

from tests.cluster.shown import shown_platform
from tests.cluster.story import run_steps
from tests.engine.platform_stacks import STACKS
from tests.oracles.kubernetes_provider.engine import RealProviderEngine
from tests.oracles.kubernetes_provider.whole_life import WholeLife

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("stack", STACKS)
def test_a_whole_life_is_the_same_on_the_real_provider_and_on_the_double(
    stack: str,
    tmp_path_factory: pytest.TempPathFactory,
    arm: Path,
    engine_binary: Path,
    request: pytest.FixtureRequest,
    subtests: pytest.Subtests,
) -> None:
    del engine_binary
    directory = tmp_path_factory.mktemp(f"real-{stack}")
    with shown_platform(request.config, stack, directory, arm, kind=RealProviderEngine) as engine:
        real = WholeLife(engine, stack)
        run_steps(subtests, real.steps())
    with shown_platform(request.config, stack, tmp_path_factory.mktemp(f"double-{stack}"), arm) as engine:
        double = WholeLife(engine, stack)
        run_steps(subtests, double.steps())
    for of_real, of_double in zip(real.record, double.record, strict=True):
        with subtests.test(f"the same operations: {of_real[0]}"):
            assert of_real == of_double
