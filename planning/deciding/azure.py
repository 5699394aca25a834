"""Plans the foundation on Azure; network, cluster, pools and identities of pods have modules of their own."""

from planning.deciding.access import azure_access
from planning.deciding.api_management import api_management
from planning.deciding.audit import audit
from planning.deciding.azure_monitor import azure_monitor
from planning.deciding.azure_redis import managed_redis
from planning.deciding.cluster import cluster, identities
from planning.deciding.keys import keys
from planning.deciding.network import network
from planning.deciding.pod_identities import pod_identities
from planning.deciding.pools import agent_pool
from planning.deciding.roles import grant
from planning.deciding.safety import content_safety
from planning.deciding.surface import dns_name
from planning.deciding.system_nodes import system_nodes
from planning.deciding.system_pool import system_pool
from planning.deciding.usage_export import usage_records
from planning.naming import WEIGHTS_CONTAINER
from planning.plan import (
    AdminGrantPlan,
    AzurePlan,
    AzureScopePlan,
    CachePlan,
    ModelStorePlan,
    RegistryAccountPlan,
    RegistryPlan,
    VaultPlan,
)
from planning.resolving.image_sources import image_sources
from planning.resolving.resolution import ResolvedStack
from planning.resolving.secrets import generated_secrets
from planning.resolving.tags import tags_of

# Azure's name for the credentials, and for who reads their secrets.
_DOCKER_HUB = "docker-hub"


def azure(stack: ResolvedStack) -> AzurePlan:
    """Plan everything below Kubernetes."""
    system = system_pool(stack)
    return AzurePlan(
        scope=_scope(stack),
        audit=audit(stack),
        network=network(stack),
        gateway_name=dns_name(stack),
        identity=identities(stack),
        cluster=cluster(stack),
        system_pool=system,
        agent_pools=tuple(agent_pool(stack, view) for view in stack.pools),
        vault=_vault(stack),
        keys=keys(stack),
        registry=_registry(stack),
        model_store=_model_store(stack),
        usage_records=usage_records(stack),
        monitor=azure_monitor(stack),
        redis=managed_redis(stack),
        api_management=api_management(stack),
        access=azure_access(stack),
        content_safety=content_safety(stack),
        pod_identities=pod_identities(stack),
        system_nodes=system_nodes(system.pool),
    )


def _scope(stack: ResolvedStack) -> AzureScopePlan:
    settings = stack.settings.platform
    return AzureScopePlan(
        subscription_id=settings.subscription_id,
        tenant_id=settings.tenant_id,
        resource_group=stack.names.resource_group.value,
        region=settings.region,
        tags=tuple(sorted(tags_of(settings).items())),
        protect=settings.protected,
        lock=settings.locked,
    )


def _vault(stack: ResolvedStack) -> VaultPlan:
    settings = stack.settings.security.vault
    return VaultPlan(
        name=stack.names.vault.value,
        purge_protection=settings.purge_protection,
        soft_delete_days=settings.soft_delete_days,
        endpoint=stack.names.endpoint("vault").value,
        endpoint_group=_endpoint_group(stack, "key_vault"),
        bootstrap=tuple(sorted(stack.bootstrap)),
        generated=generated_secrets(stack.settings),
        admins=_admins(stack, "key_vault_secrets_officer", "vault"),
    )


def _registry(stack: ResolvedStack) -> RegistryPlan:
    caches = tuple(
        CachePlan(
            name=host.replace(".", "-"),
            source=f"{host}/*",
            target=f"{host}/*",
            authenticated=host in stack.catalog.azure.artifact_cache.authenticated,
        )
        for host in image_sources(stack.resolution).cached
    )
    return RegistryPlan(
        name=stack.names.registry.value,
        zone_redundant=stack.settings.storage.redundancy == "zone",
        endpoint=stack.names.endpoint("registry").value,
        endpoint_group=_endpoint_group(stack, "container_registry"),
        pull=grant(stack, "kubelet", "acr_pull", "registry"),
        account=_account(stack) if any(cache.authenticated for cache in caches) else None,
        caches=caches,
    )


def _account(stack: ResolvedStack) -> RegistryAccountPlan | None:
    """Plan the account for Docker Hub, which may read its own two secrets and no other."""
    account = stack.settings.registry.docker_hub
    if account is None:
        return None
    vault = f"https://{stack.names.vault.value}.vault.azure.net/secrets"
    return RegistryAccountPlan(
        name=_DOCKER_HUB,
        login_server="docker.io",
        username_secret=f"{vault}/{account.username_secret}",
        token_secret=f"{vault}/{account.token_secret}",
        read=tuple(
            (secret, grant(stack, _DOCKER_HUB, "key_vault_secrets_user", f"secret-{secret}"))
            for secret in (account.username_secret, account.token_secret)
        ),
    )


def _model_store(stack: ResolvedStack) -> ModelStorePlan:
    """Plan the store of weights; block blobs on SSD are what vLLM streams fastest from."""
    zone = stack.settings.storage.redundancy == "zone"
    return ModelStorePlan(
        resource_group=stack.names.store_resource_group.value,
        account=stack.names.storage_account.value,
        container=WEIGHTS_CONTAINER,
        sku="Premium_ZRS" if zone else "Premium_LRS",
        soft_delete_days=stack.settings.storage.soft_delete_days,
        immutable_days=stack.settings.storage.immutable_days,
        endpoint=stack.names.endpoint("models").value,
        endpoint_group=_endpoint_group(stack, "storage_blob"),
        admins=_admins(stack, "storage_blob_data_contributor", "weights"),
        vault_uri=f"https://{stack.names.vault.value}.vault.azure.net",
        key_off=stack.settings.security.keys.store is False,
    )


def _admins(stack: ResolvedStack, role: str, scope: str) -> tuple[AdminGrantPlan, ...]:
    """Grant a role on what vault or store hold to the groups that administer the cluster.

    Owner and Contributor of a subscription are no such roles: Azure answers 403 to them.
    """
    return tuple(
        AdminGrantPlan(group=group, grant=grant(stack, f"admins-{group}", role, scope))
        for group in stack.settings.cluster.admin_groups
    )


def _endpoint_group(stack: ResolvedStack, link: str) -> str:
    group = stack.catalog.azure.private_links[link].group_id
    if group is None:
        raise ValueError(f"the catalog has no group id for private links to {link}")
    return group
