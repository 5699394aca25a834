"""cert-manager: makes the certificates of webhooks inside the cluster, and the gateway's if an authority signs it."""

import pulumi
from pulumi_kubernetes.helm.v3 import Release

from components.cluster.certificate_issuer import cluster_issuer, issuer_account, issuer_values
from components.cluster.chart import install_chart, merged
from components.cluster.chart_traffic import certificates_traffic, close
from components.cluster.in_cluster import in_cluster
from components.cluster.namespace import namespace
from components.foundation import KubernetesCluster, PodIdentities
from planning.plan import CertificatesPlan, Json, NodeSelection


class Certificates(pulumi.ComponentResource):
    """Ready when its own webhook answers: the chart waits for that after its installation.

    `issuers` is what a Certificate that an authority signs waits for; empty without one.
    """

    chart: Release
    issuers: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: CertificatesPlan,
        *,
        identities: PodIdentities,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Certificates", name, None, opts)
        space = namespace(f"{name}-namespace", plan.chart.namespace, opts=in_cluster(self, cluster, *cluster.admission))
        openings = certificates_traffic(plan)
        policies = close(name, plan.chart.namespace, openings, parent=self, cluster=cluster, space=space)
        account = (
            issuer_account(
                f"{name}-issuer",
                plan.issuer,
                identities=identities,
                cluster=cluster,
                namespace=plan.chart.namespace,
                space=space,
                parent=self,
            )
            if plan.issuer is not None
            else []
        )
        self.chart = install_chart(
            f"{name}-release",
            plan.chart,
            _values(plan, cluster.system_nodes),
            opts=in_cluster(self, cluster, space, *policies, *account),
        )
        self.issuers = (
            [cluster_issuer(name, plan.issuer, chart=self.chart, cluster=cluster, parent=self)]
            if plan.issuer is not None
            else []
        )
        self.register_outputs({"namespace": plan.chart.namespace})


def _values(plan: CertificatesPlan, nodes: NodeSelection) -> dict[str, Json]:
    placed = nodes.helm_values()
    values: dict[str, Json] = {
        "crds": {"enabled": True},
        # By default it elects its leader in kube-system, where it would need rights of its own.
        "global": {"leaderElection": {"namespace": plan.chart.namespace}},
        **placed,
        "webhook": placed,
        "cainjector": placed,
        "startupapicheck": placed,
    }
    return values if plan.issuer is None else merged(values, issuer_values(plan.issuer))
