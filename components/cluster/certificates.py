"""cert-manager: makes the certificates of webhooks inside the cluster, and renews them by itself."""

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from components.cluster.chart import install_chart
from components.cluster.chart_traffic import certificates_traffic, close
from components.cluster.in_cluster import in_cluster
from components.cluster.namespace import namespace
from components.foundation import KubernetesCluster
from planning.plan import CertificatesPlan, Json, NodeSelection


class Certificates(pulumi.ComponentResource):
    """Ready when its own webhook answers: the chart waits for that after its installation."""

    chart: Release

    def __init__(
        self,
        name: str,
        plan: CertificatesPlan,
        *,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Certificates", name, None, opts)
        space = namespace(f"{name}-namespace", plan.chart.namespace, opts=in_cluster(self, cluster, *cluster.admission))
        openings = certificates_traffic(plan.traffic)
        policies = close(name, plan.chart.namespace, openings, parent=self, cluster=cluster, space=space)
        self.chart = install_chart(
            f"{name}-release",
            plan.chart,
            _values(plan, cluster.system_nodes),
            opts=in_cluster(self, cluster, space, *policies),
        )
        self.register_outputs({"namespace": plan.chart.namespace})


def _values(plan: CertificatesPlan, nodes: NodeSelection) -> dict[str, Json]:
    placed = nodes.helm_values()
    return {
        "crds": {"enabled": True},
        # By default it elects its leader in kube-system, where it would need rights of its own.
        "global": {"leaderElection": {"namespace": plan.chart.namespace}},
        **placed,
        "webhook": placed,
        "cainjector": placed,
        "startupapicheck": placed,
    }
