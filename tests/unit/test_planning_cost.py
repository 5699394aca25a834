"""Cost: what nodes cost, the share of each model, what tokens cost, and when self-hosting is cheaper."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_stacks import CATALOG, changed, model, plan, planned, pool

import catalog
import config
from config.cost import ManagedApi
from planning import assess
from planning.money import cost, tokens
from planning.money.tokens import HOURS_PER_MONTH, Steps, token_cost
from planning.plan import CostPlan

H100, H100_PAIR, SYSTEM, FIRST = 6.98, 17.64, 0.226, 0.226
A100, A100_SPOT = 3.673, 0.65
SECONDS = HOURS_PER_MONTH * 3600


def month(*nodes: tuple[float, float]) -> object:
    return pytest.approx(sum(hourly * count for hourly, count in nodes) * 730, abs=0.02)


def small(name: str, **differences: Any) -> dict[str, Any]:
    return {"name": name, "vm_size": "Standard_NC24ads_A100_v4", "class": "inference", **differences}


FLOOR_AND_BURST = {
    "pools[1]": small("floor", nodes={"min": 1, "max": 2}),
    "pools[2]": small("burst", nodes={"min": 0, "max": 4}, capacity="spot"),
    "models[2]": model("more", ["floor", "burst"], replicas={"min": 2, "max": 5}),
}


def test_a_range_from_the_fewest_nodes_to_the_most() -> None:
    found = plan({}).cost
    assert found.min_per_month == month((H100, 1), (SYSTEM, 2), (FIRST, 1))
    assert found.max_per_month == month((H100, 3), (SYSTEM, 4), (FIRST, 1))
    assert (found.on_demand.min_per_month, found.spot.max_per_month) == (found.min_per_month, 0)


def test_the_fewest_nodes_are_those_that_the_fewest_replicas_need() -> None:
    """A floor pool with minimum 0 doesn't stay empty: the floor's replicas always run."""
    line = plan({**FLOOR_AND_BURST, "pools[1].nodes.min": 0}).cost.lines[1]
    assert (line.min_nodes, line.max_nodes) == (2, 2)
    assert line.min_per_month == month((A100, 2))


def test_spot_and_on_demand_are_distinguished() -> None:
    found = plan(FLOOR_AND_BURST).cost
    floor, burst = found.lines[1], found.lines[2]
    assert (floor.hourly, floor.on_demand_hourly, floor.spot_hourly) == (A100, A100, A100_SPOT)
    assert (burst.hourly, burst.on_demand_hourly, burst.spot_hourly) == (A100_SPOT, A100, A100_SPOT)
    assert found.spot.min_per_month == 0
    assert found.spot.max_per_month == month((A100_SPOT, 4))
    assert found.on_demand.max_per_month == month((H100, 3), (SYSTEM, 4), (FIRST, 1), (A100, 2))
    assert found.max_per_month == pytest.approx(found.spot.max_per_month + found.on_demand.max_per_month)


def test_a_model_pays_for_its_devices() -> None:
    chat, embed = plan({}).cost.models
    assert (chat.min_nodes, chat.max_nodes) == (0.5, 1.5)
    assert chat.min_per_month == month((H100, 0.5))
    assert chat.max_per_month == month((H100, 1.5))
    assert (embed.min_per_month, embed.max_per_month) == (chat.min_per_month, chat.min_per_month)


def test_slices_of_different_size_share_a_node_by_their_memory() -> None:
    layout = {
        "pools[0].gpu.layout": ["4g.47gb", "2g.24gb"],
        "pools[0].nodes": {"min": 3, "max": 3},
        "models[0].slice": "4g.47gb",
    }
    on_slices = {**layout, "models[1].slice": "4g.47gb", "models[1].replicas": {"min": 1, "max": 1}}
    found = plan({**on_slices, "models[0].replicas": {"min": 1, "max": 2}}).cost
    geometry = CATALOG.mig["H100-NVL-94"].profiles
    large, little = geometry["4g.47gb"].usable_gib, geometry["2g.24gb"].usable_gib
    assert large is not None
    assert little is not None
    assert found.models[0].min_nodes == pytest.approx(large / (large + little), abs=0.01)


def adds_up(found: CostPlan) -> None:
    for low in ("min_per_month", "max_per_month"):
        models = sum(getattr(model, low) or 0 for model in found.models)
        others = sum(getattr(line, low) or 0 for line in found.lines if line.idle_min_per_month is None)
        assert getattr(found, low) == pytest.approx(models + getattr(found, f"idle_{low}") + others, abs=0.1)


@given(
    st.integers(1, 3), st.integers(1, 4), st.integers(0, 3), st.integers(1, 4), st.sampled_from([1, 2])
)  # fmt: skip
def test_shares_idle_devices_and_the_rest_add_up(low: int, nodes: int, more: int, burst: int, parallel: int) -> None:
    changes = {
        "pools[1]": pool("floor", nodes={"min": 1, "max": nodes + low}),
        "pools[2]": small("spare", nodes={"min": 1, "max": burst}),
        "models[2]": model("a", "floor", replicas={"min": low, "max": low}, engine={"tensor_parallel": parallel}),
        "models[3]": model("b", "spare", replicas={"min": 1, "max": min(1 + more, burst)}),
    }
    outcome = planned(changes)
    if outcome.plan is not None:
        adds_up(outcome.plan.cost)


def test_with_a_missing_price_a_share_is_unknown_and_never_zero() -> None:
    changes = {**FLOOR_AND_BURST, "pools[2].vm_size": "Standard_NC40ads_H100_v5"}
    outcome = planned(changes)
    assert outcome.plan is not None
    more = outcome.plan.cost.models[2]
    assert more.min_per_month == month((A100, 2))
    assert more.max_per_month is None
    assert not outcome.plan.cost.complete
    assert "COST-PRICE-MISSING" in {finding.rule for finding in outcome.findings}


RATES = {"input_tokens_per_second": 3000, "output_tokens_per_second": 1000.0}
GPT = {"name": "api", "usd_per_million_input_tokens": 0.2, "usd_per_million_output_tokens": 1.0}
APIS = {"managed_apis": [GPT]}


def test_tokens_cost_what_a_busy_replica_costs() -> None:
    found = plan({"models[0].expected": RATES}).cost.models[0].tokens
    assert found is not None
    # Half of 6.98 USD an hour over 4,000 tokens a second.
    assert found.min_replicas_per_million == pytest.approx(3.49 / (4000 * 3600) * 1e6, abs=1e-4)
    assert found.max_replicas_per_million == found.min_replicas_per_million
    assert found.min_replicas_tokens_per_month == 4000 * SECONDS
    assert found.break_even is None


def test_the_break_even_weights_prompts_and_answers() -> None:
    changes = {"models[0].expected": {**RATES, "instead_of": "api"}, "cost": APIS}
    found = plan(changes).cost.models[0].tokens
    assert found is not None
    assert found.break_even is not None
    # Three prompt tokens at 0.2 and one answer token at 1.0.
    assert found.break_even.managed_per_million == pytest.approx(0.4)
    paid_off = 3.49 * 730 / 0.4 * 1e6
    assert found.break_even.first_tokens_per_month == pytest.approx(paid_off, rel=1e-6)
    # The tokens of one replica, 10.5 thousand million, don't pay for the second yet.
    assert found.break_even.tokens_per_month == pytest.approx(2 * paid_off, rel=1e-6)


def test_a_burst_pool_at_spot_prices_makes_tokens_cheaper() -> None:
    found = plan({**FLOOR_AND_BURST, "models[2].expected": RATES}).cost.models[2].tokens
    assert found is not None
    low, high = found.min_replicas_per_million, found.max_replicas_per_million
    assert low is not None
    assert high == pytest.approx(low * (2 * A100 + 3 * A100_SPOT) / (5 * A100), abs=1e-4)


def api(price: float) -> ManagedApi:
    return ManagedApi(name="api", usd_per_million_input_tokens=price, usd_per_million_output_tokens=price)


def cheaper(steps: Steps, price: float, load: float) -> bool:
    """Whether self-hosting is cheaper at this many tokens a month, by definition."""
    for replicas, usd in steps.costs():
        if load <= replicas * steps.replica_tokens:
            assert usd is not None
            return usd < load / 1e6 * price
    raise AssertionError


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(0.1, 10)), min_size=1, max_size=2),
    st.floats(10, 5000),
    st.floats(0.01, 20),
)
def test_above_the_break_even_self_hosting_is_always_cheaper(
    groups: list[tuple[int, int, float]], rate: float, price: float
) -> None:
    steps = Steps(tuple(groups), rate, 0.0)
    found = token_cost(steps, api(price))
    most = list(steps.costs())[-1][0]
    if found is None:
        assert most == 0
        return
    assert found.break_even is not None
    first = found.break_even.first_tokens_per_month
    if first is not None and first > 0:
        assert not cheaper(steps, price, first * 0.99999 - 1)
        assert cheaper(steps, price, min(first * 1.00001 + 1, most * steps.replica_tokens))
    threshold, end = found.break_even.tokens_per_month, most * steps.replica_tokens
    if threshold is None:
        assert not cheaper(steps, price, end * 0.999999)
        return
    for part in range(1, 40):
        load = threshold + (end - threshold) * part / 40
        if load > threshold * 1.000001 + 1:
            assert cheaper(steps, price, load), load
    below = threshold * 0.99999 - 1
    if below > 0:
        assert not cheaper(steps, price, below)


def test_an_additional_replica_can_undo_a_break_even() -> None:
    """One replica breaks even at 80 of 100 tokens; a second, more expensive one not before 160."""
    second = 1 / 3600 / 730  # one token a month and million
    steps = Steps(((1, 0, 80 / 730), (0, 1, 80 / 730)), 100 * second * 1e6, 0.0)
    found = token_cost(steps, api(1.0))
    assert found is not None
    assert found.break_even is not None
    assert found.break_even.first_tokens_per_month == pytest.approx(80e6)
    assert found.break_even.tokens_per_month == pytest.approx(160e6)


def test_without_a_price_there_is_no_break_even() -> None:
    found = token_cost(Steps(((1, 1, None),), 100, 100), api(1.0))
    assert found is not None
    assert (found.min_replicas_per_million, found.break_even) == (None, None)


def test_two_managed_apis_of_one_name_are_refused() -> None:
    loaded = config.load(changed({"cost": {"managed_apis": APIS["managed_apis"] * 2}}))
    assert [(problem.path, problem.message) for problem in loaded.problems] == [
        ("cost", "two of `managed_apis` are called `api`")
    ]


def test_a_managed_api_that_is_always_cheaper_is_reported() -> None:
    changes = {"models[0].expected": {"input_tokens_per_second": 5, "output_tokens_per_second": 5, "instead_of": "api"}}
    (found,) = (
        finding for finding in planned({**changes, "cost": APIS}).findings if finding.rule == "COST-MANAGED-CHEAPER"
    )
    assert "96.94 USD" in found.message
    assert "api 0.60" in found.message


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"cost": {"managed_apis": [{"name": "api"}]}}, "cost.managed_apis[0].usd_per_million_input_tokens"),
        ({"cost": {"managed_apis": [{**GPT, "name": ""}]}}, "cost.managed_apis[0].name"),
        ({"models[0].expected": {"output_tokens_per_second": 9}}, "models[0].expected.input_tokens_per_second"),
        ({"models[0].expected": {**RATES, "input_tokens_per_second": 0}}, "models[0].expected.input_tokens_per_second"),
    ],
)
def test_a_mistake_in_the_cost_section_hides_no_other_finding(changes: dict[str, Any], place: str) -> None:
    found = assess(config.load(changed({**changes, "platform.region": "eastsu"})), CATALOG).findings
    errors = {(finding.rule, finding.path) for finding in found if finding.severity == "error"}
    assert place in {path for _, path in errors}
    assert ("REGION-UNKNOWN", "platform.region") in errors
    assert len(errors) == 2


@pytest.mark.parametrize(("today", "old"), [("2027-02-07", False), ("2027-02-08", True), (None, False)])
def test_prices_are_old_after_ninety_days(today: str | None, old: bool) -> None:
    found = [finding for finding in planned({}, today=today).findings if finding.rule == "COST-PRICE-STALE"]
    assert bool(found) == old
    for finding in found:
        assert finding.severity == "warning"
        assert "2026-11-09, 91 days before 2027-02-08" in finding.message
        assert "refresh-prices" in finding.fix


def test_the_plan_does_not_depend_on_the_day() -> None:
    assert planned({}, today="2031-01-01").plan == planned({}).plan


def test_spot_prices_have_their_own_date() -> None:
    known = catalog.Price(
        region="eastus", vm_size="A", payg_usd_h=1.0, spot_low_usd_h=0.1, spot_high_usd_h=0.2, older=False,
        spot_older=False, verified=True, source="", as_of="2026-11-09", spot_as_of="2026-10-01",
    )  # fmt: skip
    assert str(cost.price_date(known, spot=True)) == "2026-10-01"
    assert str(cost.price_date(known, spot=False)) == "2026-11-09"


def test_managed_prices_are_weighted_by_the_mix() -> None:
    managed = ManagedApi(name="api", usd_per_million_input_tokens=1.0, usd_per_million_output_tokens=3.0)
    assert tokens.managed_usd_per_million(managed, 100.0, 100.0) == pytest.approx(2.0)
    assert tokens.managed_usd_per_million(managed, 100.0, 0.0) == pytest.approx(1.0)
