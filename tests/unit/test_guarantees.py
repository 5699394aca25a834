"""Whether what tenants are guaranteed can be distributed over their models, against every set of tenants."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from planning_stacks import model, planned, pool

from planning.resolving.guarantees import Shortfall, shortfalls

NAMES = [f"tenant-{number}" for number in range(5)]
MODELS = [f"model-{number}" for number in range(4)]
WANTED = st.dictionaries(st.sampled_from(NAMES), st.integers(min_value=1, max_value=6), min_size=2)
USABLE = st.fixed_dictionaries({name: st.frozensets(st.sampled_from(MODELS), min_size=1, max_size=3) for name in NAMES})
TOKENS = st.fractions(min_value=0, max_value=9, max_denominator=2)
# The last one may make any number.
MADE = st.fixed_dictionaries(dict.fromkeys(MODELS[:-1], TOKENS), optional={MODELS[-1]: TOKENS})


def lacking(
    names: tuple[str, ...],
    wanted: Mapping[str, int],
    usable: Mapping[str, frozenset[str]],
    made: Mapping[str, Fraction],
) -> Fraction | None:
    """By how much these tenants want more than their models make; None where one of the models makes any number."""
    models = frozenset[str]().union(*(usable[name] for name in names))
    if not models <= made.keys():
        return None
    return sum(wanted[name] for name in names) - sum((made[name] for name in models), Fraction(0))


@given(WANTED, USABLE, MADE)
def test_a_set_of_tenants_is_found_where_there_is_one(
    wanted: dict[str, int], usable: dict[str, frozenset[str]], made: dict[str, Fraction]
) -> None:
    sets = [names for size in range(1, len(NAMES) + 1) for names in combinations(wanted, size)]
    worst = max((lacking(names, wanted, usable, made) or Fraction(0) for names in sets), default=Fraction(0))

    found = shortfalls(wanted, usable, made)

    assert sum((item.wanted - item.made for item in found), Fraction(0)) == max(worst, 0)
    for item in found:
        assert lacking(item.tenants, wanted, usable, made) == item.wanted - item.made > 0
        assert set(item.models) == set().union(*(usable[name] for name in item.tenants))
    models = [name for item in found for name in item.models]
    assert len(models) == len(set(models))


def test_a_tenant_goes_elsewhere_for_one_that_cannot() -> None:
    usable = {"either": frozenset("xy"), "first": frozenset("x"), "second": frozenset("yz"), "third": frozenset("z")}
    made = dict.fromkeys("xyz", Fraction(6))
    assert shortfalls({"either": 6, "first": 6}, usable, made) == ()
    assert shortfalls({"either": 4, "first": 6, "second": 5, "third": 3}, usable, made) == ()
    assert shortfalls({"either": 4, "first": 6, "second": 5, "third": 4}, usable, made) == (
        Shortfall(("either", "first", "second", "third"), ("x", "y", "z"), 19, Fraction(18)),
    )


def test_two_each_of_three_share_what_all_three_make() -> None:
    usable = {"a": frozenset("wx"), "b": frozenset("xy"), "c": frozenset("wy"), "d": frozenset("wxyz")}
    made = {"w": Fraction(6000), "x": Fraction(6000), "y": Fraction(6000), "z": Fraction(10**9)}
    wanted = dict.fromkeys("abc", 9000) | {"d": 1_000_000}

    assert shortfalls(wanted, usable, made) == (Shortfall(("a", "b", "c"), ("w", "x", "y"), 27_000, Fraction(18_000)),)
    assert shortfalls({**wanted, **dict.fromkeys("abc", 6000)}, usable, made) == ()


def test_a_thousand_tenants_of_a_hundred_models() -> None:
    models = [f"model-{number:03}" for number in range(100)]
    usable = {f"tenant-{index}": frozenset(models[(index + step) % 100] for step in range(5)) for index in range(1000)}
    made = {name: Fraction(1000) for name in models}
    assert shortfalls(dict.fromkeys(usable, 100), usable, made) == ()
    (found,) = shortfalls(dict.fromkeys(usable, 101), usable, made)
    assert (len(found.tenants), found.wanted, found.made) == (1000, 101_000, 100_000)


def guaranteed(expected: Mapping[str, dict[str, float] | None], *tenants: tuple[str, list[str], int]) -> list[str]:
    """What the preview says of these tenants, their models and guarantees."""
    changes: dict[str, Any] = {
        "gateway.prefix_cache": "shared",
        "pools[1]": pool("more"),
        "models": [
            model(name, "more", replicas={"min": 1, "max": 1}, **({} if rates is None else {"expected": rates}))
            for name, rates in expected.items()
        ],
        "tenants": [
            {"name": name, "key_secret": f"key-{name}", "models": models, "guaranteed_tokens_per_minute": tokens}
            for name, models, tokens in tenants
        ],
    }
    return [found.message for found in planned(changes).findings if found.rule == "TENANT-GUARANTEE"]


RATES = {"input_tokens_per_second": 4000.0, "output_tokens_per_second": 100.0}


def test_the_finding_names_tenants_models_and_figures() -> None:
    three = [("a", ["w", "x"], 9000), ("b", ["x", "y"], 9000), ("c", ["w", "y"], 9000)]
    huge = {**RATES, "output_tokens_per_second": 100_000.0}
    (message,) = guaranteed({"w": RATES, "x": RATES, "y": RATES, "z": huge}, *three, ("d", ["z"], 9000))
    for words in ("`a`", "`b`", "`c`", "27000", "`w`", "`x`", "`y`", "18000"):
        assert words in message
    assert "`d`" not in message
    assert "`z`" not in message


def test_what_is_known_is_judged_where_another_model_states_nothing() -> None:
    both = guaranteed({"w": RATES, "x": None}, ("a", ["w"], 6001), ("b", ["w", "x"], 10**6))
    assert len(both) == 2
    assert "no throughput is stated" in both[0]
    assert "6001" in both[1]
    assert len(guaranteed({"w": RATES, "x": None}, ("a", ["w"], 6000), ("b", ["w", "x"], 10**6))) == 1
