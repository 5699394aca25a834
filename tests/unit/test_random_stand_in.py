"""The stand-in for the random provider does what the real one's source says."""

import pytest

from simulators.provider_protocol.calls import CallLog, RefusedError
from simulators.provider_protocol.wire import UNKNOWN
from simulators.random_provider.provider import Random

PASSWORD = "random:index/randomPassword:RandomPassword"
INPUTS = {"length": 43, "special": False}


@pytest.fixture
def provider() -> Random:
    return Random(CallLog())


def test_each_password_is_another(provider: Random) -> None:
    made = {provider.create(PASSWORD, INPUTS)[1]["result"] for _ in range(20)}
    assert len(made) == 20
    assert all(len(value) == 43 and value.isalnum() and value.isascii() for value in made)


def test_its_value_is_unknown_before_it_is_made(provider: Random) -> None:
    assert provider.preview_create(PASSWORD, INPUTS)["result"] is UNKNOWN


def test_whatever_differs_replaces_it(provider: Random) -> None:
    assert provider.diff(PASSWORD, "none", INPUTS, {**INPUTS, "length": 44}).replaces == {"length"}
    assert not provider.diff(PASSWORD, "none", INPUTS, INPUTS).changes
    with pytest.raises(RefusedError):
        provider.update(PASSWORD, "none", INPUTS)


@pytest.mark.parametrize("length", [0, -1, None])
def test_it_has_a_character_at_least(provider: Random, length: int | None) -> None:
    assert [failure.path for failure in provider.check(PASSWORD, {}, {"length": length})[1]] == ["length"]


def test_other_types_are_refused(provider: Random) -> None:
    assert provider.check("random:index/randomId:RandomId", {}, INPUTS)[1]
