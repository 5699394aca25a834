"""Fifty tenants' tokens of each kind are limited while all send at once, also through two proxies."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.oracles.rate_limits.limited import Limited
from tests.oracles.rate_limits.tenants import Tenants

_USAGE: Final = {"prompt_tokens": 70, "completion_tokens": 30, "prompt_tokens_details": {"cached_tokens": 20}}
# What one such answer counts of each kind.
_COSTS: Final = {"input": 50, "cached": 20, "output": 30}
_KINDS: Final = tuple(_COSTS)
_MANY: Final = dict.fromkeys(_KINDS, 10**9)
_ROUNDS, _CLIENTS = 14, 16
_SHARED: Final = "shared"
_SHARED_ANSWERS: Final = 60


def _answers(number: int) -> int:
    """After how many answers the budget of a tenant is used up; of every fifth it never is."""
    return 10**6 if number % 5 == 4 else 3 + number % 4


def _kind(number: int) -> str:
    return _KINDS[number % len(_KINDS)]


_NAMES: Final = {f"tenant-{number}": number for number in range(50)}
_BUDGETS: Final = {name: _answers(number) * _COSTS[_kind(number)] for name, number in _NAMES.items()}


@pytest.fixture(scope="module")
def tenants(start_limited: Callable[..., Limited], tmp_path_factory: pytest.TempPathFactory) -> Tenants:
    limits: dict[str, Any] = {
        name: {"tokens_per_month": _MANY | {_kind(number): _BUDGETS[name]}} for name, number in _NAMES.items()
    }
    limits[_SHARED] = {"tokens_per_month": _MANY | {"output": _SHARED_ANSWERS * _COSTS["output"]}}
    return Tenants(start_limited(), tmp_path_factory.mktemp("certificate"), limits)


def _wait(tenants: Tenants, expected: dict[tuple[str, str], int]) -> None:
    """Tokens are counted when an answer has ended, which its client may see first."""

    def counted() -> bool:
        counts = tenants.counts()
        return all(counts.get(place, 0) == count for place, count in expected.items())

    tenants.limited.rig.wait(counted, "all tokens to be counted")


def test_each_of_fifty_tenants_gets_its_tokens_of_each_kind(tenants: Tenants) -> None:
    counted = tenants.crowd(list(_NAMES), _ROUNDS, _CLIENTS, body={"usage": _USAGE})["counted"]

    answered = {name: counted[name].get("200", 0) for name in _NAMES}
    assert {name: own.get("429", 0) for name, own in counted.items()} == {
        name: _ROUNDS - answered[name] for name in _NAMES
    }
    _wait(tenants, {(name, f"{kind}-month"): answered[name] * _COSTS[kind] for name in _NAMES for kind in _KINDS})
    for name, number in _NAMES.items():
        cost, budget = _COSTS[_kind(number)], _BUDGETS[name]
        if budget > _ROUNDS * cost:
            assert answered[name] == _ROUNDS
        else:
            # Whoever has tokens left is answered; what was on its way when they were used up is the only excess.
            assert budget <= answered[name] * cost < budget + _CLIENTS * cost
            assert answered[name] < _ROUNDS

    # With nothing on its way whoever has used up a budget gets nothing more.
    spent = [name for name, number in _NAMES.items() if _BUDGETS[name] <= _ROUNDS * _COSTS[_kind(number)]]
    again = tenants.crowd(spent, 1, _CLIENTS, body={"usage": _USAGE})["counted"]
    assert again == {name: {"429": 1} for name in spent}


def test_two_proxies_share_one_budget(tenants: Tenants) -> None:
    rig, rounds = tenants.limited.rig, 120
    second = tenants.limited.start_second_proxy()
    # Only of the port for clients, not of those for metrics and health.
    name = r"^http\.https-443\.downstream_rq_completed$"
    before = rig.stat(name), second.stat(name)

    counted = tenants.crowd([_SHARED], rounds, _CLIENTS, body={"usage": _USAGE})["counted"][_SHARED]

    rig.wait(lambda: rig.stat(name) + second.stat(name) == sum(before) + rounds, "both to have counted")
    assert rig.stat(name) > before[0]
    assert second.stat(name) > before[1]
    assert _SHARED_ANSWERS <= counted["200"] < _SHARED_ANSWERS + _CLIENTS
    assert counted == {"200": counted["200"], "429": rounds - counted["200"]}
    _wait(tenants, {(_SHARED, f"{kind}-month"): counted["200"] * cost for kind, cost in _COSTS.items()})
