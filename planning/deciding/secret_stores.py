"""Plans the stores of secrets: one for each namespace that needs any, which reads what that needs and nothing else."""

from planning.deciding import azure_objects
from planning.deciding.releases import NAMESPACE
from planning.deciding.traffic import GATEWAY_NAMESPACE
from planning.plan import SecretStorePlan
from planning.resolving.hugging_face import token_secret
from planning.resolving.limiter import limiter_password
from planning.resolving.resolution import ResolvedStack
from planning.resolving.telemetry import NAMESPACE as TELEMETRY_NAMESPACE

# The operator's own service account, as its chart would name it.
OPERATOR = "external-secrets"


def secrets_read(stack: ResolvedStack) -> dict[str, tuple[str, ...]]:
    """The vault's secrets that each namespace reads, by namespace; one that reads none is not listed."""
    settings = stack.settings
    traces = settings.observability.traces
    found: dict[str, set[str | None]] = {
        GATEWAY_NAMESPACE: {
            settings.gateway.certificate,
            *(name for tenant in settings.tenants for name in tenant.keys),
        },
        NAMESPACE: {
            token_secret(stack.resolution),
            *(model.fallback.key_secret for model in settings.models if model.fallback is not None),
        },
        stack.catalog.charts["gateway-helm"].namespace: {limiter_password(stack.resolution)},
        TELEMETRY_NAMESPACE: {traces.authorization_secret if traces is not None else None},
        monitoring_namespace(stack): {receiver.secret for receiver in settings.observability.receivers},
    }
    named = {namespace: tuple(sorted(name for name in names if name is not None)) for namespace, names in found.items()}
    return {namespace: named[namespace] for namespace in sorted(named) if named[namespace]}


def secret_store(stack: ResolvedStack, namespace: str) -> SecretStorePlan:
    """Plan the store of one namespace."""
    return SecretStorePlan(
        name=azure_objects.SECRET_STORE,
        namespace=namespace,
        service_account=azure_objects.SECRETS_ACCOUNT,
        provider=azure_objects.secret_provider(stack),
        operator=(stack.catalog.charts["external-secrets"].namespace, OPERATOR),
    )


def monitoring_namespace(stack: ResolvedStack) -> str:
    """Namespace of Prometheus and Alertmanager."""
    return stack.catalog.charts["kube-prometheus-stack"].namespace
