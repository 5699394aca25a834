"""A pool gets the nodes that the fewest replicas need, from none at all, and loses them again."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from planning.plan.labels import MIG_STATE
from rehearsal.control_plane import ControlPlane
from tests.cluster.changing import Changing, changing_stack
from tests.cluster.story import Step, run_steps
from tests.engine.platform_stacks import section

pytestmark = pytest.mark.cluster


def from_nothing(settings: dict[str, Any]) -> None:
    """Four slices are wanted of a pool that may be empty, with two per node."""
    section(settings, "pools")[0]["nodes"] = {"min": 0, "max": 3}
    section(settings, "models")[0]["replicas"] = {"min": 3, "max": 3}


def fewer_replicas(settings: dict[str, Any]) -> None:
    section(settings, "models")[0]["replicas"] = {"min": 1, "max": 3}


def more_replicas(settings: dict[str, Any]) -> None:
    section(settings, "models")[0]["replicas"] = {"min": 3, "max": 3}


def shares(settings: dict[str, Any]) -> None:
    """The same number of pods on whole GPUs, two of which take turns on each."""
    section(settings, "pools")[0]["gpu"] = {"sharing": "time-slicing", "replicas": 2}
    for model in section(settings, "models"):
        model.pop("slice", None)
        model |= {"context": 8192, "concurrency": 1}


def slices_of_the_mig_manager(settings: dict[str, Any]) -> None:
    """Pods wait for its label, which the autoscaler knows from a running node alone."""
    section(settings, "cluster")["gpu_driver"] = "operator"
    pool = section(settings, "pools")[0]
    pool["gpu"] = {"sharing": "mig", "layout": ["3g.47gb", "3g.47gb"]}
    pool["nodes"] = {"min": 1, "max": 3}


@pytest.fixture(scope="module")
def changing(
    tmp_path_factory: pytest.TempPathFactory, arm: Path, engine_binary: Path, module_cluster: ControlPlane
) -> Iterator[Changing]:
    del engine_binary
    directory = tmp_path_factory.mktemp("growth")
    with changing_stack(directory, arm, module_cluster, drain_seconds=0.5, edit=from_nothing) as running:
        yield running


def nodes(changing: Changing) -> int:
    (made,) = changing.life.plan.foundation.agent_pools
    return len(changing.life.engine.azure.machines.pool(made.aks_name).nodes)


def holds(changing: Changing, expected: int) -> None:
    for namespace, deployment in changing.life.deployments:
        changing.life.require_pods(namespace, deployment)
    assert nodes(changing) == expected


def shrinks(changing: Changing, expected: int) -> None:
    changing.change(fewer_replicas)
    changing.life.idle()
    changing.life.shrink()
    holds(changing, expected)


def grows(changing: Changing, *edits: Any) -> None:
    def edit(settings: dict[str, Any]) -> None:
        for change in (*edits, more_replicas):
            change(settings)

    changing.change(edit)
    changing.life.shrink()
    holds(changing, 2)


def selects_finished_nodes(changing: Changing) -> None:
    found = {item["metadata"]["name"]: item for item in changing.life.engine.client.list("v1", "Node")}
    for namespace, deployment in changing.life.deployments:
        assert deployment.node_labels == ((MIG_STATE, "success"),)
        for pod in changing.life.pods(namespace, deployment.name):
            assert found[pod["spec"]["nodeName"]]["metadata"]["labels"][MIG_STATE] == "success"


def test_pools_grow_to_what_the_fewest_replicas_need(changing: Changing, subtests: pytest.Subtests) -> None:
    steps = [
        Step("an empty pool gets the two nodes that four slices need", partial(holds, changing, 2)),
        Step("fewer replicas leave one node", partial(shrinks, changing, 1)),
        Step("more replicas bring it back", partial(grows, changing)),
        Step("shares of whole GPUs come as well, from an empty pool", partial(grows, changing, shares)),
        Step("and go", partial(shrinks, changing, 1)),
        Step("slices of the MIG manager come", partial(grows, changing, slices_of_the_mig_manager)),
        Step("their pods are on nodes that it has finished", partial(selects_finished_nodes, changing)),
        Step("and they go", partial(shrinks, changing, 1)),
    ]
    run_steps(subtests, steps)
