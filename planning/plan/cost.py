"""What a Plan costs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """Monthly cost of one pool at its smallest and largest; None where no price is on file."""

    name: str
    vm_size: str
    capacity: str
    min_nodes: int
    max_nodes: int
    hourly: float | None
    min_per_month: float | None
    max_per_month: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPlan:
    """Nodes only: what they cost in a month of 730 hours; totals leave out lines without a price."""

    currency: str
    region: str
    prices_of: str | None
    min_per_month: float
    max_per_month: float
    complete: bool
    lines: tuple[CostLine, ...]
