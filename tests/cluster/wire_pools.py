"""Agent pools as the program puts them on the wire, made from the Plan for tests that don't run the program."""

from typing import Any

from planning.plan import Plan, PoolPlan


def wire_pool(plan: PoolPlan) -> dict[str, Any]:
    """Inputs of a pool's AgentPool that bear on its nodes."""
    optional = {
        "availabilityZones": list(plan.zones),
        "gpuInstanceProfile": plan.gpu_instance_profile,
        "gpuProfile": {"driver": plan.gpu_driver} if plan.gpu_driver else None,
    }
    return {
        "agentPoolName": plan.aks_name,
        "count": plan.min_nodes,
        "enableAutoScaling": True,
        "maxCount": plan.max_nodes,
        "maxPods": plan.max_pods,
        "minCount": plan.min_nodes,
        "mode": "User",
        "nodeLabels": dict(plan.labels),
        "nodeTaints": list(plan.taints),
        "osDiskSizeGB": plan.os_disk_gib,
        "scaleSetPriority": "Spot" if plan.spot else "Regular",
        "vmSize": plan.vm_size,
        **{key: value for key, value in optional.items() if value},
    }


def operator_values(plan: Plan) -> dict[str, Any]:
    """Values of the GPU Operator's chart."""
    return dict(plan.gpu_operator.values)
