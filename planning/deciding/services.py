"""Plans what stands beside the cluster and in it for all models: vault, registry, store, secrets, gateway, metrics."""

from planning.deciding.charts import chart
from planning.deciding.models import NAMESPACE, TOKEN_SECRET, WEIGHTS_CONTAINER
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
from planning.resolving.resolution import Situation

_GATEWAY_NAMESPACE = "llm-gateway"
_SECRETS_IDENTITY = "secrets"
_SECRETS_ACCOUNT = "key-vault-reader"


def platform(s: Situation) -> PlatformPlan:
    """Plan who and where; every Azure resource bears these tags."""
    settings = s.settings.platform
    tags = {"platform": settings.name, "environment": settings.environment, "managed-by": "pulumi", **settings.tags}
    return PlatformPlan(
        name=settings.name,
        environment=settings.environment,
        region=settings.region,
        subscription_id=settings.subscription_id,
        tenant_id=settings.tenant_id,
        resource_group=s.names.resource_group.value,
        tags=tuple(sorted(tags.items())),
        protect=settings.protected,
    )


def vault(s: Situation) -> VaultPlan:
    """Plan the key vault."""
    settings = s.settings.security.vault
    name = s.names.vault.value
    return VaultPlan(
        name=name,
        uri=f"https://{name}.vault.azure.net/",
        purge_protection=settings.purge_protection,
        soft_delete_days=settings.soft_delete_days,
        endpoint=s.names.endpoint("vault").value,
        bootstrap=tuple(sorted(s.bootstrap)),
    )


def registry(s: Situation) -> RegistryPlan:
    """Plan the container registry."""
    return RegistryPlan(
        name=s.names.registry.value,
        zone_redundant=s.settings.storage.redundancy == "zone",
        endpoint=s.names.endpoint("registry").value,
        pull=grant(s, "kubelet", "acr_pull", "registry"),
    )


def model_store(s: Situation) -> ModelStorePlan:
    """Plan the store of weights; block blobs on SSD are what vLLM streams fastest from."""
    zone = s.settings.storage.redundancy == "zone"
    return ModelStorePlan(
        resource_group=s.names.store_resource_group.value,
        account=s.names.storage_account.value,
        container=WEIGHTS_CONTAINER,
        sku="Premium_ZRS" if zone else "Premium_LRS",
        soft_delete_days=s.settings.storage.soft_delete_days,
        endpoint=s.names.endpoint("models").value,
    )


def secrets(s: Situation) -> SecretsPlan:
    """Plan External Secrets; its store answers to the namespaces that need a secret, and to no other."""
    namespaces = [_GATEWAY_NAMESPACE] + ([NAMESPACE] if s.settings.security.hugging_face_token is not None else [])
    release = chart(s, "external-secrets")
    return SecretsPlan(
        chart=release,
        store="key-vault",
        identity=IdentityPlan(
            name=s.names.identity(_SECRETS_IDENTITY).value,
            namespace=release.namespace,
            service_account=_SECRETS_ACCOUNT,
            credential=s.names.credential(_SECRETS_IDENTITY).value,
        ),
        read_vault=grant(s, _SECRETS_IDENTITY, "key_vault_secrets_user", "vault"),
        namespaces=tuple(sorted(namespaces)),
    )


def serving(s: Situation) -> ServingPlan:
    """Plan the namespace of the models."""
    token = s.settings.security.hugging_face_token
    return ServingPlan(
        namespace=NAMESPACE,
        hugging_face_secret=TOKEN_SECRET if token is not None else None,
        hugging_face_key=token,
    )


def autoscaling(s: Situation) -> AutoscalingPlan:
    """Plan KEDA."""
    return AutoscalingPlan(chart=chart(s, "keda"))


def gateway(s: Situation) -> GatewayPlan:
    """Plan the gateway."""
    settings = s.settings.gateway
    return GatewayPlan(
        envoy=chart(s, "gateway-helm"),
        ai_crds=chart(s, "ai-gateway-crds-helm"),
        ai=chart(s, "ai-gateway-helm"),
        namespace=_GATEWAY_NAMESPACE,
        gateway="llm",
        hostname=settings.hostname,
        certificate=settings.certificate,
        public=settings.exposure == "public",
        subnet=s.names.subnet("gateway").value,
        clients=tuple(ClientPlan(name=client.name, key_secret=client.key_secret) for client in settings.clients),
        request_timeout_seconds=settings.request_timeout_seconds,
        min_replicas=settings.replicas.min,
        max_replicas=settings.replicas.max,
    )


def monitoring(s: Situation) -> MonitoringPlan:
    """Plan Prometheus."""
    settings = s.settings.observability
    release = chart(s, "kube-prometheus-stack")
    return MonitoringPlan(
        chart=release,
        server=f"http://{release.release}-prometheus.{release.namespace}.svc:9090",
        models_namespace=NAMESPACE,
        operator_namespace=s.catalog.charts["gpu-operator"].namespace,
        retention_days=settings.retention_days,
        storage_gib=settings.storage_gib,
        replicas=settings.replicas,
        waiting_requests=settings.alerts.waiting_requests,
        first_token_seconds=settings.alerts.first_token_seconds,
    )
