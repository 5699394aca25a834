"""What is recorded of costs: prices, whose devices they are, and what was planned."""

from msgspec import Struct


class WatchedPoolCost(Struct, frozen=True, kw_only=True):
    """A pool whose nodes have a price."""

    name: str
    """Its name."""
    labelled: bool
    """Whether its nodes have the label of their pool; those of the first pool are known by their name alone."""
    capacity: str
    """Kind of capacity: on-demand or spot."""
    usd_per_hour: float
    """Price of a node, before discounts."""
    min_nodes: int
    """Fewest nodes of the Plan."""
    max_nodes: int
    """Most nodes of the Plan."""
    shares: tuple[tuple[str, float], ...]
    """Extended resource, and the share of a node that one of it takes: a whole node has 1. Empty without GPUs."""


class WatchedModelCost(Struct, frozen=True, kw_only=True):
    """A model with replicas on nodes that have a price."""

    name: str
    """Label `model_name` of its metrics, and the name of its backend in the gateway."""
    workloads: tuple[str, ...]
    """Names of its Deployments."""
    pools: tuple[str, ...]
    """The pools of its replicas that have a price."""
    complete: bool
    """Whether all its pools have one: otherwise its whole cost is not recorded."""
    min_usd_per_hour: float | None
    """Its share of the nodes at the fewest replicas; None where a price is missing."""
    max_usd_per_hour: float | None
    """Its share of the nodes at the most replicas; None where a price is missing."""
    busiest_usd_per_million: float | None
    """A million tokens with the most replicas busy at all times; None without a stated throughput, or a price."""


class CostWatchPlan(Struct, frozen=True, kw_only=True):
    """What is recorded of costs, and when it is reported."""

    pools: tuple[WatchedPoolCost, ...]
    """Pools of a known price, those without GPUs too."""
    unpriced: tuple[str, ...]
    """Pools of which nothing is recorded, since the catalog has no price."""
    models: tuple[WatchedModelCost, ...]
    """Models of which at least one pool has a price."""
    budget_usd_per_month: float | None
    """What all nodes may cost in a month of 730 hours; None where none is stated."""
    idle_share: float
    """Share of the cost of GPU nodes in a day that may be for GPUs that do nothing."""
