"""Small objects that the harness's own tests put into a cluster: nodes with devices, pods and deployments for them."""

from collections.abc import Mapping
from typing import Any

from simulators.api_server.client import Client, Object
from simulators.kubelet.pod_states import is_ready

SLICE = "nvidia.com/mig-3g.47gb"
TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
TOLERATION = {"key": "nvidia.com/gpu", "operator": "Equal", "value": "present", "effect": "NoSchedule"}


def add_node(client: Client, name: str, devices: Mapping[str, str] | None = None) -> None:
    """A node with 40 CPUs, and with devices, which others are kept from by the usual taint."""
    client.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {}})
    if devices:
        # Admission takes a new node's taints and gives it its own.
        client.patch("v1", "Node", name, {"spec": {"taints": [TAINT]}}, patch="strategic")
    capacity = {"cpu": "40", "memory": "320Gi", "ephemeral-storage": "128Gi", "pods": "110", **(devices or {})}
    status = {"status": {"capacity": capacity, "allocatable": capacity}}
    client.patch("v1", "Node", name, status, subresource="status")


def pod_spec(devices: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """One container; one that asks for devices tolerates their taint."""
    container: dict[str, Any] = {"name": "main", "image": "registry.invalid/main:1"}
    if devices:
        container["resources"] = {"limits": dict(devices), "requests": dict(devices)}
    return {"containers": [container], **({"tolerations": [TOLERATION]} if devices else {}), **more}


def pod(name: str, spec: Mapping[str, Any], **labels: str) -> Object:
    """A pod in the namespace `default`."""
    metadata = {"name": name, "namespace": "default", "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def deployment(name: str, spec: Mapping[str, Any], *, replicas: int, **more: Any) -> Object:
    """A Deployment in the namespace `default` whose pods carry `app: <name>`; `more` goes into its spec."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template, **more},
    }


def ready_on(client: Client, **labels: str) -> list[str]:
    """Nodes of the ready pods with these labels that are not about to end, one entry a pod, sorted."""
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    pods = client.list("v1", "Pod", "default", labelSelector=selector)
    return sorted(
        item["spec"]["nodeName"] for item in pods if is_ready(item) and not item["metadata"].get("deletionTimestamp")
    )
