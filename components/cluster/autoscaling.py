"""KEDA: turns a Prometheus query into replicas."""

import pulumi
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.helm.v3 import Release

from components.cluster.chart import install_chart
from components.cluster.chart_traffic import autoscaling_traffic, close
from components.cluster.in_cluster import in_cluster
from components.cluster.namespace import namespace
from components.foundation import KubernetesCluster
from planning.plan import AutoscalingPlan, Json

# What is scaled are Deployments, by a query that takes no credentials: no Secret but its own certificates is read (of a
# TriggerAuthentication, only what is in its own namespace), and no other kind is scaled or looked at.
# Source: kedacore/charts keda/templates/manager/clusterrole.yaml and minimal-rbac.yaml.
_RIGHTS: dict[str, Json] = {
    "permissions": {"operator": {"restrict": {"secret": True}}, "metricServer": {"restrict": {"secret": True}}},
    "rbac": {"enabledCustomScaledRefKinds": False},
}


class Autoscaling(pulumi.ComponentResource):
    """The only server of external metrics in the cluster: a second one would take over the API.

    `models` is the one namespace in which it scales, and in which its chart gives it rights.
    """

    chart: Release

    def __init__(
        self,
        name: str,
        plan: AutoscalingPlan,
        *,
        models: Namespace,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Autoscaling", name, None, opts)
        space = namespace(f"{name}-namespace", plan.chart.namespace, opts=in_cluster(self, cluster, *cluster.admission))
        openings = autoscaling_traffic(plan.traffic)
        policies = close(name, plan.chart.namespace, openings, parent=self, cluster=cluster, space=space)
        self.chart = install_chart(
            f"{name}-release",
            plan.chart,
            # The chart's default, Always, makes every restart depend on the registry.
            {
                "crds": {"install": True},
                "image": {"pullPolicy": "IfNotPresent"},
                # Without it the operator's pod has no port with metrics.
                "prometheus": {"operator": {"enabled": True}},
                **_RIGHTS,
                # Bound in this namespace and its own: elsewhere it may not even see what there is to scale.
                "watchNamespace": plan.models_namespace,
                **cluster.system_nodes.helm_values(),
            },
            opts=in_cluster(self, cluster, space, models, *policies),
        )
        self.register_outputs({"namespace": plan.chart.namespace})
