"""How the proxies treat the pods of one model: balance, retries, dead pods, limits, names."""

from components.cluster.durations import in_milliseconds, in_seconds
from components.cluster.gateway_limits import tcp_keepalive
from planning.plan import Json, UpstreamPath


def backend_traffic(route: str, path: UpstreamPath) -> dict[str, Json]:
    """Spec of the BackendTrafficPolicy of the HTTPRoute that the AI gateway makes of the AIGatewayRoute `route`."""
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": route}],
        "loadBalancer": {"type": "LeastRequest"},
        # Envoy never sends a request again once its answer has begun.
        "retry": {
            "numRetries": path.retries,
            "retryOn": {"triggers": list(path.retry_on)},
            "perRetry": {
                "backOff": {
                    "baseInterval": in_milliseconds(path.retry_base_milliseconds),
                    "maxInterval": in_milliseconds(path.retry_max_milliseconds),
                }
            },
        },
        "healthCheck": {
            # Never back to pods that are known to fail, however many they are.
            "panicThreshold": 0,
            # Least-request prefers a pod that fails at once. Only failures to reach it count, not vLLM's own answers.
            "passive": {
                "consecutive5XxErrors": 0,
                "consecutiveGatewayErrors": 0,
                "splitExternalLocalOriginErrors": True,
                "consecutiveLocalOriginFailures": path.failures,
                "interval": in_seconds(path.failure_check_seconds),
                "baseEjectionTime": in_seconds(path.ejection_seconds),
                "maxEjectionPercent": path.ejection_percent,
            },
        },
        "circuitBreaker": {
            "maxConnections": path.requests,
            "maxPendingRequests": path.requests,
            "maxParallelRequests": path.requests,
            "maxParallelRetries": path.retrying,
        },
        "tcpKeepalive": tcp_keepalive(path.keepalive),
        "timeout": {
            "tcp": {"connectTimeout": in_seconds(path.connect_seconds)},
            "http": {"connectionIdleTimeout": in_seconds(path.idle_seconds)},
        },
        "dns": {"dnsRefreshRate": in_seconds(path.dns_refresh_seconds), "respectDnsTtl": True},
    }
