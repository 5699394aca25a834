"""The shipped stacks go up from nothing on a real control plane, run where the Plan says, heal, and go again."""

from typing import Any

import pytest

from planning.labels import POOL_REVISION
from tests.cluster.autoscaler import quantity
from tests.cluster.life import Life
from tests.engine.harness import OperationRefusedError
from tests.engine.outcome import Outcome
from tests.engine.platform_stacks import section, settings

pytestmark = pytest.mark.cluster


def without_secrets(resources: Any) -> Any:
    """Exported resources, encrypted text left out: every write encrypts it anew."""
    if isinstance(resources, dict):
        return {key: without_secrets(value) for key, value in resources.items() if key != "ciphertext"}
    return [without_secrets(item) for item in resources] if isinstance(resources, list) else resources


def changes(outcome: Outcome) -> dict[str, set[str]]:
    """Top-level fields that an operation found or made different, by logical name."""
    return {step.name: set(step.diffs) for step in outcome.steps if step.op == "update"}


def test_the_update_from_nothing_does_what_the_preview_said(life: Life) -> None:
    assert {step.op for step in life.preview.steps} == {"create"}
    assert life.preview.writes() == ()
    assert life.update.operations == life.preview.operations


def test_no_object_was_rejected_and_all_are_in_the_api_server(life: Life) -> None:
    assert [message for message in life.update.messages if not message.startswith("info")] == []
    objects = life.objects()
    assert objects
    assert [one for one in objects if not life.has(*one)] == []


def test_every_model_runs_on_the_pool_and_the_devices_that_the_plan_names(life: Life) -> None:
    for namespace, deployment in life.deployments:
        life.require_pods(namespace, deployment, 1 if deployment.replicas is None else deployment.replicas)
    assert {pod["status"]["phase"] for pod in life.engine.client.list("v1", "Pod")} == {"Running"}


def test_every_node_offers_what_the_plan_says_of_its_pool(life: Life) -> None:
    nodes = life.engine.client.list("v1", "Node")
    for pool in life.plan.pools:
        own = [node for node in nodes if node["metadata"]["labels"].get(POOL_REVISION) == pool.revision]
        assert pool.min_nodes <= len(own) <= pool.max_nodes
        for node in own:
            offered = {name: count for name, count in node["status"]["allocatable"].items() if "/" in name}
            assert {name: int(quantity(count)) for name, count in offered.items()} == dict(pool.resources)


def test_nothing_changes_afterwards(life: Life) -> None:
    assert life.stack.preview().operations == {}
    # The autoscaler moves the number of a pool's nodes: a refresh finds it, and the program leaves it.
    pools, machines = life.plan.pools, life.engine.azure.machines.pools()
    grown = [pool.logical_name for pool in pools if len(machines[pool.aks_name].nodes) > pool.min_nodes]
    assert changes(life.stack.refresh()) == {name: {"count"} for name in grown}
    assert life.stack.preview().operations == {}


def test_hand_edits_are_shown_and_nothing_else_and_the_update_takes_them_back(life: Life) -> None:
    client, machines = life.engine.client, life.engine.azure.machines
    namespace, deployment = life.deployments[0]
    (pool,) = [pool for pool in life.plan.pools if pool.revision == deployment.placement.pool_revision]
    (node, *_) = machines.pool(pool.aks_name).nodes
    taints = client.get("v1", "Node", node)["spec"]["taints"]
    (container,) = client.get("apps/v1", "Deployment", deployment.name, namespace)["spec"]["template"]["spec"][
        "containers"
    ]
    # A node that came for the edited pods would be one more thing that a refresh finds.
    with machines.paused():
        machines.autoscales = False
    by_hand = {"containers": [{"name": container["name"], "image": "registry.invalid/by-hand:1"}]}
    client.patch(
        "apps/v1",
        "Deployment",
        deployment.name,
        {"spec": {"template": {"spec": by_hand}}},
        namespace=namespace,
        patch="strategic",
        field_manager="kubectl-edit",
    )
    life.engine.azure.edit(pool.aks_name, nodeTaints=[*pool.taints, "by-hand=true:NoSchedule"])
    assert "by-hand" in {taint["key"] for taint in client.get("v1", "Node", node)["spec"]["taints"]}
    found = life.stack.refresh()
    assert changes(found) == {f"{deployment.name}-deployment": {"spec"}, pool.logical_name: {"nodeTaints"}}
    assert set(life.stack.preview().operations) == set(found.operations)
    assert set(life.stack.up().operations) == set(found.operations)
    machines.autoscales = True
    live = client.get("apps/v1", "Deployment", deployment.name, namespace)["spec"]["template"]["spec"]["containers"]
    assert [one["image"] for one in live] == [container["image"]]
    assert client.get("v1", "Node", node)["spec"]["taints"] == taints
    life.require_pods(namespace, deployment, 1 if deployment.replicas is None else deployment.replicas)
    assert life.stack.refresh().operations == {}
    assert life.stack.preview().operations == {}


def test_models_at_their_most_replicas_still_run_where_the_plan_says(life: Life) -> None:
    """What KEDA does under load, done by hand; the engine leaves the number to it."""
    scaled = {model.scaling.deployment: model.scaling.max for model in life.plan.models if model.scaling}
    assert scaled
    targets = [(namespace, deployment) for namespace, deployment in life.deployments if deployment.name in scaled]
    for namespace, deployment in targets:
        replicas = {"spec": {"replicas": scaled[deployment.name]}}
        life.engine.client.patch(
            "apps/v1", "Deployment", deployment.name, replicas, namespace=namespace, subresource="scale"
        )
    for namespace, deployment in targets:
        life.require_pods(namespace, deployment, scaled[deployment.name])
    assert life.stack.preview().operations == {}


def test_the_end(life: Life) -> None:
    """Last, since nothing is left: a protected stack refuses and stays whole, an unprotected one keeps its models."""
    if life.name == "prod":
        before, azure = without_secrets(life.stack.resources()), [resource.id for resource in life.engine.cloud.azure]
        pods = {pod["metadata"]["uid"] for pod in life.engine.client.list("v1", "Pod")}
        with pytest.raises(OperationRefusedError, match="protected") as refused:
            life.stack.destroy()
        assert refused.value.outcome.writes() == ()
        assert without_secrets(life.stack.resources()) == before
        assert [resource.id for resource in life.engine.cloud.azure] == azure
        assert {pod["metadata"]["uid"] for pod in life.engine.client.list("v1", "Pod")} == pods
        unprotected = settings(life.name)
        section(unprotected, "platform")["protect"] = False
        life.stack.configure(unprotected)
        life.stack.up()
    held = life.stack.resources().values()
    kept = {one["id"] for one in held if one.get("retainOnDelete") and one["type"].startswith("azure-native:")}
    objects = life.objects()
    life.stack.destroy()
    assert life.stack.resources() == {}
    group = f"/resourceGroups/{life.plan.platform.resource_group}/"
    left = {resource.id for resource in life.engine.cloud.azure} - life.before
    # What is retained inside the platform's own group goes with the group (the vault is then soft-deleted).
    assert left == {id_ for id_ in kept if group not in id_}
    assert left
    assert life.engine.client.list("v1", "Node") == []
    assert life.engine.client.list("v1", "Pod") == []
    assert [one for one in objects if life.has(*one)] == []
