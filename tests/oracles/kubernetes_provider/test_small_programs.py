"""What the double of the provider is tested for holds on the real one: the same tests of small programs."""

import pytest

from tests.cluster import test_kubernetes_provider, test_kubernetes_provider_faults
from tests.cluster.small_programs import Run
from tests.cluster.test_kubernetes_provider import config_map, slices
from tests.cluster.test_kubernetes_provider_faults import slow
from tests.oracles.kubernetes_provider.engine import RealProviderEngine
from tests.oracles.kubernetes_provider.toolchain import SDK_VERSION

__all__ = ["slices", "slow"]
pytestmark = pytest.mark.cluster
for tested in (test_kubernetes_provider, test_kubernetes_provider_faults):
    globals().update({name: test for name, test in vars(tested).items() if name.startswith("test_")})


def test_the_objects_are_the_real_providers(run: Run, engine: RealProviderEngine) -> None:
    """Its state has what the double does not write, and the engine accepts its version."""
    stack = run(config_map("one"))
    done = stack.up()
    assert [message for message in done.messages if SDK_VERSION in message] == []
    (made,) = [one for urn, one in stack.resources().items() if urn.endswith("::c")]
    assert made["outputs"]["__fieldManager"].startswith("pulumi-kubernetes-")
    assert engine.relay.started >= 2
