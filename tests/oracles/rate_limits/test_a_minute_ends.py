"""The stack's own minutes: whoever has used one up is refused until it ends, and answered after it."""

import time
from collections.abc import Callable
from typing import Final

import pytest

from tests.oracles.rate_limits.limited import Limited
from tests.oracles.rate_limits.tenants import Tenants

_REQUESTS, _TOKENS = "by-requests", "by-tokens"
_MINUTE: Final = 60
# So much of a minute is left when a test begins, so that what it sends is of one window.
_LEFT: Final = 15
_USAGE: Final = {"prompt_tokens": 70, "completion_tokens": 30}


@pytest.fixture(scope="module")
def tenants(start_limited: Callable[..., Limited], tmp_path_factory: pytest.TempPathFactory) -> Tenants:
    limits = {
        _REQUESTS: {"requests_per_minute": 2},
        _TOKENS: {"tokens_per_minute": {"input": 10**9, "output": 50}},
    }
    return Tenants(start_limited(), tmp_path_factory.mktemp("certificate"), limits, own_windows=True)


def test_who_has_used_up_a_minute_is_answered_in_the_next(tenants: Tenants) -> None:
    left = _MINUTE - time.time() % _MINUTE
    if left < _LEFT:
        time.sleep(left)

    requests = tenants.ask(_REQUESTS, *[{}] * 3)
    tokens = tenants.ask(_TOKENS, *[{"body": {"usage": _USAGE}}] * 2)
    tenants.limited.rig.wait(lambda: tenants.counted(_TOKENS, "output-minute") == 60, "tokens to be counted")
    [refused] = tenants.ask(_TOKENS, {})

    assert [answer["status"] for answer in (*requests, *tokens, refused)] == [200, 200, 429, 200, 200, 429]
    waits = [int(answer["headers"]["retry-after"]) for answer in (requests[-1], refused)]
    assert all(1 <= seconds <= _MINUTE for seconds in waits)
    time.sleep(max(waits))
    answers = tenants.ask(_REQUESTS, {}) + tenants.ask(_TOKENS, {})
    assert [answer["status"] for answer in answers] == [200, 200]
