"""What KEDA reads about each Deployment, and in which order the two change."""

import pytest

from planning.plan.labels import MODEL
from tests.graph.stacks import ALL, Entry, entries_of

each_stack = pytest.mark.parametrize("stack", ALL)


def of_type(stack: str, end: str) -> list[Entry]:
    return [entry for entry in entries_of(stack) if entry["type"].endswith(end)]


def deployments_of(stack: str) -> dict[str, Entry]:
    """Those of models."""
    made = {entry["inputs"]["metadata"]["name"]: entry for entry in of_type(stack, "apps/v1:Deployment")}
    return {name: entry for name, entry in made.items() if MODEL in _labels(entry)}


def _labels(deployment: Entry) -> dict[str, str]:
    return deployment["inputs"]["spec"]["template"]["metadata"]["labels"]


def scaled_of(stack: str) -> dict[str, Entry]:
    """ScaledObjects by the name of their Deployment."""
    return {entry["inputs"]["spec"]["scaleTargetRef"]["name"]: entry for entry in of_type(stack, ":ScaledObject")}


@each_stack
def test_values_that_the_autoscaler_owns_are_declared_for_the_creation_alone(stack: str) -> None:
    specs = {name: made["inputs"]["spec"] for name, made in scaled_of(stack).items()}
    bounds = {name: (spec["minReplicaCount"], spec["maxReplicaCount"]) for name, spec in specs.items()}
    assert bounds.keys() == deployments_of(stack).keys()
    assert any(low < high for low, high in bounds.values())
    for name, made in deployments_of(stack).items():
        low, high = bounds[name]
        # Left out, it would be 1 at the creation: too few for a floor of 2, and a GPU node for a burst without load.
        assert made["inputs"]["spec"]["replicas"] == low
        # KEDA's number, or one that was fixed before, must stay whatever the least number is.
        assert made["options"].get("ignore_changes", []) == (["spec.replicas"] if low < high else [])
    for pool in of_type(stack, ":AgentPool"):
        assert pool["options"]["ignore_changes"] == ["count", "localDNSProfile", "orchestratorVersion"]


@each_stack
def test_keda_has_the_bounds_before_the_deployment_has_its_replicas(stack: str) -> None:
    """Whatever changes in an update: KEDA's former bounds would take the new replicas away, or add some."""
    scaled = scaled_of(stack)
    all_scaled = {made["urn"] for made in scaled.values()}
    for name, made in deployments_of(stack).items():
        before = set(made["options"]["depends_on"])
        assert scaled[name]["urn"] in before
        # Pools and all else come before both, so that hardly any time lies between the two.
        assert before - all_scaled <= set(scaled[name]["options"]["depends_on"])


@each_stack
def test_what_may_sleep_is_neither_woken_by_missing_metrics_nor_by_one_request(stack: str) -> None:
    for made in scaled_of(stack).values():
        spec = made["inputs"]["spec"]
        (trigger,) = spec["triggers"]
        sleeps = spec["minReplicaCount"] == 0
        # KEDA 2.19 and later: a trigger that has fallen back is active, and what is active does not stay at zero.
        fallback = {"failureThreshold": 3, "replicas": spec["minReplicaCount"], "behavior": "currentReplicasIfHigher"}
        assert spec.get("fallback") == (None if sleeps else fallback)
        # KEDA's webhook warns of these two wherever a replica always runs.
        assert [key in spec for key in ("pollingInterval", "cooldownPeriod")] == [sleeps, sleeps]
        # But where a replica is for one request at a time.
        waking = str(min(1, int(trigger["metadata"]["threshold"]) - 1))
        assert trigger["metadata"].get("activationThreshold") == (waking if sleeps else None)


@each_stack
def test_the_load_is_that_of_the_pods_of_a_model_whatever_name_a_request_used(stack: str) -> None:
    """The label of the query comes from the pods by way of their monitor, which is the only one that has it."""
    monitors = of_type(stack, ":PodMonitor")
    (label,) = {label for monitor in monitors for label in monitor["inputs"]["spec"].get("podTargetLabels", [])}
    models = {
        name: made["inputs"]["spec"]["template"]["metadata"]["labels"][label]
        for name, made in deployments_of(stack).items()
    }
    for name, made in scaled_of(stack).items():
        (trigger,) = made["inputs"]["spec"]["triggers"]
        wanted = (
            f'{{job="monitoring/vllm",namespace="llm",{label.replace("/", "_").replace("-", "_")}="{models[name]}"}}'
        )
        assert trigger["metadata"]["query"].count(wanted) == trigger["metadata"]["query"].count("{") == 2
