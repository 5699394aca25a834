"""Fifty tenants are limited to the request and to the token, whatever they send at once and claim to be."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.oracles.rate_limits.limited import Limited
from tests.oracles.rate_limits.tenants import Tenants

_LIMITS: Final = {f"tenant-{number}": {"requests": 5 + number % 4} for number in range(50)}
_KEYS: Final = {name: f"key-of-{name}" for name in _LIMITS}
_SPENDER, _ROTATING, _SPOOFED, _STREAMING = "spender", "rotating", "spoofed", "streaming"
_TOKENS: Final = {"prompt_tokens": 70, "completion_tokens": 30}
_BUDGET: Final = 3000


@pytest.fixture(scope="module")
def tenants(start_limited: Callable[..., Limited], tmp_path_factory: pytest.TempPathFactory) -> Tenants:
    limits = {
        **_LIMITS,
        # The last token of a budget may be taken: the service refuses beyond the number that it is given.
        _SPENDER: {"output": _BUDGET - 1},
        **{name: {"requests": 1000} for name in (_ROTATING, _SPOOFED, _STREAMING)},
    }
    keys = {name: f"key-of-{name}" for name in limits}
    return Tenants(start_limited(), tmp_path_factory.mktemp("certificate"), limits, keys)


def test_each_of_fifty_tenants_gets_its_requests_and_not_one_more(tenants: Tenants) -> None:
    answers = tenants.crowd(_KEYS, rounds=12, clients=16)

    expected = {name: {"200": own["requests"], "429": 12 - own["requests"]} for name, own in sorted(_LIMITS.items())}
    assert dict(sorted(answers["counted"].items())) == expected
    assert {name: tenants.counted(name, "requests") for name in _LIMITS} == dict.fromkeys(_LIMITS, 12)


def test_tokens_are_counted_to_the_last_and_refused_ones_cost_none(tenants: Tenants) -> None:
    clients = 8
    answers = tenants.crowd({_SPENDER: f"key-of-{_SPENDER}"}, rounds=150, clients=clients, body={"usage": _TOKENS})

    answered = answers["counted"][_SPENDER]["200"]
    tenants.limited.rig.wait(
        lambda: tenants.counted(_SPENDER, "output") == answered * _TOKENS["completion_tokens"], "the last tokens"
    )
    assert tenants.counted(_SPENDER, "input") == answered * _TOKENS["prompt_tokens"]
    # What was on its way when the budget was used up is the only excess.
    assert _BUDGET <= answered * _TOKENS["completion_tokens"] <= _BUDGET + clients * _TOKENS["completion_tokens"]
    assert answers["counted"][_SPENDER] == {"200": answered, "429": 150 - answered}


def test_a_budget_is_one_over_all_models(tenants: Tenants) -> None:
    before = tenants.counted(_STREAMING, "requests")

    tenants.ask(f"key-of-{_STREAMING}", *({"model": model} for model in tenants.models))

    assert tenants.counted(_STREAMING, "requests") - before == len(tenants.models) > 1


def test_while_a_key_is_replaced_nobody_is_refused_and_both_keys_share_a_budget(tenants: Tenants) -> None:
    every = {name: f"key-of-{name}" for name in (*_LIMITS, _SPENDER, _ROTATING, _SPOOFED, _STREAMING)}
    old, new = every[_ROTATING], "the-new-key"
    options = tenants.options | {"clients": 2, "body": {"delay": 0.02}}
    rig = tenants.limited.rig

    with_old = rig.background("busy", **(options | {"key": old, "seconds": 6}))
    tenants.admit({**every, _ROTATING: new, f"{_ROTATING}.2": old})
    with_new = rig.background("busy", **(options | {"key": new, "seconds": 12}))
    results = [result for _, result, _ in rig.result(with_old)]
    answered = sum(count for _, _, count in rig.result(with_old))
    # The file provider adds to a Secret and takes nothing away, as External Secrets would: here the key is another one.
    tenants.admit({**every, _ROTATING: new, f"{_ROTATING}.2": "revoked"})
    results += [result for _, result, _ in rig.result(with_new)]
    answered += sum(count for _, _, count in rig.result(with_new))

    assert set(results) == {"first"}
    assert tenants.counted(_ROTATING, "requests") == answered
    [refused] = tenants.ask(old, {})
    assert refused["status"] == 401


@pytest.mark.parametrize(
    "claim",
    [
        {"headers": {"x-llm-client": "tenant-0"}},
        {"headers": {"X-LLM-Client": "tenant-0", "x-llm-tenant": "tenant-0"}},
        {"headers": {"x-llm-tenant": "nobody"}},
        {"headers": {"x-ai-eg-model": "nobody"}},
        {"path": "//v1/chat/completions"},
        {"path": "/v1/../v1/chat/completions"},
        {"path": "/%76%31/chat/completions"},
        {"path": "/v1/chat/completions?api_key=key-of-tenant-0&key=key-of-tenant-0"},
    ],
)
def test_no_claim_and_no_path_counts_for_another_or_for_nobody(tenants: Tenants, claim: dict[str, Any]) -> None:
    before = tenants.limited.counts()

    [answer] = tenants.ask(f"key-of-{_SPOOFED}", claim)

    assert answer["status"] == 200
    after = tenants.limited.counts()
    changed = {key: count - before.get(key, 0) for key, count in after.items() if count != before.get(key, 0)}
    assert [(key.split("_")[-2], count) for key, count in changed.items()] == [(_SPOOFED, 1)]


def test_a_key_in_the_query_opens_nothing(tenants: Tenants) -> None:
    before = tenants.limited.counts()

    [answer] = tenants.ask(
        "", {"key": None, "path": "/v1/chat/completions?api_key=key-of-tenant-0&Authorization=Bearer"}
    )

    assert answer["status"] == 401
    assert tenants.limited.counts() == before


def test_a_whole_stream_is_charged_and_one_that_its_client_leaves_is_not(tenants: Tenants) -> None:
    """The trap that rule LIMIT-CUT-STREAMS warns of: the router hands tokens over with the end of an answer."""
    rig, options = tenants.limited.rig, tenants.options | {"key": f"key-of-{_STREAMING}"}
    body = {"stream": True, "count": 4, "interval": 0.1, "usage": _TOKENS}

    whole = rig.run("stream", **options, body=body)
    rig.wait(lambda: tenants.counted(_STREAMING, "output") == _TOKENS["completion_tokens"], "the stream's tokens")
    requests = tenants.counted(_STREAMING, "requests")
    cut = rig.run("stream", **options, body=body, leave_after=2)
    rig.wait(lambda: rig.stats("127.0.0.11")["open"] == 0, "the server to notice")

    assert (whole["done"], cut["done"]) == (True, False)
    assert tenants.counted(_STREAMING, "requests") == requests + 1
    assert tenants.counted(_STREAMING, "output") == _TOKENS["completion_tokens"]


def test_a_failed_answer_costs_no_tokens(tenants: Tenants) -> None:
    before = tenants.counted(_SPOOFED, "output")

    [answer] = tenants.ask(f"key-of-{_SPOOFED}", {"body": {"status": 500, "usage": _TOKENS}})
    [last] = tenants.ask(f"key-of-{_SPOOFED}", {"body": {"usage": _TOKENS}})

    assert (answer["status"], last["status"]) == (500, 200)
    expected = before + _TOKENS["completion_tokens"]
    tenants.limited.rig.wait(lambda: tenants.counted(_SPOOFED, "output") == expected, "the last answer's tokens")
    assert json.loads(last["text"])["usage"] == _TOKENS
