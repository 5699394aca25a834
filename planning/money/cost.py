"""What the nodes cost in a month, at their fewest and at their most, and which part of it each model takes.

Only nodes: the catalog has no prices of load balancer, NAT gateway, disks, traffic, vault, registry, storage and logs.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct

from catalog import Price
from planning.money import tokens
from planning.money.billed_pools import BilledPool, billed_pools
from planning.money.tokens import HOURS_PER_MONTH
from planning.plan import (
    CapacityCost,
    CostLine,
    CostPlan,
    ModelCost,
    TokenCost,
)
from planning.resolving.fallback import comparable_price
from planning.resolving.pools import PoolView
from planning.resolving.releases import ModelView
from planning.resolving.resolution import Resolution, derived
from planning.resolving.workloads import Workload, workloads_of


class Load(Struct, frozen=True):
    """What the models use of one pool: shares of a node, and the nodes that hold the fewest replicas' devices."""

    low: float
    high: float
    nodes: int


def price_of(stack: Resolution, pool: BilledPool) -> Price | None:
    """The catalog's price entry of a pool's VM size in the stack's region; another region's price is never used."""
    return stack.catalog.prices.get((stack.settings.platform.region, pool.vm_size))


def hourly_usd(stack: Resolution, pool: BilledPool) -> float | None:
    """Price of one node, USD/h; for spot the highest price seen; None where the catalog has none."""
    price = price_of(stack, pool)
    if price is None:
        return None
    return price.spot_high_usd_h if pool.spot else price.payg_usd_h


def price_date(price: Price, *, spot: bool) -> date | None:
    """Day on which a price was read; None where it was not recorded."""
    text = (price.spot_as_of or price.as_of) if spot else price.as_of
    if (price.spot_older if spot else price.older) or not text[:1].isdigit():
        return None
    return date.fromisoformat(text)


def node_share(pool: PoolView, workload: Workload) -> float:
    """Share of a node that one replica takes: its devices' part of the memory of all devices of the node."""
    return _devices(workload) * device_shares(pool)[workload.device.resource]


def device_shares(pool: PoolView) -> Mapping[str, float]:
    """Share of a node that one device takes, by its resource: its part of the memory of all devices of the node."""
    on_node = sum(device.memory_gib * device.per_node for device in pool.devices)
    return {device.resource: device.memory_gib / on_node for device in pool.devices}


def _devices(workload: Workload) -> int:
    """Devices of one replica."""
    return workload.request.count * workload.pods_per_replica


@derived
def loads(stack: Resolution) -> Mapping[str, Load]:
    """What the models use of each pool that has devices, by pool name."""
    taken: dict[str, list[Workload]] = {pool.name: [] for pool in stack.pools if pool.devices}
    for workload in stack.workloads:
        taken[workload.pool.name].append(workload)
    found = {}
    for name, members in taken.items():
        pool = stack.pool_by_name[name]
        devices: dict[str, int] = {}
        for workload in members:
            kind = workload.device.kind
            devices[kind] = devices.get(kind, 0) + workload.low * _devices(workload)
        found[name] = Load(
            low=sum(workload.low * node_share(pool, workload) for workload in members),
            high=sum(workload.high * node_share(pool, workload) for workload in members),
            nodes=max((-(-devices.get(device.kind, 0) // device.per_node) for device in pool.devices), default=0),
        )
    return found


def cost(stack: Resolution) -> CostPlan:
    """Add up the cost; `prices_of` is the oldest date among the prices used, None where one of them has no date."""
    lines = tuple(_line(stack, pool) for pool in billed_pools(stack))
    dates = {
        price_date(price, spot=pool.spot)
        for pool in billed_pools(stack)
        if hourly_usd(stack, pool) is not None and (price := price_of(stack, pool)) is not None
    }
    known = sorted(day for day in dates if day is not None)
    total = _capacity(lines)
    return CostPlan(
        currency="USD",
        region=stack.settings.platform.region,
        prices_of=known[0].isoformat() if known and None not in dates else None,
        min_per_month=total.min_per_month,
        max_per_month=total.max_per_month,
        complete=all(line.hourly is not None for line in lines),
        idle_min_per_month=round(sum(line.idle_min_per_month or 0.0 for line in lines), 2),
        idle_max_per_month=round(sum(line.idle_max_per_month or 0.0 for line in lines), 2),
        on_demand=_capacity(line for line in lines if line.capacity == "on-demand"),
        spot=_capacity(line for line in lines if line.capacity == "spot"),
        lines=lines,
        models=tuple(_model(stack, model) for model in stack.models),
    )


def replica_usd_h(stack: Resolution, model: ModelView) -> tuple[tuple[Workload, float | None], ...]:
    """Each group of a model's replicas with the price of one replica, USD/h, floor first; None without a price."""
    by_name = {pool.name: pool for pool in billed_pools(stack)[:-1]}
    priced = []
    for workload in (workload for release in model.releases for workload in workloads_of(release)):
        hourly = hourly_usd(stack, by_name[workload.pool.name])
        priced.append((workload, None if hourly is None else hourly * node_share(workload.pool, workload)))
    return tuple(priced)


def _line(stack: Resolution, pool: BilledPool) -> CostLine:
    price, hourly = price_of(stack, pool), hourly_usd(stack, pool)
    load = loads(stack).get(pool.name) if pool.gpu else None
    # The autoscaler starts what the fewest replicas need, whatever the pool's own minimum.
    fewest = pool.min_nodes if load is None else min(pool.max_nodes, max(pool.min_nodes, load.nodes))
    per_node = None if hourly is None else hourly * HOURS_PER_MONTH
    return CostLine(
        name=pool.name,
        vm_size=pool.vm_size,
        capacity="spot" if pool.spot else "on-demand",
        min_nodes=fewest,
        max_nodes=pool.max_nodes,
        hourly=hourly,
        on_demand_hourly=price.payg_usd_h if price else None,
        spot_hourly=price.spot_high_usd_h if price else None,
        min_per_month=_usd(per_node, fewest),
        max_per_month=_usd(per_node, pool.max_nodes),
        idle_min_per_month=None if load is None else _usd(per_node, max(0.0, fewest - load.low)),
        idle_max_per_month=None if load is None else _usd(per_node, max(0.0, pool.max_nodes - load.high)),
    )


def _usd(per_node: float | None, nodes: float) -> float | None:
    return None if per_node is None else round(per_node * nodes, 2)


def _capacity(lines: Iterable[CostLine]) -> CapacityCost:
    several = tuple(lines)
    return CapacityCost(
        min_per_month=round(sum(line.min_per_month or 0.0 for line in several), 2),
        max_per_month=round(sum(line.max_per_month or 0.0 for line in several), 2),
    )


def _model(stack: Resolution, model: ModelView) -> ModelCost:
    priced = replica_usd_h(stack, model)
    return ModelCost(
        name=model.name,
        min_nodes=round(sum(workload.low * node_share(workload.pool, workload) for workload, _ in priced), 3),
        max_nodes=round(sum(workload.high * node_share(workload.pool, workload) for workload, _ in priced), 3),
        min_per_month=_month([(workload.low, usd) for workload, usd in priced]),
        max_per_month=_month([(workload.high, usd) for workload, usd in priced]),
        tokens=model_token_cost(stack, model),
    )


def model_token_cost(stack: Resolution, model: ModelView) -> TokenCost | None:
    """Cost of tokens where the stack file states a throughput."""
    expected = model.settings.expected
    if expected is None:
        return None
    apis = {api.name: api for api in stack.settings.cost.managed_apis}
    steps = tokens.Steps(
        tuple((workload.low, workload.high - workload.low, usd) for workload, usd in replica_usd_h(stack, model)),
        expected.input_tokens_per_second,
        expected.output_tokens_per_second or 0.0,
    )
    # What the operator compares with comes before what requests fall back to.
    return tokens.token_cost(steps, apis.get(expected.instead_of or "") or comparable_price(model.settings))


def _month(parts: Iterable[tuple[int, float | None]]) -> float | None:
    total = 0.0
    for replicas, usd in parts:
        if replicas and usd is None:
            return None
        total += replicas * (usd or 0.0) * HOURS_PER_MONTH
    return round(total, 2)
