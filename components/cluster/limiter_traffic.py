"""Who speaks with the rate-limit service and its Redis: proxies ask, it asks Redis, and nobody else does either."""

from pulumi_kubernetes.networking.v1 import (
    NetworkPolicyEgressRuleArgsDict,
    NetworkPolicySpecArgsDict,
)

from components.cluster.labels import PROMETHEUS_PODS, labels, proxies_of
from components.cluster.network_policies import opening, pods, tcp
from planning.plan import GatewayPlan, LimiterPlan, RedisPlan

COMPONENT = "app.kubernetes.io/component"
_REDIS = "redis"
# Of the service, by Envoy Gateway: requests of proxies, and metrics. Of Envoy Gateway: its limits.
_REQUESTS, _METRICS, _CONFIGURATION = 8081, 19001, 18001


def limiter_traffic(plan: GatewayPlan) -> dict[str, NetworkPolicySpecArgsDict]:
    """Policies in the proxies' namespace by their names; none where nothing is counted."""
    limiter, namespace = plan.limiter, plan.traffic.proxies
    if limiter is None:
        return {}
    service, controller = dict(limiter.pods), dict(plan.envoy_controller.pods)
    proxies = proxies_of(plan.gateway, plan.namespace)
    policies = {
        "rate-limits": opening(
            service,
            ingress=[
                {"from_": [pods(namespace, proxies)], "ports": tcp(_REQUESTS)},
                {"from_": [pods(plan.traffic.monitoring, PROMETHEUS_PODS)], "ports": tcp(_METRICS)},
            ],
            egress=[{"to": [pods(namespace, controller)], "ports": tcp(_CONFIGURATION)}, _to_redis(limiter, namespace)],
        ),
        "rate-limits-proxies": opening(
            proxies, egress=[{"to": [pods(namespace, service)], "ports": tcp(_REQUESTS)}]
        ),
        "rate-limits-controller": opening(
            controller, ingress=[{"from_": [pods(namespace, service)], "ports": tcp(_CONFIGURATION)}],
        ),
    }  # fmt: skip
    if limiter.redis is not None:
        policies["rate-limits-redis"] = opening(
            redis_pods(limiter.redis),
            ingress=[{"from_": [pods(namespace, service)], "ports": tcp(limiter.port)}],
        )
    return policies


def redis_pods(plan: RedisPlan) -> dict[str, str]:
    """Labels of the pod of Redis."""
    return {**labels(plan.name), COMPONENT: _REDIS}


def without_api(plan: GatewayPlan) -> tuple[str, ...]:
    """Values of the label `COMPONENT` of pods that have no business with the API server."""
    return () if plan.limiter is None else (dict(plan.limiter.pods)[COMPONENT], _REDIS)


def _to_redis(limiter: LimiterPlan, namespace: str) -> NetworkPolicyEgressRuleArgsDict:
    if limiter.redis is not None:
        return {"to": [pods(namespace, redis_pods(limiter.redis))], "ports": tcp(limiter.port)}
    return {"to": [{"ip_block": {"cidr": limiter.outside or ""}}], "ports": tcp(limiter.port)}
