"""Nodes and pods as the simulated autoscaler's own tests give them to it."""

from collections.abc import Mapping
from typing import Any, Final

from simulators.aks.autoscaler import GPU_LABEL

GPU: Final = "nvidia.com/gpu"
SLICE: Final = "nvidia.com/mig-3g.47gb"
TAINT: Final = {"key": GPU, "value": "present", "effect": "NoSchedule"}
TOLERATION: Final = {"key": GPU, "operator": "Exists"}
COMING: Final = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def node(
    name: str,
    pool: str,
    *,
    cpu: str = "10",
    memory: str = "100Gi",
    gpus: int = 1,
    devices: Mapping[str, str] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """A node; with `devices` it has GPUs, and offers these."""
    offered = dict(devices) if devices is not None else {GPU: str(gpus)} if gpus else {}
    amounts = {"cpu": cpu, "memory": memory, "ephemeral-storage": "512Gi", "pods": "10", **offered}
    has_gpus = devices is not None or gpus > 0
    return {
        "metadata": {"name": name, "labels": {"pool": pool, **({GPU_LABEL: "nvidia"} if has_gpus else {})}},
        "spec": {"taints": [TAINT] if has_gpus else [], **spec},
        "status": {"capacity": amounts, "allocatable": amounts, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def pod(name: str, *, on: str = "", gpus: int = 1, cpu: str = "4", reason: str = "Unschedulable", **spec: Any) -> Any:
    requested = {"cpu": cpu, **({GPU: str(gpus)} if gpus else {})}
    condition = {"type": "PodScheduled", "status": "False", "reason": reason}
    return {
        "metadata": {
            "name": name,
            "namespace": "n",
            "labels": {"app": name},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "r", "controller": True}],
        },
        "spec": {
            "containers": [{"name": "c", "resources": {"requests": requested}}],
            "tolerations": [TOLERATION],
            **({"nodeName": on} if on else {}),
            **spec,
        },
        "status": {"phase": "Running"} if on else {"phase": "Pending", "conditions": [condition]},
    }
