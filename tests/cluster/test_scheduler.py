"""What the planner says of a pool is what the real scheduler does with it, in every order that is tried."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.serving.pod import pod_template
from simulators.aks.nodes import Surroundings, node_manifests
from simulators.api_server.client import Object
from tests.cluster.generated_stacks import CATALOG, TOO_MUCH, GeneratedStack, Word, generated
from tests.cluster.scheduler_trials import (
    SchedulingControlPlane,
    add_accounts,
    model_pod,
    nodes_there,
    placed,
    scheduling_control_plane,
    wire,
)
from tests.cluster.shown import shown_on_failure
from tests.cluster.wire_pools import operator_values, wire_pool
from tests.graph.stacks import entries_of
from tests.unit import planning_stacks

pytestmark = pytest.mark.cluster
STACKS = 200
ORDERS = 5
# The scheduler looks at every node for every pod: with fewer of them at a time it is done sooner.
PARTS = 4
CLUSTER_ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"
WHERE = Surroundings.of(CLUSTER_ID, {"location": "eastus", "kubernetesVersion": "1.36"}, "rg-nodes")


@pytest.fixture(scope="module")
def plane(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, control_plane_binaries: dict[str, Path]
) -> Iterator[SchedulingControlPlane]:
    del control_plane_binaries
    with (
        scheduling_control_plane(tmp_path_factory.mktemp("scheduler")) as running,
        shown_on_failure(request.config, running),
    ):
        yield running


@dataclass(frozen=True)
class PoolOfPods:
    """One pool of a stack, what the planner says of it, and all pods that are meant for it."""

    stack: GeneratedStack
    name: str
    word: Word
    pods: tuple[Object, ...]

    @property
    def pod_names(self) -> list[str]:
        return [pod["metadata"]["name"] for pod in self.pods]


def pools_of(stack: GeneratedStack) -> list[PoolOfPods]:
    pods: dict[str, list[Object]] = {name: [] for name in stack.words}
    for model in stack.plan.models:
        for release in model.releases:
            for workload in release.workloads:
                pods[workload.pool] += [
                    model_pod(f"s{stack.number}-{workload.name}-{index}", model, release, workload)
                    for index in range(workload.replicas.max)
                ]
    # A pool that no model uses has nothing to disagree about.
    return [PoolOfPods(stack, name, word, tuple(pods[name])) for name, word in stack.words.items() if pods[name]]


def nodes_of(stack: GeneratedStack) -> list[Object]:
    """The nodes of every pool at its largest, as AKS would make them."""
    return [
        node
        for made in stack.plan.foundation.agent_pools
        for node in node_manifests(
            wire_pool(made),
            CATALOG.vm_sizes[made.pool.vm_size],
            made.pool.max_nodes,
            WHERE,
            operator=operator_values(stack.plan),
            catalog=CATALOG,
        )
    ]


def disagreement(pool: PoolOfPods, order: int, stranded: list[str]) -> str:
    what = f"stranded {', '.join(stranded)}" if stranded else "placed every pod"
    return (
        f"pool {pool.name} of stack {pool.stack.number}: the planner says `{pool.word.value}`, and in order {order} "
        f"the scheduler {what}\n{pool.stack.yaml()}"
    )


def test_the_generated_stacks_pass_every_rule_but_those_about_size() -> None:
    """Also, the rules say of each pool what its verdict says."""
    for stack in generated(STACKS):
        errors = {finding.rule for finding in stack.findings if finding.severity == "error"}
        assert errors <= TOO_MUCH, (stack.number, errors)
        assert bool(errors) is (Word.IMPOSSIBLE in stack.words.values()), stack.yaml()
        warned = {finding.path for finding in stack.findings if finding.rule == "PLACE-FRAGMENT"}
        fragments = [name for name, word in stack.words.items() if word is Word.FRAGMENT]
        index = {pool["name"]: place for place, pool in enumerate(stack.pools)}
        assert {f"pools[{index[name]}].nodes.max" for name in fragments} <= warned, stack.yaml()


def test_the_generator_repeats_itself() -> None:
    assert [stack.yaml() for stack in generated(5)] == [stack.yaml() for stack in generated(5)]


def test_the_pods_are_those_that_the_program_declares() -> None:
    declared = {
        entry["inputs"]["metadata"]["name"]: entry["inputs"]["spec"]["template"]
        for entry in entries_of("dev")
        if entry["type"] == "kubernetes:apps/v1:Deployment"
    }
    models = planning_stacks.plan({}).models
    found = {
        workload.name: wire(pod_template(model, release, workload))
        for model in models
        for release in model.releases
        for workload in release.workloads
    }
    assert found
    assert found == {name: declared[name] for name in found}


@pytest.mark.long
def test_the_scheduler_strands_pods_exactly_where_the_planner_says_so(
    plane: SchedulingControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every order, whatever the scheduler's scores make of it."""
    stacks = generated(STACKS)
    pools = [pool for stack in stacks for pool in pools_of(stack)]
    words = Counter(pool.word for pool in pools)
    assert {pool.stack.number for pool in pools} == set(range(STACKS))
    assert words[Word.PLACEABLE] >= STACKS // 4
    assert words[Word.IMPOSSIBLE] >= STACKS // 4
    add_accounts(plane.client, sorted({model.service_account for stack in stacks for model in stack.plan.models}))
    must_bind = [name for pool in pools if pool.word is Word.PLACEABLE for name in pool.pod_names]
    wrong: list[str] = []
    stranding: Counter[str] = Counter()
    for numbers in (range(start, STACKS, PARTS) for start in range(PARTS)):
        own = [pool for pool in pools if pool.stack.number in numbers]
        with nodes_there(plane.client, (node for number in numbers for node in nodes_of(stacks[number]))):
            for order in range(ORDERS):
                nodes = placed(plane.client, [shuffled(pool, order) for pool in own], must_bind)
                for pool in own:
                    stranded = [name for name in pool.pod_names if not nodes[name]]
                    if stranded:
                        stranding[f"{pool.stack.number}/{pool.name}"] += 1
                    if (pool.word is Word.PLACEABLE and stranded) or (pool.word is Word.IMPOSSIBLE and not stranded):
                        wrong.append(disagreement(pool, order, stranded))
    seen = Counter(
        min(1, stranding[f"{pool.stack.number}/{pool.name}"]) for pool in pools if pool.word is Word.FRAGMENT
    )
    with capsys.disabled():
        print(  # noqa: T201 - the numbers are what this test is run for
            f"[{STACKS} stacks, {len(pools)} pools, {sum(len(pool.pods) for pool in pools)} pods in {ORDERS} orders: "
            f"{', '.join(f'{words[word]} {word.value}' for word in Word)}; of the fragments {seen[1]} stranded a pod "
            f"in some order tried, {seen[0]} in none; {len(wrong)} disagreements] ",
            end="",
        )
    assert wrong == [], "\n\n".join(wrong[:5])


def shuffled(pool: PoolOfPods, order: int) -> list[Object]:
    pods = list(pool.pods)
    random.Random(f"{pool.stack.number} {pool.name} {order}").shuffle(pods)  # noqa: S311 - repeats, no secret
    return pods
