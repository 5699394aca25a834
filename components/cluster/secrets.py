"""External Secrets Operator: copies secrets from the vault into Secrets in the cluster."""

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.cluster.chart import install_chart
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import labels, metadata
from components.cluster.namespace import namespace
from components.foundation import KubernetesCluster, PodIdentities
from planning.plan import Json, NodeSelection, SecretsPlan


class Secrets(pulumi.ComponentResource):
    """The operator and one store; only the namespaces that the Plan names may use the store.

    An ExternalSecret waits for `ready`.
    """

    store: CustomResource
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: SecretsPlan,
        *,
        identities: PodIdentities,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Secrets", name, None, opts)
        account_name, account_namespace = plan.service_account, plan.chart.namespace
        identity = identities.identity(account_namespace, account_name, parent=self)
        space = namespace(
            f"{name}-namespace",
            plan.chart.namespace,
            pod_security="baseline",
            opts=in_cluster(self, cluster, *cluster.admission),
        )
        operator = install_chart(
            f"{name}-operator", plan.chart, _values(cluster.system_nodes), opts=in_cluster(self, cluster, space)
        )
        account = ServiceAccount(
            f"{name}-account",
            metadata={
                "name": account_name,
                "namespace": account_namespace,
                "labels": labels(account_name),
                "annotations": dict(identity.annotations),
            },
            automount_service_account_token=False,
            opts=in_cluster(self, cluster, space),
        )
        self.store = CustomResource(
            f"{name}-store",
            api_version="external-secrets.io/v1",
            kind="ClusterSecretStore",
            metadata=metadata(plan.store),
            spec={
                "provider": plan.provider,
                "conditions": [{"namespaces": list(plan.namespaces)}],
            },
            opts=in_cluster(self, cluster, operator, account, *identity.ready),
        )
        self.ready = [operator, self.store]
        self.register_outputs({"store": plan.store})


def _values(nodes: NodeSelection) -> dict[str, Json]:
    placed = nodes.helm_values()
    return {
        "installCRDs": True,
        # Nothing here writes to the vault or spreads secrets over namespaces, so the operator need not be able to.
        "processClusterExternalSecret": False,
        "processPushSecret": False,
        "processClusterPushSecret": False,
        **placed,
        "webhook": {**placed, "podDisruptionBudget": {"enabled": True, "minAvailable": 1}},
        "certController": placed,
    }
