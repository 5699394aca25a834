"""A day's usage as a file: a line for each tenant and model, and what it costs where the stack says a price."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from charge_back.counting import Counted

COLUMNS = (
    "day",
    "tenant",
    "model",
    "requests",
    "failed_requests",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "charge_usd",
)
# Tenants' names have no brackets: requests whose metrics name nobody.
NOBODY = "(unknown)"
# What Agent Router names a model whose name it has not read.
_UNKNOWN = "unknown"
# The gateway's name for the second key of a tenant and later ones; tenants' names have no dot.
_KEY = re.compile(r"\.\d+\Z")
# What a spreadsheet would take for more than a name.
_STRANGE = re.compile(r"[^\w./: -]|\A[-\s]")
_MILLION = Decimal(1_000_000)
_PLACES = Decimal("0.000001")
_KINDS = {"input": "read", "cached_input": "cached", "output": "written"}


@dataclass(frozen=True)
class Price:
    """USD of a million tokens of a model, each kind by itself."""

    input: Decimal
    cached: Decimal
    output: Decimal


@dataclass
class Usage:
    """What a tenant has used of a model; `read` are all tokens of prompts, with those that came from a cache."""

    requests: float = 0
    failed: float = 0
    read: float = 0
    cached: float = 0
    written: float = field(default=0)

    @property
    def computed(self) -> int:
        """Tokens of prompts that a model had to compute, which is what limits call `input`."""
        return max(0, round(self.read) - round(self.cached))

    def charge(self, price: Price) -> Decimal:
        """What that costs in USD, to the millionth."""
        parts = self.computed * price.input + round(self.cached) * price.cached + round(self.written) * price.output
        return (parts / _MILLION).quantize(_PLACES)


def by_tenant(tokens: Counted, requests: Counted) -> dict[tuple[str, str], Usage]:
    """Usage by tenant and model; both keys of a tenant, and all backends of a model, are one."""
    used: dict[tuple[str, str], Usage] = {}
    for counter, value in tokens.by_counter.items():
        labels = dict(counter)
        kind = _KINDS.get(labels.get("gen_ai_token_type", ""))
        if kind is not None:
            usage = used.setdefault(_whose(labels), Usage())
            setattr(usage, kind, getattr(usage, kind) + value)
    for counter, value in requests.by_counter.items():
        usage = used.setdefault(_whose(dict(counter)), Usage())
        usage.requests += value
        usage.failed += value if dict(counter).get("error_type") else 0
    return used


def _whose(labels: Mapping[str, str]) -> tuple[str, str]:
    """Tenant and model, by the name in the request: a managed model that answers has its own name."""
    tenant = _KEY.sub("", labels.get("tenant", "")) or NOBODY
    names = [labels.get(label, _UNKNOWN) for label in ("gen_ai_original_model", "gen_ai_request_model")]
    model = next((name for name in names if name != _UNKNOWN), _UNKNOWN)
    return tenant, _STRANGE.sub("_", model)


def as_csv(day: str, used: Mapping[tuple[str, str], Usage], prices: Mapping[str, Price]) -> bytes:
    """The file, its lines in the order of names; a day without requests has the heading alone."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_lines(day, used, prices))
    return text.getvalue().encode()


def _lines(
    day: str, used: Mapping[tuple[str, str], Usage], prices: Mapping[str, Price]
) -> Iterator[tuple[object, ...]]:
    for (tenant, model), usage in sorted(used.items()):
        figures = (
            round(usage.requests), round(usage.failed), usage.computed, round(usage.cached), round(usage.written),
        )  # fmt: skip
        # Counters that stood still all day.
        if any(figures):
            price = prices.get(model)
            yield day, tenant, model, *figures, "" if price is None else f"{usage.charge(price):f}"
