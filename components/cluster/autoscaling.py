"""KEDA: turns a Prometheus query into replicas."""

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from components.azure.cluster import Cluster
from components.cluster.chart import on_system_nodes, release
from components.cluster.in_cluster import in_cluster
from components.cluster.namespace import namespace
from planning.plan import AutoscalingPlan


class Autoscaling(pulumi.ComponentResource):
    """The only server of external metrics in the cluster: a second one would take the API away from this one."""

    release: Release

    def __init__(
        self,
        name: str,
        plan: AutoscalingPlan,
        *,
        cluster: Cluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Autoscaling", name, None, opts)
        space = namespace(
            f"{name}-namespace", plan.chart.namespace, pod_security="baseline", opts=in_cluster(self, cluster)
        )
        self.release = release(
            f"{name}-release",
            plan.chart,
            {"crds": {"install": True}, **on_system_nodes()},
            opts=in_cluster(self, cluster, space),
        )
        self.register_outputs({"namespace": plan.chart.namespace})
