"""The foundation on Azure on one page: groups, audit, network, AKS and its pools, vault, registry, store of weights."""

from collections.abc import Mapping

import pulumi
import pulumi_azure_native

from components.azure.access import AzureAccess
from components.azure.api_management import ApiManagement
from components.azure.audit import Audit
from components.azure.cluster import Cluster
from components.azure.content_safety import ContentSafety
from components.azure.gateway_name import GatewayName
from components.azure.identity import ClusterIdentities
from components.azure.keys import Keys
from components.azure.managed_grafana import ManagedGrafana
from components.azure.metrics_workspace import MetricsWorkspace
from components.azure.model_store import ModelStore
from components.azure.network import Network
from components.azure.node_pools import NodePools
from components.azure.pod_identities import AzurePodIdentities
from components.azure.redis import ManagedRedis
from components.azure.registry import Registry
from components.azure.resource_groups import ResourceGroups
from components.azure.usage_records import UsageRecords
from components.azure.vault import Vault
from components.foundation import Foundation, KubernetesCluster
from planning.plan import AzurePlan


def azure(plan: AzurePlan, *, bootstrap: Mapping[str, pulumi.Output[str]]) -> Foundation:
    """Build everything below Kubernetes; `bootstrap` holds the values of the vault's first secrets."""
    scope = plan.scope
    # The default provider would build in whatever subscription the operator happens to be signed in to.
    provider = pulumi_azure_native.Provider("azure", subscription_id=scope.subscription_id, tenant_id=scope.tenant_id)
    opts = pulumi.ResourceOptions(providers=[provider])

    # Phase 1: resource groups, where everything is recorded, and network.
    groups = ResourceGroups("groups", plan.model_store, scope=scope, opts=opts)
    audit = Audit("audit", plan.audit, scope=scope, groups=groups, opts=opts) if plan.audit is not None else None
    network = Network("network", plan.network, scope=scope, groups=groups, audit=audit, opts=opts)

    # Phase 2: what nodes pull from, before there are any.
    identity = ClusterIdentities("identity", plan.identity, scope=scope, groups=groups, network=network, opts=opts)
    vault = Vault(
        "vault", plan.vault, scope=scope, groups=groups, network=network, audit=audit, bootstrap=bootstrap, opts=opts
    )
    registry = Registry(
        "registry", plan.registry, scope=scope, groups=groups, network=network, identities=identity, vault=vault,
        audit=audit, opts=opts,
    )  # fmt: skip

    keys = (
        Keys(
            "keys",
            plan.keys,
            scope=scope,
            groups=groups,
            vault=vault,
            vault_name=plan.vault.name,
            identities=identity,
            opts=opts,
        )
        if plan.keys is not None
        else None
    )

    # Phase 3: the cluster and its nodes.
    cluster = Cluster(
        "cluster", plan.cluster, plan.system_pool, scope=scope, groups=groups, network=network, identities=identity,
        images=registry.ready, keys=keys, audit=audit, opts=opts,
    )  # fmt: skip
    pools = NodePools(
        "pools", plan.agent_pools, scope=scope, groups=groups, network=network, cluster=cluster, opts=opts
    )

    # Phase 4: what pods use outside the cluster.
    store = ModelStore(
        "model-store", plan.model_store, scope=scope, groups=groups, network=network, keys=keys, audit=audit, opts=opts
    )

    usage = (
        UsageRecords("usage-records", plan.usage_records, scope=scope, store=store, opts=opts)
        if plan.usage_records is not None
        else None
    )
    redis = (
        ManagedRedis(
            "redis", plan.redis, scope=scope, groups=groups, network=network, vault=vault, audit=audit, opts=opts
        )
        if plan.redis is not None
        else None
    )
    front = (
        ApiManagement(
            "api-management", plan.api_management, scope=scope, groups=groups, network=network, vault=vault,
            audit=audit, opts=opts,
        )
        if plan.api_management is not None
        else None
    )  # fmt: skip
    access = (
        AzureAccess("people", plan.access, cluster=cluster, store=store, opts=opts) if plan.access is not None else None
    )
    name = (
        GatewayName("gateway-name", plan.gateway_name, scope=scope, identities=identity, opts=opts)
        if plan.gateway_name is not None
        else None
    )
    safety = (
        ContentSafety(
            "content-safety-account",
            plan.content_safety,
            scope=scope,
            groups=groups,
            network=network,
            audit=audit,
            opts=opts,
        )
        if plan.content_safety is not None
        else None
    )

    metrics = (
        MetricsWorkspace("metrics", plan.monitor, scope=scope, groups=groups, opts=opts)
        if plan.monitor is not None
        else None
    )
    shown = [
        ManagedGrafana("grafana", part.grafana, scope=scope, groups=groups, metrics=metrics, audit=audit, opts=opts)
        for part in (plan.monitor,) if part is not None and part.grafana is not None and metrics is not None
    ]  # fmt: skip

    return Foundation(
        name=plan.cluster.name,
        cluster=KubernetesCluster(
            provider=cluster.kubernetes,
            deleted_with=cluster.cluster,
            issuer_url=cluster.issuer_url,
            system_nodes=plan.system_nodes,
            pools={name: (pool,) for name, pool in pools.by_name.items()},
        ),
        identities=AzurePodIdentities(
            plan.pod_identities,
            scope=scope,
            group=groups.platform,
            issuer_url=cluster.issuer_url,
            vault=vault,
            store=store,
            safety=safety,
            usage=usage,
            metrics=metrics,
            provider=provider,
        ),
        metrics=metrics,
        gateway_address=name.ready if name is not None else (),
        components=[
            component
            for component in (
                groups,
                audit,
                network,
                identity,
                cluster,
                pools,
                vault,
                keys,
                registry,
                store,
                usage,
                redis,
                front,
                access,
                name,
                safety,
                metrics,
                *shown,
            )
            if component is not None
        ],
    )
