"""A tenant that calls with a key and with tokens of Entra has one budget, and nobody counts as another by a token."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.graph.stacks import Sections
from tests.oracles.envoy_gateway.directory import Directory
from tests.oracles.envoy_gateway.objects import Object, of_kind
from tests.oracles.rate_limits.limited import Limited
from tests.oracles.rate_limits.tenants import Tenants

_BOTH, _OTHER = "both", "other"
_GROUPS: Final = {name: f"{place}0000000-0000-4000-8000-000000000000" for place, name in enumerate((_BOTH, _OTHER), 1)}
_MOST: Final = 6
_LIMITS: Final = {
    _BOTH: {"requests_per_minute": _MOST, "tokens_per_month": {"output": 10**9}},
    _OTHER: {"requests_per_minute": _MOST},
}
_REQUESTS, _OUTPUT = "requests-minute", "output-month"


def _change(sections: Sections) -> None:
    sections["gateway"]["entra"] = {"audience": "a0a0a0a0-0000-4000-8000-00000000000a"}
    for tenant in sections["tenants"]:
        tenant["entra"] = {"groups": [_GROUPS[tenant["name"]]]}


class _KeysAndTokens:
    """A gateway with limits; `directory` and `port` are there once its objects are."""

    directory: Directory
    port: int

    def __init__(self, limited: Limited, folder: Path) -> None:
        self._folder, self.rig = folder, limited.rig
        self.tenants = Tenants(limited, folder, _LIMITS, change=_change, adapt=self._adapted)

    def _adapted(self, objects: list[Object]) -> list[Object]:
        self.directory = Directory(self.rig, self._folder, objects)
        self.directory.publish("first")
        self.port = of_kind(objects, "Gateway")[0]["spec"]["listeners"][1]["port"]
        return self.directory.objects(objects)

    def with_token(self, tenant: str, **more: Any) -> dict[str, Any]:
        return {"key": self.directory.token(groups=[_GROUPS[tenant]]), "port": self.port, **more}


@pytest.fixture(scope="module")
def both(start_limited: Callable[..., Limited], tmp_path_factory: pytest.TempPathFactory) -> _KeysAndTokens:
    made = _KeysAndTokens(start_limited(), tmp_path_factory.mktemp("certificate"))
    made.rig.wait(lambda: bool(made.directory.requested()), "the keys to be requested")
    return made


def test_requests_with_a_key_and_with_a_token_count_together(both: _KeysAndTokens) -> None:
    token = both.with_token(_BOTH, body={"usage": {"prompt_tokens": 1, "completion_tokens": 30}})
    with_key = {"body": token["body"]}

    answers = both.tenants.ask(_BOTH, *([with_key, token] * (_MOST // 2)), token, with_key)

    assert [answer["status"] for answer in answers] == [200] * _MOST + [429, 429]
    assert all(int(answer["headers"]["retry-after"]) >= 1 for answer in answers[_MOST:])
    assert both.tenants.counted(_BOTH, _REQUESTS) == _MOST + 2
    both.rig.wait(lambda: both.tenants.counted(_BOTH, _OUTPUT) == _MOST * 30, "the tokens of all answers")


def test_a_token_never_counts_for_another_or_for_nobody(both: _KeysAndTokens) -> None:
    before = both.tenants.counts()
    claims = [{"x-llm-tenant": _BOTH}, {"x-llm-client": "nobody"}, {"x-llm-counts-requests-minute": "0"}]

    answered = both.tenants.ask(_OTHER, *(both.with_token(_OTHER, headers=headers) for headers in claims))
    nobody, wrong = ({**both.with_token(_OTHER), "key": key} for key in (both.directory.token(groups=[]), "no"))
    refused = both.tenants.ask(_OTHER, nobody, wrong)

    assert [answer["status"] for answer in answered + refused] == [200] * len(claims) + [403, 401]
    changed = {place: count - before.get(place, 0) for place, count in both.tenants.counts().items()}
    assert {place: count for place, count in changed.items() if count} == {(_OTHER, _REQUESTS): len(claims)}
