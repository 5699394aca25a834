"""Azure Managed Redis: what tenants have taken, kept in two zones and on disk."""

import pulumi
from pulumi_azure_native import keyvault, redisenterprise

from components.azure.audit import Audit, recorded
from components.azure.network import REDIS_ZONE, Network
from components.azure.private_endpoint import private_endpoint
from components.azure.resource_groups import ResourceGroups
from components.azure.vault import Vault
from planning.plan import AzureScopePlan, ManagedRedisPlan

# Azure allows one database, of this name.
_DATABASE = "default"


class ManagedRedis(pulumi.ComponentResource):
    """Its access key is in the vault once it is there: the cluster's objects read it from nowhere else."""

    def __init__(
        self,
        name: str,
        plan: ManagedRedisPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        network: Network,
        vault: Vault,
        audit: Audit | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:ManagedRedis", name, None, opts)
        group = groups.platform
        cluster = redisenterprise.RedisEnterprise(
            f"{name}-cluster",
            cluster_name=plan.name,
            resource_group_name=scope.resource_group,
            location=scope.region,
            sku={"name": plan.sku},
            # Two nodes, in two zones where the region has them.
            high_availability=redisenterprise.HighAvailability.ENABLED,
            minimum_tls_version=redisenterprise.TlsVersion.TLS_VERSION_1_2,
            public_network_access=redisenterprise.PublicNetworkAccess.DISABLED,
            tags=dict(scope.tags),
            # A month's counts are in it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group], protect=scope.protect),
        )
        database = redisenterprise.Database(
            f"{name}-database",
            cluster_name=plan.name,
            database_name=_DATABASE,
            resource_group_name=scope.resource_group,
            client_protocol=redisenterprise.Protocol.ENCRYPTED,
            # The rate-limit service speaks with one server; it asks for keys that clusters keep on several.
            clustering_policy=redisenterprise.ClusteringPolicy.NO_CLUSTER,
            # What could be forgotten would be a limit that doesn't hold.
            eviction_policy=redisenterprise.EvictionPolicy.NO_EVICTION,
            persistence={"aof_enabled": True, "aof_frequency": redisenterprise.AofFrequency.AOF_FREQUENCY_1S},
            access_keys_authentication=redisenterprise.AccessKeysAuthentication.ENABLED,
            port=plan.port,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[cluster], protect=scope.protect),
        )
        private_endpoint(
            f"{name}-endpoint",
            endpoint=plan.endpoint,
            service_id=cluster.id,
            group_id=plan.endpoint_group,
            zone=REDIS_ZONE,
            scope=scope,
            connected_to=network,
            parent=self,
            depends_on=[group, cluster, database, *recorded(audit, "redis", database, name=name, parent=self)],
        )
        keys = redisenterprise.list_database_keys_output(
            cluster_name=plan.name,
            database_name=_DATABASE,
            resource_group_name=scope.resource_group,
            opts=pulumi.InvokeOutputOptions(parent=self, depends_on=[database]),
        )
        keyvault.Secret(
            f"{name}-password",
            secret_name=plan.password,
            vault_name=plan.vault,
            resource_group_name=scope.resource_group,
            properties={"value": pulumi.Output.secret(keys.primary_key), "content_type": "text/plain"},
            tags=dict(scope.tags),
            # A deleted secret keeps its name for days, and whoever goes back to this Redis couldn't write it again.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[database, vault.vault], retain_on_delete=True),
        )
        self.register_outputs({"name": plan.name})
