"""Plans what stands beside the cluster and in it for all models: vault, registry, store, secrets, gateway, metrics."""

from planning.deciding.charts import chart
from planning.deciding.releases import NAMESPACE, TOKEN_SECRET, WEIGHTS_CONTAINER
from planning.deciding.roles import grant
from planning.plan import (
    AutoscalingPlan,
    ClientPlan,
    GatewayPlan,
    IdentityPlan,
    ModelStorePlan,
    MonitoringPlan,
    PlatformPlan,
    RegistryPlan,
    SecretsPlan,
    ServingPlan,
    VaultPlan,
)
from planning.resolving.resolution import ResolvedStack

_GATEWAY_NAMESPACE = "llm-gateway"
_SECRETS_IDENTITY = "secrets"
_SECRETS_ACCOUNT = "key-vault-reader"


def platform(stack: ResolvedStack) -> PlatformPlan:
    """Plan who and where; every Azure resource bears these tags."""
    settings = stack.settings.platform
    tags = {"platform": settings.name, "environment": settings.environment, "managed-by": "pulumi", **settings.tags}
    return PlatformPlan(
        name=settings.name,
        environment=settings.environment,
        region=settings.region,
        subscription_id=settings.subscription_id,
        tenant_id=settings.tenant_id,
        resource_group=stack.names.resource_group.value,
        tags=tuple(sorted(tags.items())),
        protect=settings.protected,
    )


def vault(stack: ResolvedStack) -> VaultPlan:
    """Plan the key vault."""
    settings = stack.settings.security.vault
    name = stack.names.vault.value
    return VaultPlan(
        name=name,
        uri=f"https://{name}.vault.azure.net/",
        purge_protection=settings.purge_protection,
        soft_delete_days=settings.soft_delete_days,
        endpoint=stack.names.endpoint("vault").value,
        bootstrap=tuple(sorted(stack.bootstrap)),
    )


def registry(stack: ResolvedStack) -> RegistryPlan:
    """Plan the container registry."""
    return RegistryPlan(
        name=stack.names.registry.value,
        zone_redundant=stack.settings.storage.redundancy == "zone",
        endpoint=stack.names.endpoint("registry").value,
        pull=grant(stack, "kubelet", "acr_pull", "registry"),
    )


def model_store(stack: ResolvedStack) -> ModelStorePlan:
    """Plan the store of weights; block blobs on SSD are what vLLM streams fastest from."""
    zone = stack.settings.storage.redundancy == "zone"
    return ModelStorePlan(
        resource_group=stack.names.store_resource_group.value,
        account=stack.names.storage_account.value,
        container=WEIGHTS_CONTAINER,
        sku="Premium_ZRS" if zone else "Premium_LRS",
        soft_delete_days=stack.settings.storage.soft_delete_days,
        endpoint=stack.names.endpoint("models").value,
    )


def secrets(stack: ResolvedStack) -> SecretsPlan:
    """Plan External Secrets; its store answers to the namespaces that need a secret, and to no other."""
    namespaces = [_GATEWAY_NAMESPACE] + ([NAMESPACE] if stack.settings.security.hugging_face_token is not None else [])
    release = chart(stack, "external-secrets")
    return SecretsPlan(
        chart=release,
        store="key-vault",
        identity=IdentityPlan(
            name=stack.names.identity(_SECRETS_IDENTITY).value,
            namespace=release.namespace,
            service_account=_SECRETS_ACCOUNT,
            credential=stack.names.credential(_SECRETS_IDENTITY).value,
        ),
        read_vault=grant(stack, _SECRETS_IDENTITY, "key_vault_secrets_user", "vault"),
        namespaces=tuple(sorted(namespaces)),
    )


def serving(stack: ResolvedStack) -> ServingPlan:
    """Plan the namespace of the models."""
    token = stack.settings.security.hugging_face_token
    return ServingPlan(
        namespace=NAMESPACE,
        hugging_face_secret=TOKEN_SECRET if token is not None else None,
        hugging_face_key=token,
    )


def autoscaling(stack: ResolvedStack) -> AutoscalingPlan:
    """Plan KEDA."""
    return AutoscalingPlan(chart=chart(stack, "keda"))


def gateway(stack: ResolvedStack) -> GatewayPlan:
    """Plan the gateway."""
    settings = stack.settings.gateway
    return GatewayPlan(
        envoy=chart(stack, "gateway-helm"),
        ai_crds=chart(stack, "ai-gateway-crds-helm"),
        ai=chart(stack, "ai-gateway-helm"),
        namespace=_GATEWAY_NAMESPACE,
        gateway="llm",
        hostname=settings.hostname,
        certificate=settings.certificate,
        public=settings.exposure == "public",
        subnet=stack.names.subnet("gateway").value,
        clients=tuple(ClientPlan(name=client.name, key_secret=client.key_secret) for client in settings.clients),
        request_timeout_seconds=settings.request_timeout_seconds,
        min_replicas=settings.replicas.min,
        max_replicas=settings.replicas.max,
    )


def monitoring(stack: ResolvedStack) -> MonitoringPlan:
    """Plan Prometheus."""
    settings = stack.settings.observability
    release = chart(stack, "kube-prometheus-stack")
    return MonitoringPlan(
        chart=release,
        server=f"http://{release.release}-prometheus.{release.namespace}.svc:9090",
        models_namespace=NAMESPACE,
        operator_namespace=stack.catalog.charts["gpu-operator"].namespace,
        retention_days=settings.retention_days,
        storage_gib=settings.storage_gib,
        replicas=settings.replicas,
        waiting_requests=settings.alerts.waiting_requests,
        first_token_seconds=settings.alerts.first_token_seconds,
    )
