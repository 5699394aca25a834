"""A Deployment that KEDA scales: its program for the engine, and what is seen of it."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from simulators.api_server.client import Client, Object
from simulators.api_server.waiting import eventually
from simulators.keda.keda import MANAGER
from tests.cluster.small_programs import Program
from tests.cluster.workloads import deployment, pod_spec

WAITING, RUNNING = "vllm:num_requests_waiting", "vllm:num_requests_running"
LABELS = '{namespace="default",model_name="m"}'
LOAD = f"sum({WAITING}{LABELS}) + sum({RUNNING}{LABELS})"
KIND = ("keda.sh/v1alpha1", "ScaledObject", "scaled", "default")
HPA = ("autoscaling/v2", "HorizontalPodAutoscaler", "keda-hpa-scaled", "default")
# As fast as the tests' clock: one step per look.
RULES = {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 9, "periodSeconds": 15}]}
FALLBACK = {"failureThreshold": 3, "replicas": 1, "behavior": "currentReplicasIfHigher"}


def spec(**changes: Any) -> dict[str, Any]:
    """A ScaledObject's spec: 1 to 5 replicas, one for every 4 requests; `changes` go into it."""
    trigger = {
        "type": "prometheus",
        "metricType": "AverageValue",
        "metadata": {"serverAddress": "http://p", "query": LOAD, "threshold": "4", "ignoreNullValues": "false"},
    }
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
        "minReplicaCount": 1,
        "maxReplicaCount": 5,
        "triggers": [trigger],
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleUp": RULES, "scaleDown": RULES}}},
        **changes,
    }


FLOOR = spec(minReplicaCount=2, fallback={**FALLBACK, "replicas": 2})


def program(
    *,
    image: str = "registry.invalid/main:1",
    scaled: Mapping[str, Any] | None = None,
    replicas: int | None = None,
    fixed: bool = False,
) -> Program:
    """A Deployment, and before it a ScaledObject where its spec is given.

    `replicas` are the Deployment's at its creation alone, but for `fixed` ones.
    """
    content = deployment("d", pod_spec(), replicas=0)
    del content["spec"]["replicas"]
    if replicas is not None:
        content["spec"]["replicas"] = replicas
    content["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true", "pulumi.com/patchForce": "true"}
    content["spec"]["template"]["metadata"]["labels"]["llm-platform/model"] = "m"
    content["spec"]["template"]["spec"]["containers"][0]["image"] = image

    def whole(provider: k8s.Provider) -> None:
        made: list[pulumi.Resource] = []
        if scaled is not None:
            made = [
                k8s.apiextensions.CustomResource(
                    "scaled",
                    api_version="keda.sh/v1alpha1",
                    kind="ScaledObject",
                    metadata={"name": "scaled", "namespace": "default"},
                    spec=dict(scaled),
                    opts=pulumi.ResourceOptions(provider=provider),
                )
            ]
        k8s.apps.v1.Deployment(
            "d",
            metadata=content["metadata"],
            spec=content["spec"],
            opts=pulumi.ResourceOptions(
                provider=provider, depends_on=made, ignore_changes=[] if fixed else ["spec.replicas"]
            ),
        )

    return whole


def target(client: Client) -> Object:
    return client.get("apps/v1", "Deployment", "d", "default")


def require(client: Client, replicas: int) -> None:
    eventually(
        lambda: target(client)["spec"]["replicas"] == replicas, f"{replicas} replicas", last=lambda: target(client)
    )


def require_ready(client: Client, replicas: int) -> None:
    def are_ready() -> bool:
        status = target(client).get("status", {})
        return status.get("readyReplicas", 0) == status.get("updatedReplicas", 0) == replicas

    eventually(are_ready, f"{replicas} replicas are ready", last=lambda: target(client))


def owners(client: Client) -> dict[str, str | None]:
    """Who has the replicas, and through which subresource."""
    return {
        entry["manager"]: entry.get("subresource")
        for entry in target(client)["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    }


def conditions(item: Object) -> dict[str, tuple[str, str]]:
    """Status and reason of each condition."""
    found = item.get("status", {}).get("conditions", [])
    return {entry["type"]: (entry["status"], entry.get("reason", "")) for entry in found}


def scale_to(client: Client, replicas: int) -> None:
    body = {"spec": {"replicas": replicas}}
    client.patch("apps/v1", "Deployment", "d", body, namespace="default", subresource="scale", field_manager=MANAGER)
