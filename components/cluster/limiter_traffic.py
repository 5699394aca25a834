"""Who speaks with the rate-limit service and its Redis: proxies ask, it asks Redis, and nobody else does either."""

from collections.abc import Sequence

from pulumi_kubernetes.networking.v1 import (
    NetworkPolicyEgressRuleArgsDict,
    NetworkPolicyIngressRuleArgsDict,
    NetworkPolicyPortArgsDict,
    NetworkPolicySpecArgsDict,
)

from components.cluster.labels import PROMETHEUS_PODS, labels, proxies_of
from components.cluster.network_policies import pods
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
        "rate-limits": _policy(
            service,
            [
                {"from_": [pods(namespace, proxies)], "ports": _tcp(_REQUESTS)},
                {"from_": [pods(plan.traffic.monitoring, PROMETHEUS_PODS)], "ports": _tcp(_METRICS)},
            ],
            [{"to": [pods(namespace, controller)], "ports": _tcp(_CONFIGURATION)}, _to_redis(limiter, namespace)],
        ),
        "rate-limits-proxies": _policy(
            proxies, [], [{"to": [pods(namespace, service)], "ports": _tcp(_REQUESTS)}]
        ),
        "rate-limits-controller": _policy(
            controller, [{"from_": [pods(namespace, service)], "ports": _tcp(_CONFIGURATION)}], []
        ),
    }  # fmt: skip
    if limiter.redis is not None:
        policies["rate-limits-redis"] = _policy(
            redis_pods(limiter.redis), [{"from_": [pods(namespace, service)], "ports": _tcp(limiter.port)}], []
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
        return {"to": [pods(namespace, redis_pods(limiter.redis))], "ports": _tcp(limiter.port)}
    return {"to": [{"ip_block": {"cidr": limiter.outside or ""}}], "ports": _tcp(limiter.port)}


def _policy(
    selected: dict[str, str],
    ingress: Sequence[NetworkPolicyIngressRuleArgsDict],
    egress: Sequence[NetworkPolicyEgressRuleArgsDict],
) -> NetworkPolicySpecArgsDict:
    policy: NetworkPolicySpecArgsDict = {"pod_selector": {"match_labels": selected}, "policy_types": []}
    if ingress:
        policy |= {"ingress": list(ingress), "policy_types": ["Ingress"]}
    if egress:
        policy |= {"egress": list(egress), "policy_types": [*(["Ingress"] if ingress else []), "Egress"]}
    return policy


def _tcp(*ports: int) -> list[NetworkPolicyPortArgsDict]:
    return [{"protocol": "TCP", "port": port} for port in ports]
