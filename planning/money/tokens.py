"""What a million tokens cost at a stated throughput, and from how many tokens a month on self-hosting is cheaper.

Assumed: load that arrives evenly, as few replicas as carry it, and a replica that pays for its devices' share of the
node, not for idle devices and the system pool.
"""

import math
from collections.abc import Iterator

from msgspec import Struct

from config.cost import ManagedApi
from planning.plan import BreakEvenPlan, TokenCost

# Azure's own pricing pages count a month as 730 hours.
HOURS_PER_MONTH = 730
_SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
_MILLION = 1_000_000


class Steps(Struct, frozen=True):
    """How a model scales: groups of (fewest replicas, how many may be added, USD/h of one replica), floor first.

    Prices are None where the catalog has none; the rates are tokens per second of one busy replica.
    """

    groups: tuple[tuple[int, int, float | None], ...]
    input_rate: float
    output_rate: float

    @property
    def replica_tokens(self) -> float:
        """Tokens a month that one replica carries when it is busy at all times."""
        return (self.input_rate + self.output_rate) * _SECONDS_PER_MONTH

    def costs(self) -> Iterator[tuple[int, float | None]]:
        """Replicas and their USD a month, from the fewest to the most, one more each time."""
        replicas = sum(low for low, _, _ in self.groups)
        usd: float | None = 0.0
        for low, _, hourly in self.groups:
            usd = _more(usd, low, hourly)
        yield replicas, usd
        for _, extra, hourly in self.groups:
            for _ in range(extra):
                replicas, usd = replicas + 1, _more(usd, 1, hourly)
                yield replicas, usd


def token_cost(steps: Steps, api: ManagedApi | None) -> TokenCost | None:
    """Cost of tokens, and the break-even where a managed API is named; None for a model without replicas."""
    costs = tuple(steps.costs())
    (fewest, low), (most, high) = costs[0], costs[-1]
    if most == 0:
        return None
    return TokenCost(
        input_tokens_per_second=steps.input_rate,
        output_tokens_per_second=steps.output_rate,
        min_replicas_per_million=_per_million(low, fewest * steps.replica_tokens),
        max_replicas_per_million=_per_million(high, most * steps.replica_tokens),
        min_replicas_tokens_per_month=round(fewest * steps.replica_tokens),
        max_replicas_tokens_per_month=round(most * steps.replica_tokens),
        break_even=None if api is None else _break_even(steps, costs, api),
    )


def managed_usd_per_million(api: ManagedApi, input_rate: float, output_rate: float) -> float:
    """The API's price of a million tokens in the same mix of prompts and answers."""
    price = api.usd_per_million_input_tokens * input_rate + api.usd_per_million_output_tokens * output_rate
    return price / (input_rate + output_rate)


def _break_even(steps: Steps, costs: tuple[tuple[int, float | None], ...], api: ManagedApi) -> BreakEvenPlan | None:
    """The tokens a month above which self-hosting is cheaper: at first, and for good. None where a price is missing.

    With k replicas the load is between what k - 1 and what k replicas carry; their cost breaks even at one load.
    """
    managed = managed_usd_per_million(api, steps.input_rate, steps.output_rate)
    first: float | None = None
    lasting: float | None = None
    before = 0.0
    for replicas, usd in costs:
        if usd is None:
            return None
        carried = replicas * steps.replica_tokens
        paid_off = usd / managed * _MILLION if managed else math.inf
        if paid_off >= carried:
            lasting = None
        elif lasting is None or paid_off > before:
            lasting = max(paid_off, before)
            first = lasting if first is None else first
        before = carried
    return BreakEvenPlan(
        managed_api=api.name,
        managed_per_million=round(managed, 4),
        first_tokens_per_month=None if first is None else round(first),
        tokens_per_month=None if lasting is None else round(lasting),
    )


def _more(usd: float | None, replicas: int, hourly: float | None) -> float | None:
    if not replicas:
        return usd
    return None if usd is None or hourly is None else usd + replicas * hourly * HOURS_PER_MONTH


def _per_million(usd: float | None, carried: float) -> float | None:
    return None if usd is None or not carried else round(usd / carried * _MILLION, 4)
