"""`pool: auto`: the cheapest pool on which a model runs and that has room for it, chosen the same way every time.

Models that name their pool come first. Then those that don't, the largest first and by name among equals, each on the
cheapest pool that holds all of its replicas in every order, beside those already there. So the order of the stack file
makes no difference. A model that is added can still move one that leaves the choice open, when it takes the last room
of its pool; who minds that names the pool.
"""

from collections.abc import Mapping

from msgspec import Struct, field

from config.models import Model as ModelSettings
from planning.placement.candidates import (
    Seat,
    model_kind,
    refusals,
    seats,
)
from planning.placement.pool_fill import Filling
from planning.placement.pools import takes
from planning.placement.problem import Effort, Vector
from planning.placement.requests import fits_empty_node, groups, need
from planning.placement.verdict import Proofs
from planning.resolving.choice import Choice
from planning.resolving.resolution import Situation

AUTO = "auto"
# Searches for all models together, some half a second: pools on which more would depend count as having no room.
_STEPS = 20 * Effort.STEPS


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
            models[index] = seat.taken_by(models[index])
    settings = s.settings.model_copy(update={"models": tuple(models)})
    told = tuple(sorted(choices, key=lambda choice: choice.model))
    return Situation(settings, s.catalog, s.bootstrap, s.today, told)


def _largest_first(model: ModelSettings) -> tuple[int, int, str]:
    return -model.engine.tensor_parallel, -model.replicas.max, model.name


class _Alike(Struct):
    """Models that differ in name only, and how far along the seats they have come: what is passed over stays so.

    `refused` are the rules by kind of seat, `taken` what one of their pods takes there.
    """

    first: int
    refused: Mapping[str, tuple[str, ...]]
    taken: dict[str, Vector] = field(default_factory=dict)
    next: int = 0
    full: list[Seat] = field(default_factory=list)
    told: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


class _Chooser:
    """Seats, and who has them already."""

    def __init__(self, s: Situation, waiting: list[int]) -> None:
        self._situation = s
        self._seats = seats(s)
        first: dict[str, int] = {}
        kinds = {index: model_kind(s.settings.models[index]) for index in waiting}
        for index, kind in kinds.items():
            first.setdefault(kind, index)
        one_of_each = {seat.kind: seat for seat in reversed(self._seats)}
        refused = {kind: refusals(s, seat, first.values()) for kind, seat in one_of_each.items()}
        alike = {
            kind: _Alike(index, {seat: rules[index] for seat, rules in refused.items()})
            for kind, index in first.items()
        }
        self._alike = {index: alike[kind] for index, kind in kinds.items()}
        proofs = Proofs(_STEPS)
        self._fillings = {pool.name: Filling(pool, proofs) for pool in s.pools}
        for model in s.models:
            for group in groups(model):
                if fits_empty_node(group):
                    self._fillings[group.pool.name].add(takes(group.pool, need(group)), group.high, group.name)

    def choose(self, index: int) -> tuple[Choice, Seat | None]:
        """Find the cheapest seat with room for all replicas in every order; else the cheapest where they fit at all."""
        model, alike = self._situation.settings.models[index], self._alike[index]
        for seat in self._seats[alike.next :]:
            if model.slice is None or not seat.pool.by_mig or seat.device.kind == model.slice:
                if rules := alike.refused[seat.kind]:
                    alike.told.append((seat.where, rules))
                elif self._filling(seat).has_room(self._takes(alike, seat), model.replicas.max, model.name):
                    return self._decide(index, seat, alike.full, has_room=True), seat
                else:
                    alike.full.append(seat)
            alike.next += 1
        place = next((place for place, seat in enumerate(alike.full) if self._fits(index, seat)), 0)
        best = alike.full[place] if alike.full else None
        return self._decide(index, best, alike.full[:place], has_room=False), best

    def _fits(self, index: int, seat: Seat) -> bool:
        model = self._situation.settings.models[index]
        return self._filling(seat).fits(self._takes(self._alike[index], seat), model.replicas.max, model.name)

    def _filling(self, seat: Seat) -> Filling:
        return self._fillings[seat.pool.name]

    def _takes(self, alike: _Alike, seat: Seat) -> Vector:
        if seat.kind not in alike.taken:
            alike.taken[seat.kind] = takes(seat.pool, need(seat.group(self._situation.models[alike.first])))
        return alike.taken[seat.kind]

    def _decide(self, index: int, seat: Seat | None, fuller: list[Seat], *, has_room: bool) -> Choice:
        model, alike = self._situation.settings.models[index], self._alike[index]
        if seat is not None:
            self._filling(seat).add(self._takes(alike, seat), model.replicas.max, model.name)
        return Choice(
            model=index,
            pool=seat.pool.name if seat is not None else None,
            where=seat.where if seat is not None else "",
            usd_h=seat.usd_h if seat is not None else None,
            has_room=has_room,
            fuller=tuple(one.where for one in fuller),
            refused=tuple(alike.told),
        )
