"""A month's budget outlives Redis and the rate-limit service; while either is away, requests pass or are refused."""

import json
from collections.abc import Callable

import pytest

from tests.oracles.rate_limits.limited import Limited
from tests.oracles.rate_limits.tenants import Tenants

_LIMITS = {"team-a": {"requests_per_minute": 12, "tokens_per_month": {"output": 10**9}}}
_USAGE = {"prompt_tokens": 1, "completion_tokens": 1_234_567}


@pytest.fixture(scope="module")
def passing(start_limited: Callable[..., Limited], tmp_path_factory: pytest.TempPathFactory) -> Tenants:
    return Tenants(start_limited(), tmp_path_factory.mktemp("certificate"), _LIMITS)


@pytest.fixture(scope="module")
def refusing(start_limited: Callable[..., Limited], tmp_path_factory: pytest.TempPathFactory) -> Tenants:
    limited = start_limited(fail_closed=True, timeout="100ms")
    return Tenants(limited, tmp_path_factory.mktemp("certificate"), _LIMITS)


def test_what_was_taken_is_known_after_a_restart_of_everything_that_counts(passing: Tenants) -> None:
    limited = passing.limited
    answers = passing.ask("team-a", *[{"body": {"usage": _USAGE}}] * 3)
    limited.rig.wait(lambda: passing.counted("team-a", "output-month") == 3 * _USAGE["completion_tokens"], "the tokens")
    # Redis writes to disk once in a second at the latest.
    limited.rig.sandbox.check("sleep", "2")

    limited.end_redis()
    limited.end_service()
    limited.start_redis()
    limited.start_service()

    assert [answer["status"] for answer in answers] == [200] * 3
    assert passing.counted("team-a", "output-month") == 3 * _USAGE["completion_tokens"]
    limited.rig.wait(
        lambda: _status(passing) == 200 and passing.counted("team-a", "requests-minute") > 3, "counting to go on"
    )
    _exhaust(passing)


@pytest.mark.parametrize("part", ["redis", "service"])
def test_where_it_is_so_stated_requests_pass_uncounted_until_counting_is_back(passing: Tenants, part: str) -> None:
    limited = passing.limited
    _exhaust(passing)

    _end(limited, part)
    statuses = [answer["status"] for answer in passing.ask("team-a", *[{}] * 5)]
    _start(limited, part)

    assert statuses == [200] * 5
    limited.rig.wait(lambda: _status(passing) == 429, "the limit to hold again")


@pytest.mark.parametrize("part", ["redis", "service"])
def test_where_it_is_so_stated_requests_are_refused_until_counting_is_back(refusing: Tenants, part: str) -> None:
    limited = refusing.limited
    limited.rig.wait(lambda: _status(refusing) == 200, "the gateway to count")
    before = refusing.counted("team-a", "requests-minute")

    _end(limited, part)
    answers = refusing.ask("team-a", *[{}] * 5)
    _start(limited, part)

    assert [answer["status"] for answer in answers] == [500] * 5
    assert {json.loads(answer["text"])["error"]["code"] for answer in answers} == {"server_error"}
    limited.rig.wait(lambda: _status(refusing) == 200, "requests to be answered again")
    assert refusing.counted("team-a", "requests-minute") > before


def test_envoy_says_that_it_could_not_ask(passing: Tenants) -> None:
    """What the alert LimitsNotCounted goes by."""
    assert passing.limited.rig.stat(r"^cluster\..*\.ratelimit\.error$") > 0


def _status(tenants: Tenants) -> int:
    [answer] = tenants.ask("team-a", {})
    return answer["status"]


def _exhaust(tenants: Tenants) -> None:
    tenants.limited.rig.wait(lambda: _status(tenants) == 429, "the limit to be reached")


def _end(limited: Limited, part: str) -> None:
    limited.end_redis() if part == "redis" else limited.end_service()


def _start(limited: Limited, part: str) -> None:
    limited.start_redis() if part == "redis" else limited.start_service()
