"""How many replicas a model has: KEDA decides by the requests that wait and run."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.foundation import KubernetesCluster
from planning.plan import Json, ScalingPlan, WorkloadPlan

_POLL_SECONDS = 15
# A replica takes minutes to start: one at a time, and the next only when the last one has taken over load.
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
                "pollingInterval": _POLL_SECONDS,
                "cooldownPeriod": plan.cooldown_seconds,
                # When metrics are missing, keep the current replicas. Never 0: KEDA treats that as no fallback at all
                # and scales the Deployment to zero (RequestScale in v2.20.2).
                "fallback": {
                    "failureThreshold": 3,
                    "replicas": max(1, plan.min),
                    "behavior": "currentReplicasIfHigher",
                },
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
                            # Missing data is an error that triggers `fallback`, not a load of zero.
                            "ignoreNullValues": "false",
                        },
                    }
                ],
            },
            opts=in_cluster(self, cluster, *ready),
        )
        self.register_outputs({})
