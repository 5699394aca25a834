"""Where API Management's own limits stand to the gateway's: which of them would refuse first."""

from calendar import monthrange
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_stacks import planned
from rule_cases.api_management import KINDS, LIMITS, front, outer

from config.tenants import TokenLimit
from planning.rules.api_management import most_of_all_kinds

DAY = 24 * 60 * 60
# Windows of the gateway in seconds, counted from 1970, and months of API Management as their start and end.
MINUTE, MONTH = 60, 30 * DAY
MONTHS = [
    (start := int(datetime(year, month, 1, tzinfo=UTC).timestamp()), start + monthrange(year, month)[1] * DAY)
    for year in range(1970, 2100)
    for month in range(1, 13)
]
COUNT = st.integers(min_value=1, max_value=10**6)


def findings(changes: dict[str, Any]) -> list[str]:
    return [found.message for found in planned(changes).findings if found.rule == "APIM-LIMITS"]


WINDOW = st.sampled_from([(MONTH, *month) for month in MONTHS]) | st.integers(min_value=0, max_value=10**9).map(
    lambda start: (MINUTE, start, start + MINUTE)
)


@given(
    st.builds(TokenLimit, input=COUNT, cached=COUNT, output=COUNT),
    WINDOW,
    st.lists(st.tuples(st.floats(min_value=0, max_value=1), st.sampled_from(["input", "cached", "output"]), COUNT)),
)
def test_what_the_gateway_admits_stays_within_the_outer_limit(
    limit: TokenLimit, window: tuple[int, int, int], wanted: list[tuple[float, str, int]]
) -> None:
    """Tokens that the gateway counts within a calendar month or a minute of any start, each kind in its own windows."""
    length, start, end = window
    counted: dict[tuple[int, str], int] = {}
    for moment, kind, tokens in wanted:
        place = (int(start + moment * (end - start - 1)) // length, kind)
        counted[place] = min(counted.get(place, 0) + tokens, getattr(limit, kind))
    most = most_of_all_kinds(limit)
    assert most is not None
    assert sum(counted.values()) <= most


@pytest.mark.parametrize(
    ("length", "windows"), [(MONTH, MONTHS), (MINUTE, [(start, start + MINUTE) for start in range(MINUTE)])]
)
def test_no_smaller_number_is_large_enough(length: int, windows: list[tuple[int, int]]) -> None:
    """Some calendar month and some minute touch as many windows as are allowed for; none touches more."""
    touched = max((end - 1) // length - start // length + 1 for start, end in windows)
    assert most_of_all_kinds(TokenLimit.model_validate(KINDS)) == touched * sum(KINDS.values())


@pytest.mark.parametrize("left_out", ["input", "cached", "output"])
def test_where_a_kind_has_no_limit_no_number_is_large_enough(left_out: str) -> None:
    inner = {kind: most for kind, most in KINDS.items() if kind != left_out}
    (found,) = findings(outer("tokens_per_minute", 2_147_483_647, inner))
    assert "any number" in found


def test_of_a_minute_two_windows_are_allowed() -> None:
    assert findings(outer("tokens_per_minute", 2 * sum(KINDS.values()))) == []
    assert len(findings(outer("tokens_per_minute", 2 * sum(KINDS.values()) - 1))) == 1


@given(
    st.dictionaries(
        st.sampled_from(["tokens_per_minute", "tokens_per_month"]),
        st.dictionaries(st.sampled_from(["input", "cached", "output"]), COUNT, min_size=1),
    )
)
def test_without_a_limit_of_its_own_it_refuses_nothing_for_its_tokens(limits: dict[str, dict[str, int]]) -> None:
    plan = planned({**front(), LIMITS: limits}).plan
    if plan is None:
        # A month less than a minute, and the like.
        return
    assert plan.foundation.api_management is not None
    products = plan.foundation.api_management.products
    assert {(item.tokens_per_minute, item.tokens_per_month) for item in products} == {(None, None)}
