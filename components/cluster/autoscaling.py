"""KEDA: turns a Prometheus query into replicas."""

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from components.cluster.chart import install_chart
from components.cluster.in_cluster import in_cluster
from components.cluster.namespace import namespace
from components.foundation import KubernetesCluster
from planning.plan import AutoscalingPlan


class Autoscaling(pulumi.ComponentResource):
    """The only server of external metrics in the cluster: a second one would take over the API."""

    chart: Release

    def __init__(
        self,
        name: str,
        plan: AutoscalingPlan,
        *,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Autoscaling", name, None, opts)
        space = namespace(
            f"{name}-namespace",
            plan.chart.namespace,
            pod_security="baseline",
            opts=in_cluster(self, cluster, *cluster.admission),
        )
        self.chart = install_chart(
            f"{name}-release",
            plan.chart,
            # The chart's default, Always, makes every restart depend on the registry.
            {
                "crds": {"install": True},
                "image": {"pullPolicy": "IfNotPresent"},
                # Without it the operator's pod has no port with metrics.
                "prometheus": {"operator": {"enabled": True}},
                **cluster.system_nodes.helm_values(),
            },
            opts=in_cluster(self, cluster, space),
        )
        self.register_outputs({"namespace": plan.chart.namespace})
