"""Updates of a Deployment whose replicas are KEDA's: the engine leaves the number, and bounds come before it."""

import pytest

from rehearsal.engine import StackRun
from simulators.api_server.changes import Changes
from simulators.api_server.client import Client
from simulators.keda.keda import AUTOSCALER_MANAGER, Keda
from tests.cluster.scaled_programs import FLOOR, owners, program, require, require_ready, scale_to, spec, target
from tests.cluster.small_programs import Run, operations


@pytest.mark.cluster
def test_the_engine_leaves_the_replicas_to_keda(run: Run, scaled: StackRun, keda: Keda, client: Client) -> None:
    require(client, 2)
    require_ready(client, 2)
    keda.load("m", 14)
    require(client, 4)
    # KEDA itself goes between none and some; all else are the autoscaler's steps.
    assert owners(client) == {AUTOSCALER_MANAGER: "scale"}
    assert scaled.preview().is_quiet
    assert scaled.refresh().is_quiet
    assert scaled.preview().is_quiet
    # An update of the pods applies the Deployment without replicas: they stay where they are.
    require_ready(client, 4)
    run(program(image="registry.invalid/main:2", scaled=FLOOR, replicas=2))
    assert operations(scaled.up()) == {"d": ("update",)}
    assert target(client)["spec"]["replicas"] == 4
    require_ready(client, 4)
    keda.load("m", 0)
    require(client, 2)
    assert scaled.preview().is_quiet


@pytest.mark.cluster
def test_a_new_burst_has_no_pod_and_keeps_those_that_it_has_got(run: Run, keda: Keda, client: Client) -> None:
    """The number of the creation is never applied again, whoever has set another one since, and however often."""
    sleeping = spec(minReplicaCount=0, cooldownPeriod=3600)
    stack = run(program(scaled=sleeping, replicas=0))
    stack.up()
    keda.let_pass(3)
    assert target(client)["spec"]["replicas"] == 0
    assert client.list("v1", "Pod", "default") == []
    # As KEDA does it for the load of a floor; afterwards the pods report their own.
    keda.load("m", 12)
    scale_to(client, 3)
    require_ready(client, 3)
    for image in ("2", "3"):
        assert stack.refresh().is_quiet
        run(program(image=f"registry.invalid/main:{image}", scaled=sleeping, replicas=0))
        with keda.away():
            assert operations(stack.up()) == {"d": ("update",)}
            assert target(client)["spec"]["replicas"] == 3
        require_ready(client, 3)
    keda.load("m", 0)


@pytest.mark.cluster
def test_a_stack_that_declared_no_number_keeps_its_pods_when_it_declares_one(
    run: Run, keda: Keda, client: Client
) -> None:
    sleeping = spec(minReplicaCount=0, cooldownPeriod=3600)
    stack = run(program(scaled=sleeping))
    stack.up()
    with keda.away():
        scale_to(client, 2)
        run(program(image="registry.invalid/main:2", scaled=sleeping, replicas=0))
        assert operations(stack.up()) == {"d": ("update",)}
        assert target(client)["spec"]["replicas"] == 2
        assert stack.preview().is_quiet


@pytest.mark.cluster
@pytest.mark.parametrize(("fixed", "before"), [(4, 2), (2, 5)])
def test_new_bounds_come_before_the_number_that_they_allow(
    run: Run, keda: Keda, client: Client, fixed: int, before: int
) -> None:
    """Autoscaled to fixed, upwards and downwards: the number goes where it shall, and never beyond or back."""
    # Whatever load the test before has left.
    keda.load("m", 4 * 2)
    stack = run(program(scaled=spec(minReplicaCount=2), replicas=2))
    stack.up()
    require_ready(client, 2)
    keda.load("m", 4 * before)
    require_ready(client, before)
    keda.load("m", 0 if fixed > before else 40)
    run(program(scaled=spec(minReplicaCount=fixed, maxReplicaCount=fixed), replicas=fixed, fixed=True))
    seen: set[int] = {before}
    with Changes(client, [("apps/v1", "Deployment")], lambda: seen.add(target(client)["spec"]["replicas"])):
        stack.up()
        require_ready(client, fixed)
        keda.let_pass(3)
    assert seen == {before, fixed}
    # And back: the fixed number stays until the load asks for another.
    run(program(scaled=spec(minReplicaCount=1), replicas=1))
    keda.load("m", 4 * fixed)
    stack.up()
    keda.let_pass(3)
    assert target(client)["spec"]["replicas"] == fixed
