"""Plans the rate-limit service and its Redis, where a tenant has limits that all proxies count together."""

from planning.deciding import azure_objects
from planning.deciding.images import image
from planning.deciding.secret_stores import secret_store
from planning.plan import ControllerPlan, LimiterPlan, RedisPlan
from planning.plan.limiter import RATE_LIMITS
from planning.plan.system_pods import RATE_LIMIT_REPLICAS
from planning.resolving.limiter import REDIS_PORTS, limiter_password, limits_are_counted
from planning.resolving.resolution import ResolvedStack

_NAME = "rate-limit-redis"
# Labels by Envoy Gateway (1.9.1 internal/infrastructure/kubernetes/ratelimit/resource.go, rateLimitLabels).
_PODS = (
    ("app.kubernetes.io/name", "envoy-ratelimit"),
    ("app.kubernetes.io/component", "ratelimit"),
    ("app.kubernetes.io/managed-by", "envoy-gateway"),
)
# The smallest disk that Azure bills; a count takes some 200 bytes, and each tenant has seven for each window.
_STORAGE_GIB, _MEMORY_MIB = 4, 128


def limiter(stack: ResolvedStack) -> LimiterPlan | None:
    """Plan it; None where nothing is counted."""
    password = limiter_password(stack.resolution)
    if password is None:
        return None
    settings, namespace = stack.settings.limiter, stack.catalog.charts["gateway-helm"].namespace
    inside = settings.redis == "in-cluster"
    host = f"{_NAME}.{namespace}.svc.cluster.local" if inside else azure_objects.redis_host(stack)
    port = REDIS_PORTS[settings.redis]
    return LimiterPlan(
        namespace=namespace,
        pods=_PODS,
        image=image(stack, "rate-limit"),
        replicas=RATE_LIMIT_REPLICAS,
        redis=RedisPlan(name=_NAME, image=image(stack, "redis"), storage_gib=_STORAGE_GIB, memory_mib=_MEMORY_MIB)
        if inside
        else None,
        address=f"{host}:{port}",
        port=port,
        tls=not inside,
        outside=None if inside else stack.settings.network.subnets.private_endpoints,
        secret_store=secret_store(stack, namespace),
        password=password,
        fail_closed=settings.when_away == "deny",
        timeout_milliseconds=settings.timeout_milliseconds,
        redis_timeout_milliseconds=max(1, settings.timeout_milliseconds // 2),
    )


def limiter_controller(stack: ResolvedStack) -> tuple[ControllerPlan, ...]:
    """The service as Prometheus scrapes it; none where nothing is counted."""
    if not limits_are_counted(stack.resolution):
        return ()
    namespace = stack.catalog.charts["gateway-helm"].namespace
    return (ControllerPlan(name=RATE_LIMITS, namespace=namespace, pods=_PODS, port="metrics"),)
