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
    PlacementCandidate,
    candidates,
    model_kind,
    refusals,
)
from planning.placement.pool_fill import PoolFill
from planning.placement.pools import takes
from planning.placement.problem import Effort, Vector
from planning.placement.requests import fits_empty_node, pod_request
from planning.placement.verdict import Proofs
from planning.resolving.choice import Choice
from planning.resolving.resolution import Resolution

AUTO = "auto"
# Searches for all models together, some half a second: pools on which more would depend count as having no room.
_STEPS = 20 * Effort.STEPS


def resolve(stack: Resolution) -> Resolution:
    """Put the chosen pool into the settings of each model that says `auto`; the same situation where none does."""
    waiting = [index for index, model in enumerate(stack.settings.models) if model.pool == AUTO]
    if not waiting:
        return stack
    chooser = _Chooser(stack, waiting)
    choices, models = [], list(stack.settings.models)
    for index in sorted(waiting, key=lambda index: _largest_first(models[index])):
        choice, candidate = chooser.choose(index)
        choices.append(choice)
        if candidate is not None:
            models[index] = candidate.apply_to(models[index])
    settings = stack.settings.model_copy(update={"models": tuple(models)})
    told = tuple(sorted(choices, key=lambda choice: choice.model))
    return Resolution(settings, stack.catalog, stack.bootstrap, stack.today, told)


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
    full: list[PlacementCandidate] = field(default_factory=list)
    told: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


class _Chooser:
    """Seats, and who has them already."""

    def __init__(self, stack: Resolution, waiting: list[int]) -> None:
        self._situation = stack
        self._seats = candidates(stack)
        first: dict[str, int] = {}
        kinds = {index: model_kind(stack.settings.models[index]) for index in waiting}
        for index, kind in kinds.items():
            first.setdefault(kind, index)
        one_of_each = {candidate.kind: candidate for candidate in reversed(self._seats)}
        refused = {kind: refusals(stack, candidate, first.values()) for kind, candidate in one_of_each.items()}
        alike = {
            kind: _Alike(index, {candidate: rules[index] for candidate, rules in refused.items()})
            for kind, index in first.items()
        }
        self._alike = {index: alike[kind] for index, kind in kinds.items()}
        proofs = Proofs(_STEPS)
        self._fillings = {pool.name: PoolFill(pool, proofs) for pool in stack.pools}
        for workload in stack.workloads:
            if fits_empty_node(workload):
                self._fillings[workload.pool.name].add(
                    takes(workload.pool, pod_request(workload)),
                    workload.high * workload.pods_per_replica,
                    workload.name,
                    workload.pods_per_replica,
                )

    def choose(self, index: int) -> tuple[Choice, PlacementCandidate | None]:
        """Find the cheapest seat with room for all replicas in every order; else the cheapest where they fit at all."""
        model, alike = self._situation.settings.models[index], self._alike[index]
        for candidate in self._seats[alike.next :]:
            if model.slice is None or not candidate.pool.is_mig or candidate.device.kind == model.slice:
                if rules := alike.refused[candidate.kind]:
                    alike.told.append((candidate.where, rules))
                elif self._filling(candidate).has_room(self._takes(alike, candidate), model.replicas.max, model.name):
                    return self._decide(index, candidate, alike.full, has_room=True), candidate
                else:
                    alike.full.append(candidate)
            alike.next += 1
        place = next((place for place, candidate in enumerate(alike.full) if self._fits(index, candidate)), 0)
        best = alike.full[place] if alike.full else None
        return self._decide(index, best, alike.full[:place], has_room=False), best

    def _fits(self, index: int, candidate: PlacementCandidate) -> bool:
        model = self._situation.settings.models[index]
        return self._filling(candidate).fits(self._takes(self._alike[index], candidate), model.replicas.max, model.name)

    def _filling(self, candidate: PlacementCandidate) -> PoolFill:
        return self._fillings[candidate.pool.name]

    def _takes(self, alike: _Alike, candidate: PlacementCandidate) -> Vector:
        if candidate.kind not in alike.taken:
            alike.taken[candidate.kind] = takes(
                candidate.pool, pod_request(candidate.workload(self._situation.releases[alike.first]))
            )
        return alike.taken[candidate.kind]

    def _decide(
        self, index: int, candidate: PlacementCandidate | None, fuller: list[PlacementCandidate], *, has_room: bool
    ) -> Choice:
        model, alike = self._situation.settings.models[index], self._alike[index]
        if candidate is not None:
            self._filling(candidate).add(self._takes(alike, candidate), model.replicas.max, model.name)
        return Choice(
            model=index,
            pool=candidate.pool.name if candidate is not None else None,
            where=candidate.where if candidate is not None else "",
            usd_h=candidate.usd_h if candidate is not None else None,
            has_room=has_room,
            fuller=tuple(one.where for one in fuller),
            refused=tuple(alike.told),
        )
