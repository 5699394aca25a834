"""What a Plan costs: nodes by pool, their share by model, tokens at a stated throughput."""

from msgspec import Struct


class CostLine(Struct, frozen=True, kw_only=True):
    """Monthly cost of one pool at the fewest nodes that run and at the most; None where no price is on file.

    `hourly` is the price in force, one of the two beside it. `idle_…` is the part for devices that no replica takes,
    None also where the nodes have no devices.
    """

    name: str
    vm_size: str
    capacity: str
    min_nodes: int
    max_nodes: int
    hourly: float | None
    on_demand_hourly: float | None
    spot_hourly: float | None
    min_per_month: float | None
    max_per_month: float | None
    idle_min_per_month: float | None
    idle_max_per_month: float | None


class CapacityCost(Struct, frozen=True, kw_only=True):
    """Monthly cost of all pools of one kind of capacity; leaves out what has no price."""

    min_per_month: float
    max_per_month: float


class BreakEvenPlan(Struct, frozen=True, kw_only=True):
    """Tokens a month above which self-hosting is cheaper than `managed_api`; None where that never happens.

    From `first_tokens_per_month` on it is, until another replica must start; above `tokens_per_month` it always is, up
    to what the most replicas carry.
    """

    managed_api: str
    managed_per_million: float
    first_tokens_per_month: int | None
    tokens_per_month: int | None


class TokenCost(Struct, frozen=True, kw_only=True):
    """Cost of a million tokens, prompts and answers together, with all replicas busy day and night.

    At the fewest and at the most replicas; None where a price is missing. `tokens_per_month_…` is what they then carry.
    """

    input_tokens_per_second: float
    output_tokens_per_second: float
    min_replicas_per_million: float | None
    max_replicas_per_million: float | None
    min_replicas_tokens_per_month: int
    max_replicas_tokens_per_month: int
    break_even: BreakEvenPlan | None


class ModelCost(Struct, frozen=True, kw_only=True):
    """A model's share of its nodes, by devices: in nodes and a month, at the fewest and at the most replicas."""

    name: str
    min_nodes: float
    max_nodes: float
    min_per_month: float | None
    max_per_month: float | None
    tokens: TokenCost | None


class CostPlan(Struct, frozen=True, kw_only=True):
    """Nodes only: what they cost in a month of 730 hours; totals leave out lines without a price.

    The models' shares, what is idle and the lines without devices add up to the total.
    """

    currency: str
    region: str
    prices_of: str | None
    min_per_month: float
    max_per_month: float
    complete: bool
    idle_min_per_month: float
    idle_max_per_month: float
    on_demand: CapacityCost
    spot: CapacityCost
    lines: tuple[CostLine, ...]
    models: tuple[ModelCost, ...]
