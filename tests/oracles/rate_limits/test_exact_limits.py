"""Fifty tenants are limited to the request and to the token, whatever they send at once and claim to be."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.oracles.rate_limits.limited import Limited
from tests.oracles.rate_limits.tenants import SERVER, Tenants

_LIMITS: Final = {f"tenant-{number}": {"requests_per_minute": 5 + number % 4} for number in range(50)}
_SPENDER, _ROTATING, _SPOOFED, _STREAMING = "spender", "rotating", "spoofed", "streaming"
_REQUESTS, _INPUT, _CACHED, _OUTPUT = "requests-minute", "input-month", "cached-month", "output-month"
_USAGE: Final = {
    "prompt_tokens": 70,
    "completion_tokens": 30,
    "prompt_tokens_details": {"cached_tokens": 20},
}
_BUDGET: Final = 3000
_MANY: Final = {"input": 10**9, "cached": 10**9, "output": 10**9}


@pytest.fixture(scope="module")
def tenants(start_limited: Callable[..., Limited], tmp_path_factory: pytest.TempPathFactory) -> Tenants:
    limits = {
        **_LIMITS,
        _SPENDER: {"requests_per_minute": 10**6, "tokens_per_month": _MANY | {"output": _BUDGET}},
        **{
            name: {"requests_per_minute": 10**6, "tokens_per_month": _MANY}
            for name in (_ROTATING, _SPOOFED, _STREAMING)
        },
    }
    return Tenants(start_limited(), tmp_path_factory.mktemp("certificate"), limits)


def test_each_of_fifty_tenants_gets_its_requests_and_not_one_more(tenants: Tenants) -> None:
    answers = tenants.crowd(list(_LIMITS), rounds=12, clients=16)

    most = {name: own["requests_per_minute"] for name, own in _LIMITS.items()}
    assert answers["counted"] == {name: {"200": most[name], "429": 12 - most[name]} for name in _LIMITS}
    assert {name: tenants.counted(name, _REQUESTS) for name in _LIMITS} == dict.fromkeys(_LIMITS, 12)
    [(_, kind, says_when, text)] = answers["refusals"]
    assert (kind, says_when) == ("application/json", True)
    assert json.loads(text)["error"]["code"] == "rate_limit_exceeded"


def test_tokens_are_counted_to_the_last_and_refused_ones_cost_none(tenants: Tenants) -> None:
    clients = 8
    answers = tenants.crowd([_SPENDER], rounds=150, clients=clients, body={"usage": _USAGE})

    answered = answers["counted"][_SPENDER]["200"]
    _wait(tenants, _SPENDER, _OUTPUT, answered * 30)
    _wait(tenants, _SPENDER, _INPUT, answered * (70 - 20))
    _wait(tenants, _SPENDER, _CACHED, answered * 20)
    # What was on its way when the budget was used up is the only excess.
    assert _BUDGET <= answered * 30 < _BUDGET + clients * 30
    assert answers["counted"][_SPENDER] == {"200": answered, "429": 150 - answered}


def test_a_budget_is_one_over_all_models(tenants: Tenants) -> None:
    before = tenants.counted(_STREAMING, _REQUESTS)

    answers = tenants.ask(_STREAMING, *({"model": model} for model in tenants.models))

    assert [answer["status"] for answer in answers] == [200] * len(tenants.models)
    assert tenants.counted(_STREAMING, _REQUESTS) - before == len(tenants.models) > 1


def test_while_a_key_is_replaced_nobody_is_refused_and_both_keys_share_a_budget(tenants: Tenants) -> None:
    old, new = tenants.keys[_ROTATING], "the-new-key"
    options = tenants.options | {"clients": 2, "body": {"delay": 0.02}}
    rig = tenants.limited.rig

    with_old = rig.background("busy", **(options | {"key": old, "seconds": 6}))
    tenants.admit({**tenants.keys, _ROTATING: new, f"{_ROTATING}.2": old})
    with_new = rig.background("busy", **(options | {"key": new, "seconds": 12}))
    results = rig.result(with_old)
    # The file provider adds to a Secret and takes nothing away, as External Secrets would: here the key is another one.
    tenants.admit({**tenants.keys, _ROTATING: new, f"{_ROTATING}.2": "revoked"})
    results += rig.result(with_new)

    assert {result for _, result, _ in results} == {"first"}
    assert tenants.counted(_ROTATING, _REQUESTS) == sum(count for _, _, count in results)
    [refused] = tenants.ask(_ROTATING, {"key": old})
    assert refused["status"] == 401


def test_a_path_with_a_doubled_slash_is_refused_and_counts_for_nobody(tenants: Tenants) -> None:
    before = tenants.counts()

    [answer] = tenants.ask(_SPOOFED, {"path": "//v1/chat/completions"})

    assert answer["status"] == 403
    assert tenants.counts() == before


@pytest.mark.parametrize(
    "claim",
    [
        {"headers": {"x-llm-client": "tenant-0"}},
        {"headers": {"X-LLM-Client": "tenant-0", "x-llm-tenant": "tenant-0"}},
        {"headers": {"x-llm-tenant": "nobody"}},
        {"headers": {"x-llm-counts-requests-minute": "0"}},
        {"headers": {"x-ai-eg-model": "nobody"}},
        {"path": "/v1/../v1/chat/completions"},
        {"path": "/%76%31/chat/completions"},
        {"path": "/v1/chat/completions?api_key=key-of-tenant-0&key=key-of-tenant-0"},
    ],
)
def test_no_claim_and_no_path_counts_for_another_or_for_nobody(tenants: Tenants, claim: dict[str, Any]) -> None:
    before = tenants.counts()

    [answer] = tenants.ask(_SPOOFED, claim)

    assert answer["status"] == 200
    changed = {place: count - before.get(place, 0) for place, count in tenants.counts().items()}
    assert {place: count for place, count in changed.items() if count} == {(_SPOOFED, _REQUESTS): 1}


def test_a_key_in_the_query_opens_nothing(tenants: Tenants) -> None:
    before = tenants.counts()

    path = "/v1/chat/completions?api_key=key-of-tenant-0&Authorization=Bearer%20key-of-tenant-0"
    [answer] = tenants.ask(_SPOOFED, {"key": None, "path": path})

    assert answer["status"] == 401
    assert tenants.counts() == before


def test_a_whole_stream_is_charged_and_one_that_its_client_leaves_is_not(tenants: Tenants) -> None:
    """The trap that rule LIMIT-CUT-STREAMS warns of: the router hands tokens over with the end of an answer."""
    rig, options = tenants.limited.rig, tenants.options | {"key": tenants.keys[_STREAMING]}
    body = {"stream": True, "count": 4, "interval": 0.1, "usage": _USAGE}

    whole = rig.run("stream", **options, body=body)
    _wait(tenants, _STREAMING, _OUTPUT, 30)
    requests = tenants.counted(_STREAMING, _REQUESTS)
    cut = rig.run("stream", **options, body=body, leave_after=2)
    rig.wait(lambda: rig.stats(SERVER)["open"] == 0, "the server to notice")

    assert (whole["done"], cut["done"]) == (True, False)
    assert tenants.counted(_STREAMING, _REQUESTS) == requests + 1
    assert tenants.counted(_STREAMING, _OUTPUT) == 30


def test_a_failed_answer_costs_no_tokens(tenants: Tenants) -> None:
    before = tenants.counted(_SPOOFED, _OUTPUT)

    [failed] = tenants.ask(_SPOOFED, {"body": {"status": 500, "usage": _USAGE}})
    [last] = tenants.ask(_SPOOFED, {"body": {"usage": _USAGE}})

    assert (failed["status"], last["status"]) == (500, 200)
    _wait(tenants, _SPOOFED, _OUTPUT, before + 30)


def _wait(tenants: Tenants, tenant: str, counter: str, count: int) -> None:
    """Tokens are counted when an answer has ended, which its client may see first."""
    tenants.limited.rig.wait(lambda: tenants.counted(tenant, counter) == count, f"{count} in {counter} of {tenant}")
