"""`pool: auto`: the cheapest pool on which a model runs and that has room for it, chosen the same way every time.

Models that name their pool come first. Then those that don't, the largest first and by name among equals, each on the
cheapest pool that holds all of its replicas in every order, beside those already there. So the order of the stack file
makes no difference. A model that is added can still move one that leaves the choice open, when it takes the last room
of its pool; who minds that names the pool.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from config.models import Model as ModelSettings
from planning.choice import Choice
from planning.devices import Device
from planning.placement.needs import Group, Need, fits_empty_node, groups, need
from planning.placement.pools import load
from planning.rules import REGISTER
from planning.situation import PoolView, Situation

AUTO = "auto"
# Rules by which a pool may be wrong for a model, whatever else is on it; each is in the register.
DECISIVE = (
    "ENGINE-DTYPE",
    "ENGINE-QUANTIZATION",
    "FIT-CONCURRENCY",
    "FIT-CONTEXT",
    "FIT-WEIGHTS",
    "MIG-SLICE",
    "PLACE-HOST-MEMORY",
    "PLACE-NODE",
    "PLACE-TAINT",
    "POOL-UNKNOWN",
    "SPOT-FLOOR",
    "TP-DEVICES",
    "VM-UNSUPPORTED",
)


class Seat(Struct, frozen=True):
    """One kind of device of one pool, with its price: USD an hour for one device, None where no price is on file."""

    pool: PoolView
    device: Device
    usd_h: float | None

    @property
    def where(self) -> str:
        """The pool, and the slice where it has several kinds."""
        return f"`{self.pool.name}`" if len(self.pool.devices) == 1 else f"`{self.pool.name}` ({self.device.kind})"


def resolve(s: Situation) -> Situation:
    """Put the chosen pool into the settings of each model that says `auto`; the same situation where none does."""
    waiting = [index for index, model in enumerate(s.settings.models) if model.pool == AUTO]
    if not waiting:
        return s
    chooser = _Chooser(s, waiting)
    choices, models = [], list(s.settings.models)
    for index in sorted(waiting, key=lambda index: _largest_first(models[index])):
        choice, seat = chooser.choose(index)
        choices.append(choice)
        if seat is not None:
            models[index] = _on(models[index], seat)
    settings = s.settings.model_copy(update={"models": tuple(models)})
    told = tuple(sorted(choices, key=lambda choice: choice.model))
    return Situation(settings, s.catalog, s.bootstrap, s.today, told)


def _largest_first(model: ModelSettings) -> tuple[int, int, str]:
    return -model.engine.tensor_parallel, -model.replicas.max, model.name


def _seats(s: Situation) -> list[Seat]:
    """Every kind of device of every pool, cheapest first, those without a price last, then by name."""
    found = [Seat(pool, device, _usd_h(s, pool, device)) for pool in s.pool_by_name.values() for device in pool.devices]
    return sorted(found, key=lambda seat: (seat.usd_h is None, seat.usd_h or 0.0, seat.pool.name, seat.device.kind))


def _usd_h(s: Situation, pool: PoolView, device: Device) -> float | None:
    """A device's part of its node's price, by memory."""
    price = s.catalog.prices.get((s.settings.platform.region, pool.settings.vm_size))
    hourly = None if price is None else price.spot_high_usd_h if pool.spot else price.payg_usd_h
    if hourly is None:
        return None
    return hourly * device.share_gib / sum(one.share_gib * one.per_node for one in pool.devices)


def _refusals(s: Situation, seat: Seat, waiting: Iterable[int]) -> Mapping[int, tuple[str, ...]]:
    """The rules that would object to each model on this seat, by the model's index: a stack of nothing else is asked.

    Groups that no node takes without a rule that says so count as refused by PLACE-NODE.
    """
    indices = list(waiting)
    alone = s.settings.model_copy(
        update={
            "pools": (seat.pool.settings,),
            "models": tuple(_on(s.settings.models[index], seat) for index in indices),
        }
    )
    trial = Situation(alone, s.catalog)
    found: dict[int, set[str]] = {index: set() for index in indices}
    for name in DECISIVE:
        for finding in REGISTER[name].findings(trial):
            # Paths of models start with models[N]; what is said of the pool itself is said of every model on it.
            if finding.path.startswith("models["):
                found[indices[int(finding.path[len("models[") : finding.path.index("]")])]].add(name)
            elif finding.path.startswith("pools[") and name == "VM-UNSUPPORTED":
                for rules in found.values():
                    rules.add(name)
    for index, model in zip(indices, trial.models, strict=True):
        if not found[index] and not all(fits_empty_node(group) for group in groups(model)):
            found[index].add("PLACE-NODE")
    return {index: tuple(sorted(rules)) for index, rules in found.items()}


def _on(model: ModelSettings, seat: Seat) -> ModelSettings:
    """The model on a seat; a slice that the operator has named stays."""
    several = len(seat.pool.devices) > 1 and model.slice is None
    return model.model_copy(update={"pool": seat.pool.name, **({"slice": seat.device.kind} if several else {})})


class _Chooser:
    """Seats, and who has them already."""

    def __init__(self, s: Situation, waiting: list[int]) -> None:
        self._situation = s
        self._seats = _seats(s)
        self._refusals: dict[str, Mapping[int, tuple[str, ...]]] = {}
        alike: dict[str, Mapping[int, tuple[str, ...]]] = {}
        for seat in self._seats:
            # Pools that differ in name and size only get the same answer, which is asked once.
            key = f"{seat.device.kind} {seat.pool.settings.model_dump_json(exclude={'name', 'nodes'})}"
            if key not in alike:
                alike[key] = _refusals(s, seat, waiting)
            self._refusals[seat.where] = alike[key]
        self._taken: dict[str, list[Group]] = {pool.name: [] for pool in s.pools}
        for model in s.models:
            for group in groups(model):
                if fits_empty_node(group):
                    self._taken[group.pool.name].append(group)
        # The fewest replicas that a seat had no room for; pools only fill up.
        self._full: dict[tuple[str, Need], int] = {}

    def choose(self, index: int) -> tuple[Choice, Seat | None]:
        """Find the cheapest seat with room for all replicas in every order; else the cheapest where they fit at all."""
        wanted = self._situation.settings.models[index].slice
        refused: list[tuple[str, tuple[str, ...]]] = []
        fuller: list[Seat] = []
        for seat in self._seats:
            if wanted is not None and seat.pool.by_mig and seat.device.kind != wanted:
                continue
            if rules := self._refusals[seat.where][index]:
                refused.append((seat.where, rules))
            elif self._has_room(index, seat):
                return self._decide(index, seat, fuller, refused, has_room=True), seat
            else:
                fuller.append(seat)
        best = min(fuller, key=lambda seat: (not self._fits(index, seat), fuller.index(seat)), default=None)
        before = fuller[: fuller.index(best)] if best is not None else []
        return self._decide(index, best, before, refused, has_room=False), best

    def _has_room(self, index: int, seat: Seat) -> bool:
        group = self._group(index, seat)
        key = (seat.where, need(group))
        if group.high >= self._full.get(key, group.high + 1):
            return False
        has_room = bool(load(seat.pool, [*self._taken[seat.pool.name], group]).verdict.every_order)
        if not has_room:
            self._full[key] = group.high
        return has_room

    def _fits(self, index: int, seat: Seat) -> bool:
        return load(seat.pool, [*self._taken[seat.pool.name], self._group(index, seat)]).verdict.fits is not False

    def _group(self, index: int, seat: Seat) -> Group:
        model = replace(
            self._situation.models[index],
            settings=_on(self._situation.settings.models[index], seat),
            pools=(seat.pool,),
            devices=(seat.device,),
        )
        (group,) = groups(model)
        return group

    def _decide(
        self,
        index: int,
        seat: Seat | None,
        fuller: list[Seat],
        refused: list[tuple[str, tuple[str, ...]]],
        *,
        has_room: bool,
    ) -> Choice:
        if seat is not None:
            self._taken[seat.pool.name].append(self._group(index, seat))
        return Choice(
            model=index,
            pool=seat.pool.name if seat is not None else None,
            where=seat.where if seat is not None else "",
            usd_h=seat.usd_h if seat is not None else None,
            has_room=has_room,
            fuller=tuple(one.where for one in fuller),
            refused=tuple(refused),
        )
