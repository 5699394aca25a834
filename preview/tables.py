"""The Plan as tables: memory ledger, placement, pools and cost."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from planning import ModelPlan, Plan
from planning.plan import (
    CostLine,
    CostPlan,
    MemoryPlan,
    ReleasePlan,
    TokenCost,
    WorkloadPlan,
)
from preview.formats import TO, device, device_name, gib, joined, rate, requested, span, whole

# A column: its heading, and `right` for figures.
Column = tuple[str, bool]
# Wider than any screen: measures the width of a table without a limit.
_UNBOUNDED = 1000
# As planning/money/cost.py counts.
_COUNTED = (
    "A month has 730 hours. Only nodes are counted: not the load balancer, NAT gateway, disks, traffic, vault, "
    "registry, storage and logs."
)
_MILLION = 1_000_000
# The longest heading of the memory ledger: it takes two lines where 80 columns are too few.
_LONGEST = "max concurrency"
# As planning/money/tokens.py counts.
_ASSUMED = (
    "All replicas busy around the clock at the stated rates. Cheaper above: the first load from which self-hosting is "
    "cheaper, and the one from which it stays so however many replicas an even load takes. A model pays for its "
    "devices, not for idle ones and the system pool."
)


def titled(title: str, summary: str, *parts: RenderableType) -> RenderableType:
    """A heading followed by its summary, and its content, indented."""
    heading = Text.assemble((title, "title"), " " * max(2, 18 - len(title)), summary)
    return Group(heading, *(Padding(part, (0, 0, 0, 2)) for part in parts))


def models(plan: Plan, console: Console, width: int) -> RenderableType:
    """The memory ledger of every model in one table; in two where it is wider than `width` columns."""
    placed: list[Column] = [("model", False), ("", False), ("runs on", False)]
    ledger: list[Column] = [
        ("weights", True), ("KV cache", True), ("overhead", True), ("context", True), (_LONGEST, True),
        ("", False),
    ]  # fmt: skip
    unit = "memory of one GPU or slice, of the worst rank"
    joint = grid(
        [*placed, *ledger], ([*_place(model, release), *_ledger(release)] for model, release in _releases(plan))
    )
    if console.measure(joint, options=console.options.update(max_width=_UNBOUNDED)).maximum <= width - 2:
        return titled("Models", unit, joint)
    where = grid(placed, (_place(model, release) for model, release in _releases(plan)))
    memory = grid(
        [("model", False), *ledger], ([release.name, *_ledger(release)] for _, release in _releases(plan)), _LONGEST
    )
    return Group(titled("Models", "", where), Text(), titled("Memory", unit, memory))


def placement(plan: Plan) -> RenderableType:
    """Where each replica runs, and how a new version is rolled out."""
    rows = (
        [
            workload.name,
            span(workload.replicas.min, workload.replicas.max),
            workload.pool,
            requested(workload.request),
            whole(release.pod.cpu),
            f"{whole(release.pod.memory_gib)} GiB",
            _rollout(workload),
        ]
        for _, release in _releases(plan)
        for workload in release.workloads
    )
    columns: list[Column] = [
        ("workload", False), ("replicas", True), ("pool", False),
        ("device", False), ("cores", True), ("memory", True), ("rollout", False),
    ]  # fmt: skip
    return titled("Placement", "", grid(columns, rows))


def pools(plan: Plan) -> RenderableType:
    """What each pool offers and how much of it the models request, at minimum and maximum nodes and replicas."""
    requests: dict[tuple[str, str], list[WorkloadPlan]] = defaultdict(list)
    for model in plan.models:
        for workload in model.workloads:
            requests[workload.pool, device_name(workload.request)].append(workload)
    rows = (
        [
            pool.name,
            pool.vm_size,
            span(pool.min_nodes, pool.max_nodes),
            device(name, count),
            span(count * pool.min_nodes, count * pool.max_nodes),
            _requested(requests[pool.name, name]),
        ]
        for pool in plan.pools
        for name, count in pool.offers or (("no GPU", 0),)
    )
    columns: list[Column] = [
        ("pool", False), ("VM size", False), ("nodes", True), ("per node", False), ("total", True), ("requested", True),
    ]  # fmt: skip
    return titled("Pools", "", grid(columns, rows))


def cost(plan: CostPlan) -> RenderableType:
    """What the nodes cost in a month by pool and by model, with the date of the prices and what is left out."""
    dated = f"at {plan.region} prices of {plan.prices_of}" if plan.prices_of else (
        f"at {plan.region} prices, not all of them dated"
    )  # fmt: skip
    columns: list[Column] = [
        ("pool", False), ("VM size", False), ("capacity", False), ("nodes", True),
        (f"{plan.currency}/h", True), ("per month", True), ("idle", True),
    ]  # fmt: skip
    left_out = [line.name for line in plan.lines if line.hourly is None]
    notes = [f"No price in the catalog: {joined(left_out)}; the total leaves this out."] if left_out else []
    notes.append(_COUNTED)
    total = f"{span(plan.min_per_month, plan.max_per_month)} {plan.currency} a month {dated}"
    if plan.spot.max_per_month:
        kinds = (("on demand", plan.on_demand), ("spot", plan.spot))
        notes.insert(
            0, "; ".join(f"{name} {span(sums.min_per_month, sums.max_per_month)}" for name, sums in kinds) + "."
        )
    table = grid(columns, (_cost_row(line) for line in plan.lines))
    shares = grid([("model", False), ("nodes", True), ("per month", True)], _shares(plan))
    parts: list[RenderableType] = [table, Text(), shares]
    if any(model.tokens for model in plan.models):
        parts += [Text(), _tokens(plan), Text(_ASSUMED, "fine print")]
    return titled("Cost", total, *parts, *(Text(note, "fine print") for note in notes))


def _shares(plan: CostPlan) -> Iterator[list[str]]:
    """Each model's share of its nodes, and the rest: the rows add up to the total."""
    for model in plan.models:
        nodes = (f"{model.min_nodes:.3g}", f"{model.max_nodes:.3g}")
        month = ("unknown" if usd is None else whole(usd) for usd in (model.min_per_month, model.max_per_month))
        yield [model.name, TO.join(dict.fromkeys(nodes)), TO.join(dict.fromkeys(month))]
    yield ["(idle devices)", "", span(plan.idle_min_per_month, plan.idle_max_per_month)]
    others = [line for line in plan.lines if line.idle_min_per_month is None and line.hourly is not None]
    rest = sum(line.min_per_month or 0 for line in others), sum(line.max_per_month or 0 for line in others)
    yield [f"({joined([line.name for line in others])})", "", span(*rest)]


def _tokens(plan: CostPlan) -> Table:
    columns: list[Column] = [
        ("tokens of", False), ("per replica, in + out", True), (f"{plan.currency} per million", True),
        ("instead of", False), ("charges", True), ("cheaper above, per month", True),
    ]  # fmt: skip
    return grid(columns, (_token_row(model.name, model.tokens) for model in plan.models if model.tokens))


def _token_row(name: str, tokens: TokenCost) -> list[str]:
    rates = f"{whole(tokens.input_tokens_per_second)} + {whole(tokens.output_tokens_per_second)}/s"
    prices = [tokens.min_replicas_per_million, tokens.max_replicas_per_million]
    figures = [f"{price:.3f}" for price in prices if price is not None]
    price = "unknown" if None in prices else TO.join(dict.fromkeys(figures))
    even = tokens.break_even
    if even is None:
        return [name, rates, price, "", "", ""]
    loads = [even.first_tokens_per_month, even.tokens_per_month]
    above = [f"{load / _MILLION:,.0f}" for load in loads if load is not None]
    threshold = f"{TO.join(dict.fromkeys(above))} million" if above else "never"
    return [name, rates, price, even.managed_api, f"{even.managed_per_million:.3f}", threshold]


def grid(columns: Sequence[Column], rows: Iterable[Sequence[str]], wrapping: str | None = None) -> Table:
    """Columns of fixed width except one, the last unless `wrapping` names another."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="heading")
    wrapped = columns[-1][0] if wrapping is None else wrapping
    for heading, right in columns:
        table.add_column(heading, justify="right" if right else "left", no_wrap=heading != wrapped, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _releases(plan: Plan) -> list[tuple[ModelPlan, ReleasePlan]]:
    return [(model, release) for model in plan.models for release in model.releases]


def _place(model: ModelPlan, release: ReleasePlan) -> list[str]:
    where = [f"{workload.pool} · {requested(workload.request)}" for workload in release.workloads]
    name = release.model_id.rpartition("/")[2]
    return [model.name, name, "\n".join(where)]


def _ledger(release: ReleasePlan) -> list[str]:
    memory = release.memory
    return [
        gib(memory.weights_gib),
        gib(memory.kv_cache_gib),
        gib(memory.overhead_gib),
        whole(release.context),
        f"{memory.max_concurrency:,.1f}",
        f"{'fits' if memory.fits else 'does not fit'} ({whole(release.concurrency)} required){_basis(memory)}",
    ]


def _basis(memory: MemoryPlan) -> str:
    """What the figures rest on, where that isn't the usual estimate."""
    if memory.measured:
        return ", measured"
    return ", uncertain" if memory.uncertain else ""


def _rollout(workload: WorkloadPlan) -> str:
    rollout = workload.rollout
    if rollout.max_surge:
        hours = workload.surge_node_hours
        # Without extra hours the surge pod has room on a node that runs anyway.
        return f"surge {whole(rollout.max_surge)}" + (f", up to {hours:.3g} extra node-hours" if hours else "")
    if workload.replicas.max <= rollout.max_unavailable:
        return "downtime: stops first"
    return f"max unavailable {whole(rollout.max_unavailable)}"


def _requested(workloads: Sequence[WorkloadPlan]) -> str:
    fewest = sum(_devices(workload) * workload.replicas.min for workload in workloads)
    return span(fewest, sum(_devices(workload) * workload.replicas.max for workload in workloads))


def _devices(workload: WorkloadPlan) -> int:
    """Devices of one replica."""
    return workload.request.count * workload.pods_per_replica


def _cost_row(line: CostLine) -> list[str]:
    nodes = span(line.min_nodes, line.max_nodes)
    if line.hourly is None or line.min_per_month is None or line.max_per_month is None:
        return [line.name, line.vm_size, line.capacity, nodes, "unknown", "unknown", ""]
    month = span(line.min_per_month, line.max_per_month)
    idle = ""
    if line.idle_min_per_month is not None and line.idle_max_per_month is not None:
        shares = (
            (line.idle_min_per_month, line.min_per_month),
            (line.idle_max_per_month, line.max_per_month),
        )
        idle = TO.join(dict.fromkeys(f"{idle / paid if paid else 0:.0%}" for idle, paid in shares))
    return [line.name, line.vm_size, line.capacity, nodes, rate(line.hourly), month, idle]
