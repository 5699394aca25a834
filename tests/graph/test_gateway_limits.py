"""What one client may hold of the gateway, and keys as clients send them, in every stack and example."""

from typing import Any

import pytest
import yaml

from planning.plan.endpoint import CLIENT_HEADER
from tests.graph.request_path import models, objects, only, plan_of, seconds
from tests.graph.request_path import policies as of_models
from tests.graph.stacks import ALL, sections_of

each_stack = pytest.mark.parametrize("stack", ALL)


@each_stack
def test_bodies_and_connections_fit_the_memory_of_a_proxy(stack: str) -> None:
    clients, proxy = only(stack, "ClientTrafficPolicy"), only(stack, "EnvoyProxy")
    limit = proxy["provider"]["kubernetes"]["envoyDeployment"]["container"]["resources"]["limits"]["memory"]
    heap = 0.8 * int(limit.removesuffix("Mi"))
    processor = only(stack, "GatewayConfig")["extProc"]["kubernetes"]
    memory = int(processor["resources"]["limits"]["memory"].removesuffix("Mi"))
    # The AI gateway's processor holds each body as it came, decoded, and as it goes on; a fifth is its own.
    held = min(heap, 0.8 * memory / 3)
    body = int(clients["connection"]["bufferLimit"].removesuffix("Mi"))
    # No three connections stop a proxy, whatever they send.
    assert 4 * clients["http2"]["maxConcurrentStreams"] * body <= held
    # Twice the 32 bodies that stopped a proxy with the limit of 50 MiB; for bodies above 17 MiB see PATH-CLIENT.
    proxy_path = plan_of(stack).request_path.proxy
    assert proxy_path.largest_bodies == held // body
    assert held / body > 64
    # Go's runtime lets garbage grow to the size of what is in use, unless it knows a limit below the container's.
    (soft,) = processor["env"]
    assert soft["name"] == "GOMEMLIMIT"
    assert 0.8 * memory < int(soft["value"].removesuffix("MiB")) < memory
    connections = clients["connection"]["connectionLimit"]
    assert connections["value"] * 64 / 1024 <= heap / 2
    assert 100 <= connections["maxRequestsPerConnection"] <= 10_000
    assert "maxConnectionDuration" not in connections
    longest = max(model["context"] for model in sections_of(stack)["models"])
    assert body * 1024 * 1024 >= 8 * longest


@each_stack
def test_the_largest_requests_are_reset_before_everyone_is_refused(stack: str) -> None:
    bootstrap = only(stack, "EnvoyProxy")["bootstrap"]
    assert bootstrap["type"] == "Merge"
    manager = yaml.safe_load(bootstrap["value"])["overload_manager"]
    # Lists are appended to Envoy Gateway's own: a second monitor or action of one name would be refused.
    assert "resource_monitors" not in manager
    shorten, reset = (_shares(manager, action) for action in ("reduce_timeouts", "reset_high_memory_stream"))
    assert shorten[0] < shorten[1] < reset[0] < reset[1] < 0.98
    assert manager["buffer_factory_config"]["minimum_account_to_track_power_of_two"] == 20


@each_stack
def test_the_fuller_a_proxy_the_sooner_connections_without_requests_are_closed(stack: str) -> None:
    manager = yaml.safe_load(only(stack, "EnvoyProxy")["bootstrap"]["value"])["overload_manager"]
    (action,) = [action for action in manager["actions"] if action["name"].endswith("reduce_timeouts")]
    # Never the time of a stream: a request may wait in silence for as long as it may take.
    (timer,) = action["typed_config"]["timer_scale_factors"]
    assert timer["timer"] == "HTTP_DOWNSTREAM_CONNECTION_IDLE"
    usual = only(stack, "ClientTrafficPolicy")["timeout"]["http"]["idleTimeout"]
    assert 5 <= seconds(timer["min_timeout"]) < seconds(usual) / 10


def _shares(manager: dict[str, Any], name: str) -> tuple[float, float]:
    (action,) = [action for action in manager["actions"] if action["name"] == f"envoy.overload_actions.{name}"]
    (trigger,) = action["triggers"]
    assert trigger["name"] == "envoy.resource_monitors.fixed_heap"
    return trigger["scaled"]["scaling_threshold"], trigger["scaled"]["saturation_threshold"]


@each_stack
def test_keys_and_tokens_lose_the_line_break_of_a_shell(stack: str) -> None:
    for secret in objects(stack, "ExternalSecret").values():
        spec = secret["spec"]
        if spec["target"]["name"] == "gateway-certificate":
            continue
        keys = [item["secretKey"] for item in spec["data"]]
        assert spec["target"]["template"]["engineVersion"] == "v2"
        assert spec["target"]["template"]["data"] == {key: f'{{{{ index . "{key}" | trim }}}}' for key in keys}


@each_stack
def test_no_client_takes_a_models_places_by_the_number_of_its_requests(stack: str) -> None:
    wanted = plan_of(stack).request_path.models[0].upstream.client_requests_per_minute
    policies = of_models(stack)
    # Each route has the limit itself; what counts over all proxies, the Gateway's policy has, which it is merged with.
    assert policies.keys() == {model.name for model in models(stack)}
    for policy in policies.values():
        assert policy["spec"]["mergeType"] == "StrategicMerge"
        (rule,) = policy["spec"]["rateLimit"]["local"]["rules"]
        assert rule["limit"] == {"requests": wanted, "unit": "Minute"}
        # Each value of the header counts by itself; the gateway alone writes it, from the key.
        assert rule["clientSelectors"] == [{"headers": [{"name": CLIENT_HEADER, "type": "Distinct"}]}]
    assert only(stack, "SecurityPolicy")["apiKeyAuth"]["forwardClientIDHeader"] == CLIENT_HEADER
    assert CLIENT_HEADER in only(stack, "ClientTrafficPolicy")["headers"]["earlyRequestHeaders"]["remove"]
