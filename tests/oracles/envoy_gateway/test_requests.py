"""Which requests reach a model through the real Envoy, and what the model's server sees of the client."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from components.cluster.gateway_specs import CLIENT_HEADER
from tests.oracles.envoy_gateway.objects import api_keys, objects_of, of_kind, secrets_of
from tests.oracles.envoy_gateway.rig import Rig

STACK: Final = "prod"
_CHAT: Final = "/v1/chat/completions"


class _Gateway:
    """The gateway of a stack with a server behind its first model."""

    def __init__(self, rig: Rig, directory: Path) -> None:
        objects = objects_of(STACK)
        listener = of_kind(objects, "Gateway")[0]["spec"]["listeners"][0]
        self.rig, self.model = rig, of_kind(objects, "Backend")[0]["metadata"]["name"]
        self.host, self.keys = listener["hostname"], api_keys(STACK)
        for backend in of_kind(objects, "Backend"):
            rig.resolve(backend["spec"]["endpoints"][0]["fqdn"]["hostname"], ["127.0.0.11"])
        rig.serve("first", "127.0.0.11")
        rig.apply([*objects, *secrets_of(STACK, directory)])

    def ask(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """The answers to several requests; each has a right key unless it says otherwise."""
        key = next(iter(self.keys.values()))
        return self.rig.run("several", host=self.host, key=key, model=self.model, requests=requests)


@pytest.fixture(scope="module")
def gateway(start_rig: Callable[[], Rig], tmp_path_factory: pytest.TempPathFactory) -> _Gateway:
    return _Gateway(start_rig(), tmp_path_factory.mktemp("certificate"))


def test_every_client_of_the_stack_is_known_by_its_own_key(gateway: _Gateway) -> None:
    answers = gateway.ask(*({"key": key} for key in gateway.keys.values()))

    seen = [dict(json.loads(answer["text"])["headers"]) for answer in answers]
    assert [headers[CLIENT_HEADER] for headers in seen] == list(gateway.keys)
    assert ["authorization" in headers for headers in seen] == [False] * len(seen)


def test_a_client_cannot_say_who_it_is(gateway: _Gateway) -> None:
    claims = [{CLIENT_HEADER: "somebody"}, {CLIENT_HEADER.title(): "somebody"}, {CLIENT_HEADER.upper(): ""}]

    for answer in gateway.ask(*({"headers": claim} for claim in claims)):
        headers = json.loads(answer["text"])["headers"]
        assert [value for name, value in headers if name == CLIENT_HEADER] == [next(iter(gateway.keys))]


@pytest.mark.parametrize(
    "name",
    [
        "x-ai-eg-model", "X-AI-EG-Model", "x-ai-eg-original-path", "x-ai-eg-mcp-backend", "x-ai-eg-upstream-host",
        "x-aigw-aws-access-key-id", "x-gateway-destination-endpoint",
    ],
)  # fmt: skip
def test_a_client_cannot_set_the_gateways_internal_headers(gateway: _Gateway, name: str) -> None:
    [answer] = gateway.ask({"headers": {name: "forged", "x-ai-e": "kept"}})

    seen = dict(json.loads(answer["text"])["headers"])
    assert "forged" not in seen.values()
    assert seen["x-ai-e"] == "kept"


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer ", "Bearer wrong", "Bearer  {key}", "bearer {key}", "Basic {key}", "Bearer {short}"],
)
def test_without_the_right_key_nothing_is_answered(gateway: _Gateway, authorization: str | None) -> None:
    key = next(iter(gateway.keys.values()))
    headers = {} if authorization is None else {"authorization": authorization.format(key=key, short=key[:-1])}

    [answer] = gateway.ask({"key": None, "headers": headers})

    assert answer["status"] == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 403),
        ("/metrics", 403),
        ("/tokenize", 403),
        ("/invocations", 403),
        ("/v1x", 403),
        ("/V1/models", 403),
        ("/v1/../metrics", 403),
        ("/v1/%2e%2e/metrics", 403),
        ("/v1;/../metrics", 403),
        ("/metrics?/v1/", 403),
        ("/v1/..%2fmetrics", 400),
        ("/v1/chat%2Fcompletions", 400),
        ("/v1/..%5cmetrics", 400),
        ("/v1/models%00", 400),
        ("//v1/models", 403),
        ("/v1//models", 403),
        ("/v1", 403),
        ("/v1/", 403),
        ("/v1/models/", 403),
        ("/v1/models/../load_lora_adapter", 403),
        ("/v1/load_lora_adapter", 403),
        ("/v1/modelsx", 403),
        ("/v1/models", 200),
        ("/v1/models?limit=1", 200),
        ("/v1/chat/../models", 200),
        ("/%76%31/models", 200),
    ],
)
def test_no_path_but_the_api_leads_to_a_server(gateway: _Gateway, path: str, status: int) -> None:
    [answer] = gateway.ask({"path": path, "method": "GET"})

    assert answer["status"] == status


@pytest.mark.parametrize("path", ["/v1/models", "/metrics", "/v1/..%2fmetrics"])
def test_every_answer_demands_https_from_now_on(gateway: _Gateway, path: str) -> None:
    answers = gateway.ask({"path": path, "method": "GET"}, {"path": path, "method": "GET", "key": "wrong"})

    demanded = [answer["headers"].get("strict-transport-security") for answer in answers]
    assert demanded == ["max-age=63072000"] * len(answers)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_no_other_method_is_admitted(gateway: _Gateway, method: str) -> None:
    [answer] = gateway.ask({"method": method, "path": _CHAT})

    assert answer["status"] == 403


def test_a_model_that_no_route_names_is_not_found(gateway: _Gateway) -> None:
    [answer] = gateway.ask({"model": "unknown"})

    assert answer["status"] == 404


def test_one_key_for_two_clients_closes_the_gateway_for_all(start_rig: Callable[[], Rig], tmp_path: Path) -> None:
    """What rule SEC-SHARED-SECRET prevents where it can see it: the whole policy is refused."""
    rig, objects = start_rig(), objects_of(STACK)
    rig.apply([*objects, *secrets_of(STACK, tmp_path, dict.fromkeys(api_keys(STACK), "the same"))])
    host = of_kind(objects, "Gateway")[0]["spec"]["listeners"][0]["hostname"]
    model = of_kind(objects, "Backend")[0]["metadata"]["name"]

    answer = rig.run("one", host=host, key="the same", model=model)

    # The policy alone would make it 500; the tenants' script comes first, and knows nobody.
    assert answer["status"] == 401
