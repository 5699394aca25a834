"""Agent pools as the program puts them on the wire, made from the Plan for tests that don't run the program."""

from typing import Any

from planning.plan import AgentPoolPlan, Plan


def wire_pool(plan: AgentPoolPlan) -> dict[str, Any]:
    """Inputs of a pool's AgentPool that bear on its nodes."""
    optional = {
        "availabilityZones": list(plan.pool.zones),
        "gpuInstanceProfile": plan.gpu_instance_profile,
        "gpuProfile": {"driver": plan.gpu_driver} if plan.gpu_driver else None,
    }
    return {
        "agentPoolName": plan.aks_name,
        "count": plan.pool.min_nodes,
        "enableAutoScaling": True,
        "maxCount": plan.pool.max_nodes,
        "maxPods": plan.max_pods,
        "minCount": plan.pool.min_nodes,
        "mode": plan.mode,
        "nodeLabels": dict(plan.pool.labels),
        "nodeTaints": list(plan.pool.taints),
        "osDiskSizeGB": plan.os_disk_gib,
        "scaleSetPriority": "Spot" if plan.pool.spot else "Regular",
        "vmSize": plan.pool.vm_size,
        **{key: value for key, value in optional.items() if value},
    }


def operator_values(plan: Plan) -> dict[str, Any]:
    """Values of the GPU Operator's chart."""
    return dict(plan.gpu_operator.values)
