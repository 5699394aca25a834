"""Envoy Gateway's values for the rate-limit service, and what of its environment differs from Envoy Gateway's own."""

from planning.plan import Json, LimiterPlan, NodeSelection
from planning.plan.system_pods import RATE_LIMIT

# Redis' password, in the namespace of Redis and the service.
PASSWORD_SECRET = "rate-limit-redis"  # noqa: S105 - the name of a Secret, not a secret
PASSWORD_KEY = "password"  # noqa: S105
# The certificate's authority as Envoy Gateway mounts it (internal/infrastructure/kubernetes/ratelimit/resource.go).
_AUTHORITY = "/certs/ca.crt"


def rate_limit(plan: LimiterPlan) -> dict[str, Json]:
    """`rateLimit` of Envoy Gateway's configuration."""
    return {
        "backend": {"type": "Redis", "redis": {"url": plan.address}},
        "failClosed": plan.fail_closed,
        "timeout": f"{plan.timeout_milliseconds}ms",
    }


def rate_limit_pods(plan: LimiterPlan, nodes: NodeSelection) -> dict[str, Json]:
    """What `provider.kubernetes` of that configuration says of the service's pods."""
    password: Json = {"secretKeyRef": {"name": PASSWORD_SECRET, "key": PASSWORD_KEY}}
    variables: list[Json] = [
        {"name": "REDIS_AUTH", "valueFrom": password},
        # Its own limit, 10 s, is longer than any proxy waits.
        {"name": "REDIS_TIMEOUT", "value": f"{plan.redis_timeout_milliseconds}ms"},
        # Envoy Gateway sets GRPC_SERVER_TLS_CA_CERT, which the service does not read (ratelimit src/settings/
        # settings.go): without this it would answer whoever reaches it, and count what they say.
        {"name": "GRPC_CLIENT_TLS_CACERT", "value": _AUTHORITY},
    ]
    if plan.tls:
        # Not by `redis.tls`: without a certificate of a client's own Envoy Gateway 1.9.1 mounts a volume that it does
        # not define, and the API server refuses the Deployment (resource.go, expectedContainerVolumeMounts).
        variables.append({"name": "REDIS_TLS", "value": "true"})
    return {
        "rateLimitDeployment": {
            "replicas": plan.replicas,
            "container": {"image": plan.image, "resources": RATE_LIMIT.resources(), "env": variables},
            "pod": {
                **nodes.helm_values(),
                "labels": dict(nodes.revision),
                "topologySpreadConstraints": [
                    {
                        "maxSkew": 1,
                        "topologyKey": topology,
                        "whenUnsatisfiable": "ScheduleAnyway",
                        "labelSelector": {"matchLabels": dict(plan.pods)},
                    }
                    for topology in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
                ],
            },
        },
        "rateLimitPDB": {"maxUnavailable": 1},
    }
