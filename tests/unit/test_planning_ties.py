"""What is decided where two things are equal: a price that is just reached, a version that is just there."""

import pytest
from msgspec.structs import replace
from planning_stacks import CATALOG
from upgrade_pins import RECORDS, pins

from catalog.upgrades import Upgrades
from config.cost import ManagedApi
from planning.money.tokens import HOURS_PER_MONTH, Steps, token_cost
from planning.upgrading.newest import newest

# At one token a second.
TOKENS_A_MONTH = 2_628_000


def api(usd: float) -> ManagedApi:
    return ManagedApi(name="gpt-x", usd_per_million_input_tokens=usd, usd_per_million_output_tokens=usd)


def break_even(usd_per_million: float, *hourly: float) -> tuple[int | None, int | None]:
    """Tokens a month above which our own are cheaper, at first and for good, with a replica at each of these prices."""
    first, *more = hourly
    steps = Steps(((1, 0, first), *((0, 1, price) for price in more)), 0.5, 0.5)
    cost = token_cost(steps, api(usd_per_million))
    assert cost is not None
    assert cost.break_even is not None
    return cost.break_even.first_tokens_per_month, cost.break_even.tokens_per_month


def test_a_month_is_what_azure_counts() -> None:
    assert HOURS_PER_MONTH == 730
    assert Steps(((1, 0, 1.0),), 0.5, 0.5).replica_tokens == TOKENS_A_MONTH


def test_a_replica_that_is_paid_off_only_when_it_is_full_is_never_cheaper() -> None:
    """With as many tokens as it carries, ours cost the same as the managed API, and more than that it doesn't carry."""
    assert break_even(1000, 2628 / 730) == (None, None)
    first, lasting = break_even(1000, 2627 / 730)
    assert first == lasting == 2_627_000


def test_a_second_replica_that_is_paid_off_when_it_begins_changes_nothing() -> None:
    """From the load that one replica carries on two are cheaper too, so it is cheaper from the first break-even on."""
    assert break_even(1000, 1.2, 2.4) == (876_000, 876_000)
    later = break_even(1000, 1.2, 2.5)
    assert later == (876_000, 2_701_000)


def test_two_replicas_that_are_paid_off_at_last_are_where_it_begins_for_good() -> None:
    assert break_even(1000, 3.7, 0.1) == (2_774_000, 2_774_000)


@pytest.mark.parametrize("usd", [0.0, 1e-6])
def test_nothing_is_cheaper_than_what_costs_nothing(usd: float) -> None:
    assert break_even(usd, 1.0) == (None, None)


def test_what_is_at_its_newest_stays_and_says_so() -> None:
    current = pins()
    target, staying = newest(CATALOG, RECORDS, current)
    stays = {each.name for each in staying}
    unchanged = {pin.name for key, pin in target.items() if pin.version == current[key].version}
    assert stays == unchanged
    assert {"chat", "embed"} <= stays


def test_a_recorded_version_that_is_there_already_is_no_move() -> None:
    current = pins()
    (busybox,) = [pin for pin in current.values() if pin.name == "busybox"]
    seen = next(iter(RECORDS.newest.values()))
    for version, moves in ((busybox.version, False), ("1.0", False), ("99.0", True)):
        records: Upgrades = replace(RECORDS, newest={busybox.part: replace(seen, version=version)})
        target, _ = newest(CATALOG, records, current)
        assert (target[busybox.kind, busybox.name].version != busybox.version) is moves, version
