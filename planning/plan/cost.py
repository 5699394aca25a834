"""What a Plan costs: nodes by pool, their share by model, tokens at a stated throughput."""

from msgspec import Struct


class CostLine(Struct, frozen=True, kw_only=True):
    """Monthly cost of one pool; None where a price is missing."""

    name: str
    """Name of the pool."""
    vm_size: str
    """VM size of its nodes."""
    capacity: str
    """Kind of capacity: on-demand or spot."""
    min_nodes: int
    """Fewest nodes that run."""
    max_nodes: int
    """Most nodes that may run."""
    hourly: float | None
    """Price of a node and hour that applies, one of the two below."""
    on_demand_hourly: float | None
    """Price of a node and hour on demand."""
    spot_hourly: float | None
    """Price of a node and hour of spot capacity."""
    min_per_month: float | None
    """Cost of a month at the fewest nodes."""
    max_per_month: float | None
    """Cost of a month at the most nodes."""
    idle_min_per_month: float | None
    """Part of `min_per_month` for devices that no replica takes; None on nodes without devices."""
    idle_max_per_month: float | None
    """Part of `max_per_month` for devices that no replica takes; None on nodes without devices."""


class CapacityCost(Struct, frozen=True, kw_only=True):
    """Monthly cost of all pools of one kind of capacity; leaves out what has no price."""

    min_per_month: float
    """Cost of a month at the fewest nodes."""
    max_per_month: float
    """Cost of a month at the most nodes."""


class BreakEvenPlan(Struct, frozen=True, kw_only=True):
    """Tokens a month above which self-hosting is cheaper than a managed API."""

    managed_api: str
    """Name of that API."""
    managed_per_million: float
    """Its price of a million tokens, in the same mix of prompts and answers."""
    first_tokens_per_month: int | None
    """Above this self-hosting is cheaper, until another replica must start; None where it never is."""
    tokens_per_month: int | None
    """Above this it is always cheaper, up to what the most replicas carry; None where that never happens."""


class TokenCost(Struct, frozen=True, kw_only=True):
    """Cost of tokens, prompts and answers together, with all replicas busy at all times."""

    input_tokens_per_second: float
    """Stated throughput of one replica: tokens of prompts."""
    output_tokens_per_second: float
    """Stated throughput of one replica: generated tokens."""
    min_replicas_per_million: float | None
    """Cost of a million tokens at the fewest replicas; None where a price is missing."""
    max_replicas_per_million: float | None
    """Cost of a million tokens at the most replicas; None where a price is missing."""
    min_replicas_tokens_per_month: int
    """Tokens that the fewest replicas carry in a month."""
    max_replicas_tokens_per_month: int
    """Tokens that the most replicas carry in a month."""
    break_even: BreakEvenPlan | None
    """Comparison with the managed API; None where none is stated."""


class ModelCost(Struct, frozen=True, kw_only=True):
    """A model's share of its nodes, by devices."""

    name: str
    """Name of the model."""
    min_nodes: float
    """Nodes at the fewest replicas."""
    max_nodes: float
    """Nodes at the most replicas."""
    min_per_month: float | None
    """Cost of a month at the fewest replicas; None where a price is missing."""
    max_per_month: float | None
    """Cost of a month at the most replicas; None where a price is missing."""
    tokens: TokenCost | None
    """Cost of tokens; None where no throughput is stated."""


class CostPlan(Struct, frozen=True, kw_only=True):
    """Nodes only: what they cost in a month of 730 hours; totals leave out lines without a price.

    The models' shares, what is idle and the lines without devices add up to the total.
    """

    currency: str
    """Currency of every figure."""
    region: str
    """Region whose prices these are."""
    prices_of: str | None
    """ISO date of the oldest price; None where one has no date."""
    min_per_month: float
    """Cost of a month at the fewest nodes."""
    max_per_month: float
    """Cost of a month at the most nodes."""
    complete: bool
    """Whether every line has a price."""
    idle_min_per_month: float
    """Part of `min_per_month` for devices that no replica takes."""
    idle_max_per_month: float
    """Part of `max_per_month` for devices that no replica takes."""
    on_demand: CapacityCost
    """Part of the on-demand pools."""
    spot: CapacityCost
    """Part of the spot pools."""
    lines: tuple[CostLine, ...]
    """Cost by pool, the system pool included."""
    models: tuple[ModelCost, ...]
    """Cost by model."""
