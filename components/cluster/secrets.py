"""External Secrets Operator: how what lies in the vault becomes Secrets in the cluster."""

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.azure.cluster import Cluster
from components.azure.resource_groups import ResourceGroups
from components.azure.vault import Vault
from components.azure.workload_identity import WorkloadIdentity
from components.cluster.chart import on_system_nodes, release
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import labels, metadata
from components.cluster.namespace import namespace
from planning.plan import Json, SecretsPlan


class Secrets(pulumi.ComponentResource):
    """The operator and one store; the store serves only the namespaces that the Plan names.

    `ready` is what an ExternalSecret waits for.
    """

    plan: SecretsPlan
    store: CustomResource
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: SecretsPlan,
        *,
        groups: ResourceGroups,
        vault: Vault,
        cluster: Cluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Secrets", name, None, opts)
        self.plan = plan
        identity = WorkloadIdentity(
            f"{name}-reader",
            plan.identity,
            platform=groups.plan,
            issuer_url=cluster.issuer_url,
            depends_on=[groups.platform],
            opts=pulumi.ResourceOptions(parent=self),
        )
        grant = identity.grant(plan.read_vault, vault.id, [vault.vault])

        space = namespace(
            f"{name}-namespace", plan.chart.namespace, pod_security="baseline", opts=in_cluster(self, cluster)
        )
        operator = release(f"{name}-operator", plan.chart, _values(), opts=in_cluster(self, cluster, space))
        account_name, account_namespace = str(plan.identity.service_account), str(plan.identity.namespace)
        account = ServiceAccount(
            f"{name}-account",
            metadata={
                "name": account_name,
                "namespace": account_namespace,
                "labels": labels(account_name),
                "annotations": {
                    "azure.workload.identity/client-id": identity.client_id,
                    "azure.workload.identity/tenant-id": groups.plan.tenant_id,
                },
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
                "provider": {
                    "azurekv": {
                        "authType": "WorkloadIdentity",
                        "vaultUrl": vault.plan.uri,
                        "serviceAccountRef": {"name": account_name, "namespace": account_namespace},
                    }
                },
                "conditions": [{"namespaces": list(plan.namespaces)}],
            },
            opts=in_cluster(self, cluster, operator, account, identity.ready, grant, *vault.ready),
        )
        self.ready = [operator, self.store]
        self.register_outputs({"store": plan.store})


def _values() -> dict[str, Json]:
    return {
        "installCRDs": True,
        # Nothing here writes to the vault or spreads secrets over namespaces, so the operator need not be able to.
        "processClusterExternalSecret": False,
        "processPushSecret": False,
        "processClusterPushSecret": False,
        **_pod("50m", "128Mi", "256Mi"),
        "webhook": _pod("10m", "64Mi", "128Mi"),
        "certController": _pod("10m", "64Mi", "128Mi"),
    }


def _pod(cpu: str, memory: str, most_memory: str) -> dict[str, Json]:
    return {
        **on_system_nodes(),
        "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": most_memory}},
    }
