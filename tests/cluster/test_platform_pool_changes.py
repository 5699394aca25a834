"""A pool that can't be changed in place: the new one comes first, the pods move, the old one goes last."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from planning.plan import PoolPlan, WorkloadPlan
from planning.plan.labels import POOL_REVISION
from rehearsal.control_plane import ControlPlane
from simulators.aks.provider import POOL
from simulators.kubernetes_provider.provider import DEPLOYMENT
from tests.cluster.changing import Change, Changing, Edit, changing_stack
from tests.cluster.story import Step, run_steps
from tests.engine.platform_stacks import section

pytestmark = pytest.mark.cluster
# More than an update takes to end after its last pod is ready.
DRAIN_SECONDS = 6.0


@pytest.fixture(scope="module")
def changing(
    tmp_path_factory: pytest.TempPathFactory, arm: Path, engine_binary: Path, module_cluster: ControlPlane
) -> Iterator[Changing]:
    """A stack that every test begins by making what it needs."""
    del engine_binary
    directory = tmp_path_factory.mktemp("pool-changes")
    with changing_stack(directory, arm, module_cluster, drain_seconds=DRAIN_SECONDS) as running:
        yield running


def first_pool(settings: dict[str, Any]) -> dict[str, Any]:
    return section(settings, "pools")[0]


def other_layout(settings: dict[str, Any]) -> None:
    first_pool(settings)["gpu"]["layout"] = ["4g.47gb", "3g.47gb"]
    # Of several profiles a pool never grows.
    first_pool(settings)["nodes"] = {"min": 3, "max": 3}
    section(settings, "models")[0]["slice"] = "4g.47gb"


def other_size(settings: dict[str, Any]) -> None:
    first_pool(settings)["vm_size"] = "Standard_NC80adis_H100_v5"


def former_size(settings: dict[str, Any]) -> None:
    first_pool(settings)["vm_size"] = "Standard_NC40ads_H100_v5"


def driver_of_the_operator(settings: dict[str, Any]) -> None:
    section(settings, "cluster")["gpu_driver"] = "operator"


def driver_of_azure(settings: dict[str, Any]) -> None:
    section(settings, "cluster")["gpu_driver"] = "aks"


def delete_first(settings: dict[str, Any]) -> None:
    first_pool(settings)["rotation"] = "delete-first"


def with_a_burst_pool(settings: dict[str, Any]) -> None:
    """The first model's replicas above the first lie on spot machines that may be none."""
    vm_size, nodes = "Standard_NC40ads_H100_v5", {"min": 0, "max": 3}
    burst = {"name": "burst", "class": "inference", "vm_size": vm_size, "nodes": nodes, "capacity": "spot"}
    section(settings, "pools").append(burst)
    chat = section(settings, "models")[0]
    del chat["slice"]
    chat |= {"pool": ["h100", "burst"], "drain_seconds": 10}


def other_burst_size(settings: dict[str, Any]) -> None:
    section(settings, "pools")[1]["vm_size"] = "Standard_NC80adis_H100_v5"


def replaced(change: Change) -> tuple[PoolPlan, PoolPlan]:
    """The one pool that has another revision, before and after."""
    kept = {pool.revision for pool in change.before.pools} & {pool.revision for pool in change.after.pools}
    (old,), (new,) = (
        [pool for pool in plan.pools if pool.revision not in kept] for plan in (change.before, change.after)
    )
    assert old.name == new.name
    return old, new


def on(changing: Changing, pool: PoolPlan) -> list[tuple[str, WorkloadPlan]]:
    """Deployments of a pool, with their namespaces."""
    return [deployment for deployment in changing.life.deployments if deployment[1].pool == pool.name]


def require_moved(changing: Changing, change: Change) -> None:
    """The new pool was made before any pod moved, and all had moved and ended before the old one went."""
    _, new = replaced(change)
    (created,), (deleted,) = change.calls("Create", POOL), change.calls("Delete", POOL)
    updated = change.calls("Update", DEPLOYMENT)
    assert len(updated) == len(on(changing, new))
    assert created < min(updated)
    # Nothing comes after it, so that a failure of anything else leaves the old pool.
    assert deleted == max(call.order for call in change.outcome.writes())
    assert not change.calls("Delete", DEPLOYMENT)
    for namespace, deployment in on(changing, new):
        changing.require_served(change, namespace, deployment, deployment.replicas.max)
        require_ready_before_the_old_nodes_go(change, deployment)
    assert change.watch.left_on_lost_nodes() == set()
    assert change.watch.never_placed() == set()
    nodes = changing.life.engine.client.list("v1", "Node")
    revisions = {node["metadata"]["labels"].get(POOL_REVISION) for node in nodes}
    # The node that AKS requires has none.
    system = change.after.foundation.system_pool.pool.revision
    assert revisions == {None, system, *(pool.revision for pool in change.after.pools)}


def require_ready_before_the_old_nodes_go(change: Change, deployment: WorkloadPlan) -> None:
    (old, new), name = replaced(change), deployment.name
    all_of_it = {new.revision: deployment.replicas.max}
    moved = change.watch.first(lambda moment: moment.serving(name) == all_of_it, f"{name} has moved")
    machines = change.watch.moments[0].pools()[old.revision]
    goes = change.watch.first(lambda moment: moment.pools()[old.revision] < machines, f"{old.revision} goes")
    assert moved < goes


# The last one is another pool by its name alone.
EDITS = [other_layout, other_size, driver_of_the_operator, driver_of_azure, delete_first]


def test_a_pool_that_changes_again_and_again_is_replaced_each_time(
    changing: Changing, subtests: pytest.Subtests
) -> None:
    """Edits add up, from the stack file on: each step finds the pool that the one before has made."""
    steps = [
        Step("the stack is at its most replicas", partial(at_its_most, changing)),
        *(
            Step(f"the new pool comes first and the old one goes last: {edit.__name__}", partial(moves, changing, edit))
            for edit in EDITS
        ),
        Step("where quota holds one pool only the pods come back on the new one", partial(comes_back, changing)),
    ]
    run_steps(subtests, steps)


def at_its_most(changing: Changing, edit: Edit = lambda _: None) -> None:
    """Begin with the stack file and one edit."""
    # KEDA scales its former target until it reads the new one: no load, no difference.
    changing.life.idle()
    changing.start_from(edit)
    changing.life.busy()


def moves(changing: Changing, edit: Edit) -> None:
    require_moved(changing, changing.change(edit))


def comes_back(changing: Changing) -> None:
    change = changing.change(former_size)
    old, new = replaced(change)
    (created,), (deleted,) = change.calls("Create", POOL), change.calls("Delete", POOL)
    assert deleted < created < min(change.calls("Update", DEPLOYMENT))
    for namespace, deployment in changing.life.deployments:
        changing.life.require_pods(namespace, deployment, deployment.replicas.max)
    assert not [moment for moment in change.watch.moments if {old.revision, new.revision} <= moment.pools().keys()]


def test_a_pool_whose_pods_the_update_does_not_wait_for_goes_last_too(changing: Changing) -> None:
    at_its_most(changing, with_a_burst_pool)
    change = changing.change(other_burst_size)
    require_moved(changing, change)
    assert {deployment.name for _, deployment in on(changing, replaced(change)[1])} == {"chat-burst"}


def without_the_burst_pool(settings: dict[str, Any]) -> None:
    """Everything as the stack file has it again."""
    section(settings, "pools").pop()
    chat = section(settings, "models")[0]
    del chat["drain_seconds"]
    chat |= {"pool": "h100", "slice": "3g.47gb"}


def test_a_pool_that_is_given_up_goes_when_its_last_pod_has_ended(changing: Changing) -> None:
    at_its_most(changing, with_a_burst_pool)
    change = changing.change(without_the_burst_pool)
    (gone,), (deleted,) = change.calls("Delete", DEPLOYMENT), change.calls("Delete", POOL)
    assert gone < deleted
    assert change.watch.left_on_lost_nodes() == set()
