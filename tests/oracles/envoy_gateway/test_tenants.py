"""What a tenant sees of the gateway, by the real Envoy with the tenants' script: its models, and errors as OpenAI's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from planning.plan.endpoint import CLIENT_HEADER, COUNTED_HEADERS, TENANT_HEADER
from tests.graph.stacks import Sections
from tests.oracles.envoy_gateway.objects import objects_of, of_kind, secrets_of
from tests.oracles.envoy_gateway.rig import Rig

STACK: Final = "prod"
MODELS: Final = "/v1/models"
# Requests of a tenant to `reasoning` within an hour.
_MOST: Final = 10


def _edit(sections: Sections) -> None:
    sections["tenants"][0]["models"] = ["chat"]
    sections["tenants"][0]["limits"] = {"requests_per_minute": 600, "tokens_per_month": {"output": 1000}}
    sections["limiter"] = {"password_secret": "redis-password"}
    sections["models"][1]["tags"] = ["thinking"]
    sections["tenants"][1]["tags"] = ["thinking"]


class _Gateway:
    def __init__(self, rig: Rig, directory: Path) -> None:
        objects = objects_of(STACK, _edit, by_tenant=True)
        for policy in of_kind(objects, "BackendTrafficPolicy"):
            local = policy["spec"]["rateLimit"].get("local")
            if local and policy["metadata"]["name"] == "reasoning":
                local["rules"][0]["limit"] = {"requests": _MOST, "unit": "Hour"}
        # Counted by a service that isn't here.
        objects = [
            item for item in objects if (item["kind"], item["metadata"]["name"]) != ("BackendTrafficPolicy", "llm")
        ]
        route = next(item for item in of_kind(objects, "HTTPRoute") if item["metadata"]["name"] == "chat")
        self.rig, self.host = rig, route["spec"]["hostnames"][0]
        self.keys = {"assistant": "key-of-assistant", "assistant.2": "key-of-assistant-2", "search": "key-of-search"}
        for backend in of_kind(objects, "Backend"):
            rig.resolve(backend["spec"]["endpoints"][0]["fqdn"]["hostname"], ["127.0.0.11"])
        rig.serve("first", "127.0.0.11")
        rig.apply([*objects, *secrets_of(STACK, directory, self.keys)])

    def ask(self, *requests: dict[str, Any], client: str = "assistant", model: str = "chat") -> list[dict[str, Any]]:
        return self.rig.run("several", host=self.host, key=self.keys[client], model=model, requests=requests)


@pytest.fixture(scope="module")
def gateway(start_rig: Callable[[], Rig], tmp_path_factory: pytest.TempPathFactory) -> _Gateway:
    return _Gateway(start_rig(), tmp_path_factory.mktemp("certificate"))


def error(answer: dict[str, Any]) -> dict[str, Any]:
    """The error of an answer that has OpenAI's form."""
    assert answer["headers"]["content-type"] == "application/json"
    assert int(answer["headers"]["content-length"]) == len(answer["text"])
    content = json.loads(answer["text"])
    assert content.keys() == {"error"}
    assert content["error"].keys() == {"message", "type", "param", "code"}
    return content["error"]


@pytest.mark.parametrize(
    ("client", "models"), [("assistant", ["chat"]), ("assistant.2", ["chat"]), ("search", ["reasoning"])]
)
@pytest.mark.parametrize("path", [MODELS, f"{MODELS}?limit=1"])
def test_a_tenant_is_listed_the_models_that_it_may_use(
    gateway: _Gateway, client: str, models: list[str], path: str
) -> None:
    [answer] = gateway.ask({"path": path, "method": "GET"}, client=client)

    assert (answer["status"], answer["headers"]["content-type"]) == (200, "application/json")
    listed = json.loads(answer["text"])
    assert (listed["object"], [model["id"] for model in listed["data"]]) == ("list", models)


@pytest.mark.parametrize("headers", [{TENANT_HEADER: "search"}, {CLIENT_HEADER: "search"}])
def test_it_cannot_say_that_it_is_another(gateway: _Gateway, headers: dict[str, str]) -> None:
    [answer] = gateway.ask({"path": MODELS, "method": "GET", "headers": headers})

    assert [model["id"] for model in json.loads(answer["text"])["data"]] == ["chat"]


def test_without_a_key_nothing_is_listed(gateway: _Gateway) -> None:
    for key in (None, "wrong"):
        [answer] = gateway.ask({"path": MODELS, "method": "GET", "key": key})
        assert answer["status"] == 401
        assert "chat" not in answer["text"]


def test_what_counts_is_what_the_tenant_s_limits_say(gateway: _Gateway) -> None:
    forged = {f"{COUNTED_HEADERS}requests-minute": "0", f"{COUNTED_HEADERS}input-minute": "1"}
    for client in ("assistant", "assistant.2"):
        [answer] = gateway.ask({"headers": forged}, client=client)
        seen = dict(json.loads(answer["text"])["headers"])
        assert seen[TENANT_HEADER] == "assistant"
        counted = {name.removeprefix(COUNTED_HEADERS) for name in seen if name.startswith(COUNTED_HEADERS)}
        assert counted == {"requests-minute", "output-month"}
    [answer] = gateway.ask({"headers": forged}, client="search", model="reasoning")
    assert not [name for name in dict(json.loads(answer["text"])["headers"]) if name.startswith(COUNTED_HEADERS)]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings"])
def test_a_model_that_is_not_there_is_answered_as_openai_does(gateway: _Gateway, path: str) -> None:
    [answer] = gateway.ask({"path": path}, model="gpt-9")

    assert answer["status"] == 404
    assert error(answer)["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("client", "model", "status"),
    [
        ("assistant", "chat", 200),
        ("assistant.2", "chat", 200),
        ("search", "reasoning", 200),
        ("assistant", "reasoning", 404),
        ("assistant.2", "reasoning", 404),
        ("search", "chat", 404),
    ],
)
def test_a_model_of_another_tenant_is_not_there(gateway: _Gateway, client: str, model: str, status: int) -> None:
    for headers in ({}, {TENANT_HEADER: "search" if client != "search" else "assistant"}):
        [answer] = gateway.ask({"headers": headers}, client=client, model=model)
        assert answer["status"] == status
        if status == 404:
            assert error(answer)["code"] == "model_not_found"


def test_a_refused_request_says_when_to_come_back(gateway: _Gateway) -> None:
    first, *_, last = gateway.ask(*[{}] * (_MOST + 1), client="search", model="reasoning")

    assert (first["status"], last["status"]) == (200, 429)
    assert error(last)["code"] == "rate_limit_exceeded"
    assert int(last["headers"]["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"key": "wrong"}, 401, "invalid_api_key"),
        ({"path": "/metrics", "method": "GET"}, 403, "not_served"),
        ({"path": "/v1/models/chat", "method": "GET"}, 403, "not_served"),
        ({"path": "//v1/models", "method": "GET"}, 403, "not_served"),
        ({"method": "DELETE"}, 403, "not_served"),
        ({"path": MODELS, "method": "POST"}, 403, "not_served"),
        ({"path": "/anthropic/v1/models", "method": "GET"}, 403, "not_served"),
    ],
)
def test_other_errors_of_the_gateway_have_the_form_too(
    gateway: _Gateway, request_: dict[str, Any], status: int, code: str
) -> None:
    [answer] = gateway.ask(request_)

    assert answer["status"] == status
    assert error(answer)["code"] == code
