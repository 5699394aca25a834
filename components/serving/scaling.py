"""How many replicas a model has: KEDA decides by the requests that wait and run."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.foundation import KubernetesCluster
from planning.plan import Json, ScalingPlan, WorkloadPlan

_POLL_SECONDS = 15
# One replica every three minutes at most. A start may take longer: then the next replica comes before the last one
# has taken over load, for a queue that has grown further by then.
_UP: dict[str, Json] = {
    "stabilizationWindowSeconds": 0,
    "policies": [{"type": "Pods", "value": 1, "periodSeconds": 180}],
}
# A replica that is removed too early costs a whole start when the load returns.
_DOWN: dict[str, Json] = {
    "stabilizationWindowSeconds": 600,
    "policies": [{"type": "Pods", "value": 1, "periodSeconds": 300}],
}


class ModelScaling(pulumi.ComponentResource):
    """The ScaledObject of one workload, with the workload's name."""

    scaled_object: CustomResource

    def __init__(
        self,
        name: str,
        plan: ScalingPlan,
        *,
        target: WorkloadPlan,
        namespace: str,
        cluster: KubernetesCluster,
        ready: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:ModelScaling", name, None, opts)
        self.scaled_object = CustomResource(
            f"{name}-scaled-object",
            api_version="keda.sh/v1alpha1",
            kind="ScaledObject",
            metadata=metadata(target.name, namespace),
            spec={
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": target.kind, "name": target.name},
                "minReplicaCount": plan.min,
                "maxReplicaCount": plan.max,
                **(_sleeping(plan) if plan.min == 0 else _awake(plan)),
                "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleUp": _UP, "scaleDown": _DOWN}}},
                "triggers": [
                    {
                        "type": "prometheus",
                        # AverageValue: the query sums over replicas, the autoscaler divides by their number.
                        "metricType": "AverageValue",
                        "metadata": {
                            "serverAddress": plan.server,
                            "query": plan.query,
                            "threshold": str(plan.threshold),
                            **({"activationThreshold": str(plan.waking_load)} if plan.min == 0 else {}),
                            # Missing data is an error, not a load of zero.
                            "ignoreNullValues": "false",
                        },
                    }
                ],
            },
            opts=in_cluster(self, cluster, *ready),
        )
        self.register_outputs({})


def _sleeping(plan: ScalingPlan) -> dict[str, Json]:
    """Where there may be no replica: KEDA itself polls, wakes the first one and removes all after the cooldown.

    No `fallback`: a trigger that has fallen back counts as active (`getScalerState` in v2.21.0), so that a minute
    without metrics would wake a workload that has nothing to do. Without one KEDA keeps what there is.
    """
    return {"pollingInterval": _POLL_SECONDS, "cooldownPeriod": plan.cooldown_seconds}


def _awake(plan: ScalingPlan) -> dict[str, Json]:
    """Where a replica always runs: without metrics the replicas stay, and come back if all are gone.

    Polling and cooldown are about zero replicas; KEDA warns of them here, and since v2.21.0 it takes the autoscaler's
    word for the metrics.
    """
    return {"fallback": {"failureThreshold": 3, "replicas": plan.min, "behavior": "currentReplicasIfHigher"}}
