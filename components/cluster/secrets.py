"""External Secrets Operator: copies secrets from the vault into Secrets in the cluster."""

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.helm.v3 import Release

from components.cluster.certificates import Certificates
from components.cluster.chart import install_chart
from components.cluster.chart_traffic import SECRETS_PODS, close, secrets_traffic
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.cluster.namespace import namespace
from components.cluster.sign_in import sign_in_by_name
from components.foundation import KubernetesCluster
from planning.plan import Json, NodeSelection, SecretsPlan

_ISSUER = "webhook-issuer"
# As cert-manager's own default, and the certificate of the AI gateway's webhook: renewed after 60 days.
_CERTIFICATE_HOURS = 2160


class Secrets(pulumi.ComponentResource):
    """The operator, which has no identity outside the cluster: each namespace with secrets has a store of its own."""

    operator: Release

    def __init__(
        self,
        name: str,
        plan: SecretsPlan,
        *,
        certificates: Certificates,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Secrets", name, None, opts)
        space = namespace(f"{name}-namespace", plan.chart.namespace, opts=in_cluster(self, cluster, *cluster.admission))
        openings = secrets_traffic(plan.traffic)
        by_name = sign_in_by_name(
            name, plan.chart.namespace, SECRETS_PODS, plan.traffic, parent=self, cluster=cluster, space=space
        )
        policies = [
            *by_name,
            *close(name, plan.chart.namespace, openings, parent=self, cluster=cluster, space=space, after=by_name),
        ]
        issuer = CustomResource(
            f"{name}-webhook-issuer",
            api_version="cert-manager.io/v1",
            kind="Issuer",
            metadata=metadata(_ISSUER, plan.chart.namespace),
            spec={"selfSigned": {}},
            opts=in_cluster(self, cluster, space, certificates.chart),
        )
        self.operator = install_chart(
            f"{name}-operator",
            plan.chart,
            _values(plan, cluster.system_nodes),
            opts=in_cluster(self, cluster, space, issuer, *policies),
        )
        self.register_outputs({"operator": plan.service_account})


def _values(plan: SecretsPlan, nodes: NodeSelection) -> dict[str, Json]:
    placed = nodes.helm_values()
    return {
        "installCRDs": True,
        "serviceAccount": {"name": plan.service_account},
        # Nothing here writes to the vault, makes secrets, or spreads them over namespaces, and every store is in a
        # namespace: so the operator need not be able to.
        "processClusterExternalSecret": False,
        "processClusterStore": False,
        "processClusterGenerator": False,
        "processPushSecret": False,
        "processClusterPushSecret": False,
        "rbac": {
            # It would get tokens of every account in the cluster; the stores' own are allowed beside them.
            "serviceAccountTokenCreate": False,
            # Nobody may write stores and ExternalSecrets because they may edit Deployments.
            "aggregateToView": False,
            "aggregateToEdit": False,
            "aggregateToAdmin": False,
            "servicebindings": {"create": False},
        },
        **placed,
        "webhook": {
            **placed,
            "podDisruptionBudget": {"enabled": True, "minAvailable": 1},
            # By another annotation an update replaces pods that serve the certificate of the chart's own controller:
            # they are ready with the new one alone, which cert-manager has written into the webhook by then.
            "podAnnotations": {"llm-platform/certificate": "cert-manager"},
            "certManager": {
                "enabled": True,
                "cert": {
                    "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": _ISSUER},
                    "duration": f"{_CERTIFICATE_HOURS}h0m0s",
                },
            },
        },
        # It would read every Secret of the cluster to write one certificate.
        "certController": {"create": False},
    }
