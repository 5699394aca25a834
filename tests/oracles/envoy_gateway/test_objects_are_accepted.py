"""Envoy Gateway takes every gateway object of every stack, and gives Envoy what they say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.graph.stacks import ALL
from tests.oracles.envoy_gateway.conditions import complaints
from tests.oracles.envoy_gateway.objects import objects_of, of_kind, secrets_of
from tests.oracles.envoy_gateway.rig import Rig

# Limits that all proxies count together are refused without a service that counts; tests/oracles/rate_limits has one.
_LIMITER: Final = {"rateLimit": {"backend": {"type": "Redis", "redis": {"url": "redis.tests:6379"}}}}


def _counts_elsewhere(item: dict[str, Any]) -> bool:
    return item["kind"] == "BackendTrafficPolicy" and "global" in item["spec"].get("rateLimit", {})


@pytest.mark.parametrize("stack", ALL)
def test_every_object_is_accepted_without_a_warning(stack: str, start_rig: Callable[..., Rig], tmp_path: Path) -> None:
    objects = objects_of(stack)
    rig = start_rig(_LIMITER if any(_counts_elsewhere(item) for item in objects) else None)
    rig.apply([*objects, *secrets_of(stack, tmp_path)])

    expected = {
        (item["kind"], "/".join(filter(None, (item["metadata"].get("namespace"), item["metadata"]["name"]))))
        for item in objects
        # An EnvoyProxy is judged with its GatewayClass, an HTTPRouteFilter with its route.
        if item["kind"] not in ("Namespace", "EnvoyProxy", "HTTPRouteFilter")
    }
    rig.wait(lambda: rig.conditions().keys() >= expected, f"a status of each of {expected}")

    # A host has no load balancer, so that a Gateway here gets no address; and the AI gateway ends each model's route
    # with the same answer for models that no rule names.
    meant = ("AddressNotAssigned", "RouteRulesOverlap")
    found = [text for text in complaints(rig.conditions()) if not any(reason in text for reason in meant)]
    assert found == []
    assert_envoy_has(rig, objects)


def assert_envoy_has(rig: Rig, objects: list[dict[str, Any]]) -> None:
    """What Envoy runs with are the figures of the stack's own policies, each where Envoy has it."""
    configs = json.loads(rig.admin("/config_dump"))["configs"]
    dump = {config["@type"].rpartition(".")[2]: config for config in configs}
    clusters = {
        found["cluster"]["name"]: found["cluster"] for found in dump["ClustersConfigDump"]["dynamic_active_clusters"]
    }
    virtual = dump["RoutesConfigDump"]["dynamic_route_configs"][0]["route_config"]["virtual_hosts"][0]
    routes = {found["route"]["cluster"]: found["route"] for found in virtual["routes"] if "route" in found}
    # That of the Gateway has limits of tenants alone: tests/oracles/rate_limits.
    of_models = [item for item in of_kind(objects, "BackendTrafficPolicy") if not _counts_elsewhere(item)]
    assert of_models
    for policy in of_models:
        name, spec = policy["metadata"]["name"], policy["spec"]
        cluster, route = clusters[f"httproute/llm/{name}/rule/0"], routes[f"httproute/llm/{name}/rule/0"]
        assert cluster["connect_timeout"] == spec["timeout"]["tcp"]["connectTimeout"]
        options = cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"]
        assert (
            options["common_http_protocol_options"]["idle_timeout"] == spec["timeout"]["http"]["connectionIdleTimeout"]
        )
        thresholds, breaker = cluster["circuit_breakers"]["thresholds"][0], spec["circuitBreaker"]
        assert thresholds["max_connections"] == breaker["maxConnections"]
        assert thresholds["max_pending_requests"] == breaker["maxPendingRequests"]
        assert thresholds["max_requests"] == breaker["maxParallelRequests"]
        keepalive = cluster["upstream_connection_options"]["tcp_keepalive"]
        assert f"{keepalive['keepalive_time']}s" == spec["tcpKeepalive"]["idleTime"]
        assert cluster["cluster_type"]["typed_config"]["dns_refresh_rate"] == spec["dns"]["dnsRefreshRate"]
        passive = spec["healthCheck"]["passive"]
        ejection = cluster["outlier_detection"]
        assert ejection["consecutive_local_origin_failure"] == passive["consecutiveLocalOriginFailures"]
        # Answers of the model's own, whatever their code, take no pod away.
        assert (ejection["consecutive_5xx"], ejection["consecutive_gateway_failure"]) == (0, 0)
        assert ejection["max_ejection_percent"] == passive["maxEjectionPercent"]
        assert cluster["load_balancing_policy"]["policies"][0]["typed_extension_config"]["name"].endswith(
            "least_request"
        )
        retry = route["retry_policy"]
        assert set(retry["retry_on"].split(",")) == set(spec["retry"]["retryOn"]["triggers"])
        assert retry["num_retries"] == spec["retry"]["numRetries"]
        assert "per_try_timeout" not in retry
