"""Alerts on burn rates fire exactly when both of their windows are over the limit, on traffic made by chance."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Final

import pytest

from observability.objectives.names import WINDOWS
from planning.plan.objectives import FEWEST_BAD
from rehearsal.toolchain import ToolUnavailableError
from tests.alerts import promtool
from tests.alerts.cases import every_rule, named, with_recordings
from tests.alerts.expositions import scraped
from tests.alerts.promtool import Expected, Trial
from tests.toolchains import PROMETHEUS

_BUDGET: Final = 0.001
# Counters are far from zero: near it Prometheus extrapolates by where they may have begun.
_BEGUN: Final = 10**9
_ROUTE: Final = 'envoy_cluster_name="httproute/llm/chat/rule/0"'
_LISTENER: Final = 'envoy_http_conn_manager_prefix="https-443"'


@dataclass(frozen=True)
class Burn:
    """An alert, its factor and its windows; they, traffic and the time between evaluations are in minutes."""

    alert: str
    factor: float
    long: int
    short: int
    within: str
    lasts: int
    every: int


BURNS: Final = (
    Burn("SLOBudgetBurnsFastest", 14.4, 60, 5, "an hour, at which the error budget of 30 days lasts 2 days", 300, 1),
    Burn("SLOBudgetBurnsFast", 6, 360, 30, "6 hours, at which the error budget of 30 days lasts 5 days", 1000, 1),
    Burn("SLOBudgetBurns", 3, 1440, 120, "a day, at which the error budget of 30 days lasts 10 days", 3000, 5),
    Burn("SLOBudgetBurnsSlowly", 1, 4320, 360, "3 days, at which the error budget of 30 days lasts 30 days", 7200, 10),
)


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        PROMETHEUS.binary("promtool")
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


def traffic(burn: Burn, chance: random.Random) -> tuple[list[int], list[int]]:
    """Requests by the minute that were answered and that failed: quiet and busy times, bad and good ones."""
    good, bad = [], []
    while len(good) < burn.lasts:
        requests = chance.choice((0, 1, 20, 5000, 50_000))
        share = burn.factor * _BUDGET * chance.choice((0, 0.5, 0.98, 1.02, 3, 40))
        for _ in range(chance.randint(burn.short // 2, burn.long)):
            failed = int(requests * min(share, 1) + chance.random())
            good.append(max(requests - failed, 0))
            bad.append(failed)
    return good[: burn.lasts], bad[: burn.lasts]


def counted(increments: Sequence[int]) -> list[int]:
    """A counter by the minute."""
    return [_BEGUN + value for value in accumulate(increments)]


def grown(counter: Sequence[int], minute: int, window: int) -> int:
    """By how much a counter grew within a window that ends with a minute, from the samples in it as in Prometheus."""
    return counter[minute] - counter[minute - window + 1]


def expected(burn: Burn, good: Sequence[int], bad: Sequence[int]) -> Iterator[tuple[Expected, bool]]:
    """What fires at moments after the first long window, and whether it does."""
    (rule,) = named(burn.alert)
    answered, failed = counted(good), counted(bad)
    for minute in range(burn.long + burn.every, burn.lasts, burn.every * 7):
        at = minute - minute % burn.every

        def share(window: int, at: int = at) -> float | None:
            lost = grown(failed, at, window)
            requested = lost + grown(answered, at, window)
            return lost / requested if requested else None

        long, short = share(burn.long), share(burn.short)
        limit = burn.factor * _BUDGET
        fires = (
            long is not None and short is not None and long > limit and short > limit
            # Prometheus extrapolates from the samples to the ends of the window.
            and grown(failed, at, burn.long) * burn.long / (burn.long - 1) >= FEWEST_BAD
        )  # fmt: skip
        labels = {**rule["labels"], "model": "chat", "slo": "availability"}
        text = f"chat, availability: {(long or 0) * 100:.4g}% bad within {burn.within}"
        texts = {**rule["annotations"], "summary": text}
        yield Expected(f"{at}m", burn.alert, [(labels, texts)] if fires else []), fires


def trial(burn: Burn, seed: int) -> tuple[Trial, set[bool]]:
    """One stretch of traffic, and which outcomes it has."""
    good, bad = traffic(burn, random.Random(seed))  # noqa: S311 - traffic, not a secret
    found = list(expected(burn, good, bad))
    values = {"2": good, "5": bad}
    series = {
        str(recorded): " ".join(map(str, counted(values[recorded.labels["envoy_response_code_class"]])))
        for recorded in scraped("dev, with limits")
        if recorded.labels.get("envoy_response_code_class") in values
        and (_ROUTE in str(recorded) or _LISTENER in str(recorded))
    }
    rules = with_recordings(named(burn.alert))
    outcome = {fires for _, fires in found}
    return Trial(f"{burn.alert}, traffic {seed}", rules, series, [item for item, _ in found], f"{burn.every}m"), outcome


@pytest.mark.parametrize(
    "burn",
    [*BURNS[:2], *(pytest.param(burn, marks=pytest.mark.long) for burn in BURNS[2:])],
    ids=lambda burn: burn.alert,
)
def test_it_fires_exactly_when_both_windows_are_over_the_limit(burn: Burn, tmp_path: Path) -> None:
    made = [trial(burn, seed) for seed in range(8)]

    failed = promtool.failures([tried for tried, _ in made], tmp_path)

    assert not failed, "\n".join(f"{name}\n{report[:2000]}" for name, report in failed.items())
    assert {fires for _, outcomes in made for fires in outcomes} == {True, False}


def test_every_window_is_the_one_that_its_name_says() -> None:
    """A ratio of a day over an hour's counters would pass every test of the hour."""
    windows = [rule for rule in every_rule() if ":increase" in rule.get("record", "")]
    of_objectives = {rule["record"] for rule in windows if rule["record"].startswith("slo:")}
    assert len(of_objectives) == len(WINDOWS) * 6
    for rule in windows:
        own = rule["record"].rpartition(":increase")[2]
        assert set(re.findall(r"\[(\d+[mhd])\]|:increase(\w+)", rule["expr"])) <= {(own, ""), ("", own)}, rule["expr"]
