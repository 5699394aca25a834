"""The Plan as tables: memory ledger, placement, pools and cost."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from planning import ModelPlan, Plan
from planning.plan import CostLine, CostPlan, PlacementPlan, RolloutPlan
from preview.formats import device, gib, listed, rate, span, whole

# A column: its heading, and `right` for figures.
Column = tuple[str, bool]
# Wider than any screen: what a table would take if nothing held it back.
_UNBOUNDED = 1000
# As planning/cost.py counts.
_COUNTED = (
    "A month has 730 hours. Only nodes are counted: not the load balancer, NAT gateway, disks, traffic, vault, "
    "registry and storage."
)


def section(title: str, told: str, *parts: RenderableType) -> RenderableType:
    """A heading with what matters most behind it, and what belongs to it, indented."""
    heading = Text.assemble((title, "title"), " " * max(2, 18 - len(title)), told)
    return Group(heading, *(Padding(part, (0, 0, 0, 2)) for part in parts))


def models(plan: Plan, console: Console, width: int) -> RenderableType:
    """The memory ledger of every model in one table; in two where `width` columns don't hold it."""
    placed: list[Column] = [("model", False), ("", False), ("replicas", True), ("runs on", False)]
    ledger: list[Column] = [
        ("weights", True), ("KV cache", True), ("overhead", True), ("context", True), ("at once", True), ("", False),
    ]  # fmt: skip
    told = "memory of one GPU or slice, of the worst rank"
    one = _table([*placed, *ledger], ([*_place(model), *_ledger(model)] for model in plan.models))
    if console.measure(one, options=console.options.update(max_width=_UNBOUNDED)).maximum <= width - 2:
        return section("Models", told, one)
    where = _table(placed, (_place(model) for model in plan.models))
    memory = _table([("model", False), *ledger], ([model.name, *_ledger(model)] for model in plan.models))
    return Group(section("Models", "", where), Text(), section("Memory", told, memory))


def placement(plan: Plan) -> RenderableType:
    """Where each replica goes, and how a new version takes over."""
    rows = (
        [
            deployment.name,
            span(deployment.placement.min, deployment.placement.max),
            deployment.placement.pool,
            device(deployment.placement.resource, deployment.placement.count),
            whole(model.cpu),
            f"{whole(model.memory_gib)} GiB",
            _rollout(model.rollout),
        ]
        for model in plan.models
        for deployment in model.deployments
    )
    columns: list[Column] = [
        ("deployment", False), ("replicas", True), ("pool", False),
        ("takes", False), ("cores", True), ("memory", True), ("rollout", False),
    ]  # fmt: skip
    return section("Placement", "", _table(columns, rows))


def pools(plan: Plan) -> RenderableType:
    """What each pool offers and what of it the models ask for, at the fewest and at the most."""
    asked: dict[tuple[str, str], list[PlacementPlan]] = defaultdict(list)
    for model in plan.models:
        for place in model.placement:
            asked[place.pool, place.resource].append(place)
    rows = (
        [
            pool.name,
            pool.vm_size,
            span(pool.min_nodes, pool.max_nodes),
            device(resource, count),
            span(count * pool.min_nodes, count * pool.max_nodes),
            _asked(asked[pool.name, resource]),
        ]
        for pool in plan.pools
        for resource, count in pool.resources or (("no GPU", 0),)
    )
    columns: list[Column] = [
        ("pool", False), ("VM size", False), ("nodes", True), ("a node has", False), ("in all", True), ("asked", True),
    ]  # fmt: skip
    return section("Pools", "", _table(columns, rows))


def cost(plan: CostPlan) -> RenderableType:
    """What the nodes cost in a month, with the date of the prices and what is left out."""
    dated = f"at {plan.region} prices of {plan.prices_of}" if plan.prices_of else (
        f"at {plan.region} prices, not all of them dated"
    )  # fmt: skip
    columns: list[Column] = [
        ("pool", False), ("VM size", False), ("capacity", False), ("nodes", True),
        (f"{plan.currency}/h", True), ("a month", True),
    ]  # fmt: skip
    left_out = [line.name for line in plan.lines if line.hourly is None]
    notes = [f"No price on file: {listed(left_out)}; the sum leaves this out."] if left_out else []
    notes.append(_COUNTED)
    total = f"{span(plan.min_per_month, plan.max_per_month)} {plan.currency} a month {dated}"
    table = _table(columns, (_cost_row(line) for line in plan.lines))
    return section("Cost", total, table, *(Text(note, "note") for note in notes))


def _table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="heading")
    for index, (heading, right) in enumerate(columns):
        last = index == len(columns) - 1
        table.add_column(heading, justify="right" if right else "left", no_wrap=not last, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _place(model: ModelPlan) -> list[str]:
    where = [f"{place.pool} · {device(place.resource, place.count)}" for place in model.placement]
    name = model.model_id.rpartition("/")[2]
    return [model.name, name, span(model.min_replicas, model.max_replicas), "\n".join(where)]


def _ledger(model: ModelPlan) -> list[str]:
    memory = model.memory
    return [
        gib(memory.weights_gib),
        gib(memory.kv_cache_gib),
        gib(memory.overhead_gib),
        whole(model.context),
        f"{memory.max_concurrency:,.1f}",
        f"{'fits' if memory.fits else 'does not fit'} ({whole(model.concurrency)} asked)",
    ]


def _rollout(rollout: RolloutPlan) -> str:
    if rollout.strategy == "Recreate":
        return "stops, then starts"
    if rollout.max_surge:
        return f"{whole(rollout.max_surge)} more meanwhile"
    return f"{whole(rollout.max_unavailable or 0)} fewer meanwhile"


def _asked(places: Sequence[PlacementPlan]) -> str:
    fewest = sum(place.count * place.min for place in places)
    return span(fewest, sum(place.count * place.max for place in places))


def _cost_row(line: CostLine) -> list[str]:
    nodes = span(line.min_nodes, line.max_nodes)
    if line.hourly is None or line.min_per_month is None or line.max_per_month is None:
        return [line.name, line.vm_size, line.capacity, nodes, "unknown", "unknown"]
    month = span(line.min_per_month, line.max_per_month)
    return [line.name, line.vm_size, line.capacity, nodes, rate(line.hourly), month]
