"""NVIDIA's GPU Operator: device plugin, MIG manager, metrics and, in mode `operator`, the driver."""

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from components.cluster.chart import install_chart
from components.cluster.chart_traffic import close, gpu_operator_traffic
from components.cluster.in_cluster import in_cluster
from components.cluster.namespace import namespace
from components.foundation import KubernetesCluster
from planning.plan import GpuOperatorPlan


class GpuOperator(pulumi.ComponentResource):
    """The Plan holds the whole set of values of one ownership mode; nothing is added to it here."""

    chart: Release

    def __init__(
        self,
        name: str,
        plan: GpuOperatorPlan,
        *,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:GpuOperator", name, None, opts)
        space = namespace(
            f"{name}-namespace",
            plan.chart.namespace,
            pod_security="privileged",
            opts=in_cluster(self, cluster, *cluster.admission),
        )
        openings = gpu_operator_traffic(plan.traffic)
        policies = close(name, plan.chart.namespace, openings, parent=self, cluster=cluster, space=space)
        self.chart = install_chart(
            f"{name}-release",
            plan.chart,
            plan.values,
            opts=in_cluster(self, cluster, space, *policies),
        )
        self.register_outputs({"namespace": plan.chart.namespace})
