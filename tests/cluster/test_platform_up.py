"""The first update of every stack on a real control plane: models run where the Plan says, recover and scale."""

import pytest

from planning.plan.labels import POOL_REVISION
from simulators.aks.scheduling import quantity
from simulators.api_server.waiting import eventually
from simulators.kubelet.pod_states import runs_to_completion
from tests.cluster.borrowed import borrowed, changed_fields
from tests.cluster.life import FromNothing
from tests.graph.stacks import ALL, STACKS

pytestmark = pytest.mark.cluster
HASH = "pod-template-hash"
# The shipped stacks alone are enough where the stack makes no difference.
# Every example takes minutes; one, whose slices are of several profiles, goes with the shipped stacks.
in_every_stack = pytest.mark.parametrize(
    "life",
    [
        pytest.param(stack, marks=() if stack in (*STACKS, "a100-mixed-mig") else pytest.mark.long, id=stack)
        for stack in ALL
    ],
    indirect=True,
    scope="session",
)


@in_every_stack
def test_the_first_update_does_what_the_preview_showed(life: FromNothing) -> None:
    assert {step.op for step in life.preview.steps} == {"create"}
    assert life.preview.writes() == ()
    assert life.update.operations == life.preview.operations


@in_every_stack
def test_no_object_was_rejected_and_all_are_in_the_api_server(life: FromNothing) -> None:
    assert [message for message in life.update.messages if not message.startswith("info")] == []
    objects = life.objects()
    assert objects
    assert [item for item in objects if not life.has(*item)] == []


@in_every_stack
def test_every_model_runs_on_the_pool_and_the_devices_that_the_plan_names(life: FromNothing) -> None:
    for namespace, deployment in life.deployments:
        life.require_pods(namespace, deployment)
    staying = [pod for pod in life.engine.client.list("v1", "Pod") if not pod["metadata"].get("deletionTimestamp")]
    assert {pod["status"]["phase"] for pod in staying if not runs_to_completion(pod)} == {"Running"}
    assert {pod["status"]["phase"] for pod in staying if runs_to_completion(pod)} == {"Succeeded"}


@in_every_stack
def test_every_node_offers_what_the_plan_says_of_its_pool(life: FromNothing) -> None:
    nodes = life.engine.client.list("v1", "Node")
    for pool in life.plan.pools:
        own = [node for node in nodes if node["metadata"]["labels"].get(POOL_REVISION) == pool.revision]
        assert pool.min_nodes <= len(own) <= pool.max_nodes
        for node in own:
            offered = {name: count for name, count in node["status"]["allocatable"].items() if "/" in name}
            assert {name: int(quantity(count)) for name, count in offered.items()} == dict(pool.resources)


@in_every_stack
def test_nothing_changes_afterwards(life: FromNothing) -> None:
    assert life.stack.preview().operations == {}
    with borrowed(life):
        # The autoscaler moves the number of a pool's nodes: a refresh finds it, and the program leaves it.
        pools, machines = life.plan.foundation.agent_pools, life.engine.azure.machines.pools()
        grown = [pool.logical_name for pool in pools if len(machines[pool.aks_name].nodes) > pool.pool.min_nodes]
        assert changed_fields(life.stack.refresh()) == {name: {"count"} for name in grown}
        assert life.stack.preview().operations == {}


def hash_of(life: FromNothing, namespace: str, image: str) -> str:
    """The label that distinguishes the pods of this image from others of their Deployment, once there are any."""

    def found() -> list[str]:
        pods = life.engine.client.list("v1", "Pod", namespace)
        return [pod["metadata"]["labels"][HASH] for pod in pods if pod["spec"]["containers"][0]["image"] == image]

    eventually(found, f"a pod of {image}")
    return found()[0]


def test_hand_edits_are_shown_and_nothing_else_and_the_update_takes_them_back(life: FromNothing) -> None:
    with borrowed(life):
        # What the autoscaler has done is known: only the edits are left to find.
        life.stack.refresh()
        edit_by_hand_and_update(life)


def edit_by_hand_and_update(life: FromNothing) -> None:
    client, machines = life.engine.client, life.engine.azure.machines
    namespace, deployment = life.deployments[0]
    (pool,) = [made for made in life.plan.foundation.agent_pools if made.pool.revision == deployment.pool_revision]
    (node, *_) = machines.pool(pool.aks_name).nodes
    taints = client.get("v1", "Node", node)["spec"]["taints"]
    (container,) = client.get("apps/v1", "Deployment", deployment.name, namespace)["spec"]["template"]["spec"][
        "containers"
    ]
    # A node that came for the edited pods would be one more thing that a refresh finds.
    with machines.paused():
        machines.autoscales = False
    life.engine.azure.edit(pool.aks_name, nodeTaints=[*pool.pool.taints, "by-hand=true:NoSchedule"])
    assert "by-hand" in {taint["key"] for taint in client.get("v1", "Node", node)["spec"]["taints"]}
    # Another tag: pods with an image of another repository would not be admitted at all.
    image = f"{container['image'].rpartition(':')[0]}:by-hand"
    by_hand = {"containers": [{"name": container["name"], "image": image}]}
    client.patch(
        "apps/v1",
        "Deployment",
        deployment.name,
        {"spec": {"template": {"spec": by_hand}}},
        namespace=namespace,
        patch="strategic",
        field_manager="kubectl-edit",
    )
    # The update lets the edited pod onto its node a moment before it mends the Deployment. Would the pod get ready in
    # between, the Deployment's status would move under the provider, which does not try again.
    life.engine.kubelets.hold(**{HASH: hash_of(life, namespace, image)})
    found = life.stack.refresh()
    assert changed_fields(found) == {f"{deployment.name}-deployment": {"spec"}, pool.logical_name: {"nodeTaints"}}
    assert set(life.stack.preview().operations) == set(found.operations)
    assert set(life.stack.up().operations) == set(found.operations)
    life.engine.kubelets.heal()
    machines.autoscales = True
    live = client.get("apps/v1", "Deployment", deployment.name, namespace)["spec"]["template"]["spec"]["containers"]
    assert [item["image"] for item in live] == [container["image"]]
    assert client.get("v1", "Node", node)["spec"]["taints"] == taints
    life.require_pods(namespace, deployment)
    assert life.stack.refresh().operations == {}
    assert life.stack.preview().operations == {}


def sizes(life: FromNothing) -> dict[str, int]:
    """Nodes of every pool of the stack, by name."""
    machines = life.engine.azure.machines.pools()
    return {made.pool.name: len(machines[made.aks_name].nodes) for made in life.plan.foundation.agent_pools}


@in_every_stack
def test_models_at_their_most_replicas_still_run_where_the_plan_says(life: FromNothing) -> None:
    assert any(model.autoscaled for model in life.plan.models)
    # What the preview counts and costs as the fewest nodes is what the autoscaler comes back to.
    fewest = {line.name: line.min_nodes for line in life.plan.cost.lines if line.name in sizes(life)}
    life.shrink()
    assert sizes(life) == fewest
    with borrowed(life):
        life.busy()
        # The engine leaves the number to KEDA, and that of the nodes to the autoscaler.
        assert life.stack.preview().operations == {}
        grown = {
            made.logical_name for made in life.plan.foundation.agent_pools if made.pool.max_nodes > made.pool.min_nodes
        }
        found = changed_fields(life.stack.refresh())
        assert found.keys() <= grown
        assert {field for fields in found.values() for field in fields} <= {"count"}
        life.idle()
        life.shrink()
        assert sizes(life) == fewest
        assert life.stack.preview().operations == {}
        objects = life.engine.client.list("keda.sh/v1alpha1", "ScaledObject")
        ready = [
            condition for item in objects for condition in item["status"]["conditions"] if condition["type"] == "Ready"
        ]
        assert [condition["status"] for condition in ready] == ["True"] * len(life.deployments), ready
