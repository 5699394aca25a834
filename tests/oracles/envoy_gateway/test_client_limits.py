"""Requests of one client are limited by the real Envoy: by its key, whatever it says, and at no other client's cost."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from components.cluster.gateway_specs import CLIENT_HEADER
from tests.oracles.envoy_gateway.objects import api_keys, objects_of, of_kind, secrets_of
from tests.oracles.envoy_gateway.rig import Rig

STACK: Final = "prod"
LIMIT: Final = 5


class _Gateway:
    """The gateway of a stack in which a client may send 5 requests to a model within an hour, longer than any test."""

    def __init__(self, rig: Rig, directory: Path) -> None:
        objects = deepcopy(objects_of(STACK))
        for policy in of_kind(objects, "BackendTrafficPolicy"):
            (rule,) = policy["spec"]["rateLimit"]["local"]["rules"]
            assert rule["limit"].pop("requests") > LIMIT
            rule["limit"] = {"requests": LIMIT, "unit": "Hour"}
        # Those of models: the route of their lists has no pods behind it.
        self.routes = [item for item in of_kind(objects, "HTTPRoute") if "timeouts" in item["spec"]["rules"][0]]
        self.rig, self.keys = rig, api_keys(STACK)
        for backend in of_kind(objects, "Backend"):
            rig.resolve(backend["spec"]["endpoints"][0]["fqdn"]["hostname"], ["127.0.0.11"])
        rig.serve("first", "127.0.0.11")
        rig.apply([*objects, *secrets_of(STACK, directory)])

    def statuses(self, client: str, count: int, model: int = 0, **changed: Any) -> list[int]:
        """Statuses of so many requests of a client, one after the other, each over a connection of its own."""
        route = self.routes[model]
        answers = self.rig.run(
            "several",
            host=route["spec"]["hostnames"][0],
            key=self.keys[client],
            model=route["metadata"]["name"],
            requests=[changed] * count,
        )
        return [answer["status"] for answer in answers]


@pytest.fixture
def gateway(start_rig: Callable[[], Rig], tmp_path: Path) -> _Gateway:
    return _Gateway(start_rig(), tmp_path)


def test_a_client_is_refused_beyond_its_limit_and_others_are_not(gateway: _Gateway) -> None:
    greedy, other = list(gateway.keys)[:2]

    assert gateway.statuses(greedy, LIMIT + 3) == [200] * LIMIT + [429] * 3
    assert gateway.statuses(other, LIMIT) == [200] * LIMIT
    # Each model has a count of its own.
    assert gateway.statuses(greedy, 1, model=1) == [200]
    # Who it says it is doesn't count, only its key does.
    assert gateway.statuses(greedy, 1, headers={CLIENT_HEADER: "somebody"}) == [429]
    # A request without a key is refused as one, and takes nobody's place.
    assert gateway.statuses(other, 1, key=None) == [401]
