"""How the proxies treat the pods of one model: balance, retries, dead pods, limits, names."""

from components.cluster.durations import in_milliseconds, in_seconds
from components.cluster.gateway_limits import tcp_keepalive
from planning.plan import FallbackPlan, Json, UpstreamPath
from planning.plan.endpoint import CLIENT_HEADER


def backend_traffic(route: str, path: UpstreamPath, fallback: FallbackPlan | None = None) -> dict[str, Json]:
    """Spec of the BackendTrafficPolicy of the HTTPRoute that the AI gateway makes of the AIGatewayRoute `route`.

    Behind a model that has a `fallback` on failure, each request is sent once to our pods and once there.
    """
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": route}],
        "loadBalancer": {"type": "LeastRequest"},
        # Envoy never sends a request again once its answer has begun.
        "retry": {
            **_retries(path, fallback),
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
        # The Gateway's policy has the limits over all proxies, and this one would replace it.
        "mergeType": "StrategicMerge",
        "rateLimit": {"local": {"rules": [_of_one_client(path.client_requests_per_minute)]}},
        "tcpKeepalive": tcp_keepalive(path.keepalive),
        "timeout": {
            "tcp": {"connectTimeout": in_seconds(path.connect_seconds)},
            "http": {"connectionIdleTimeout": in_seconds(path.idle_seconds)},
        },
        "dns": {"dnsRefreshRate": in_seconds(path.dns_refresh_seconds), "respectDnsTtl": True},
    }


def _retries(path: UpstreamPath, fallback: FallbackPlan | None) -> dict[str, Json]:
    """How often a request is sent again, and for what.

    With attempts for each priority Envoy leaves the first after one, whatever its health; else it would go on with pods
    that fail. A third attempt would begin with the first again, and nobody would know what a request costs at most.
    """
    if fallback is None or not fallback.statuses:
        return {"numRetries": path.retries, "retryOn": {"triggers": list(path.retry_on)}}
    return {
        "numRetries": 1,
        "numAttemptsPerPriority": 1,
        "retryOn": {
            "triggers": [*path.retry_on, "retriable-status-codes"],
            "httpStatusCodes": list(fallback.statuses),
        },
    }


def _of_one_client(requests: int) -> dict[str, Json]:
    """A rule that counts each client by itself: by the header that the gateway writes once it has checked the key.

    Each proxy counts for itself, each model too. The AI gateway's processor, which finds out the model, comes before
    the counting filter (agent-router internal/extensionserver/post_translate_modify.go, `afterExtProcFilterPrefixes`).
    Envoy fills a count up evenly, and keeps those of the 20 clients that called a route last
    (`max_dynamic_descriptors`; both tried with 1.39.1): whoever calls more often than 20 others is always among them.
    """
    return {
        "clientSelectors": [{"headers": [{"name": CLIENT_HEADER, "type": "Distinct"}]}],
        "limit": {"requests": requests, "unit": "Minute"},
        # Its headers would replace those of the limits over all proxies, from which `retry-after` comes.
        "xRateLimitHeaders": "Off",
    }
