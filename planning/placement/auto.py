"""`pool: auto`: the cheapest pool on which a model runs and that has room for it, chosen the same way every time.

Models that name their pool come first. Then those that don't, the largest first and by name among equals, each on the
cheapest pool that no rule refuses and that holds all of its replicas in every order, beside those already there. So
the order of the stack file makes no difference. A model that is added can still move one that leaves the choice open,
when it takes the last room of its pool; who minds that names the pool.
"""

from typing import NamedTuple

from msgspec import Struct, field

from config.models import Model as ModelSettings
from planning.placement.candidates import (
    Objections,
    PlacementCandidate,
    candidates,
    model_kind,
)
from planning.placement.pool_fill import PoolFill
from planning.placement.pools import takes
from planning.placement.problem import Effort, Vector
from planning.placement.requests import fits_empty_node, pod_request
from planning.placement.shared_memory import SharedDevices, Sharer, sharer_of
from planning.placement.verdict import Proofs
from planning.resolving.choice import Choice
from planning.resolving.resolution import Resolution

AUTO = "auto"
# Searches for all models together, some half a second: pools on which more would depend count as having no room.
_STEPS = 20 * Effort.STEPS


def resolve(stack: Resolution, objections: Objections) -> Resolution:
    """Put the chosen pool into the settings of each model that says `auto`; the same stack where none does.

    A candidate is refused by every rule of `objections` by which it would be an error.
    """
    waiting = [index for index, model in enumerate(stack.settings.models) if model.pool == AUTO]
    if not waiting:
        return stack
    chooser = _Chooser(stack, waiting, objections)
    choices, models = [], list(stack.settings.models)
    for index in sorted(waiting, key=lambda index: _largest_first(models[index])):
        choice, candidate = chooser.choose(index)
        choices.append(choice)
        if candidate is not None:
            models[index] = candidate.apply_to(models[index])
    settings = stack.settings.model_copy(update={"models": tuple(models)})
    by_model = tuple(sorted(choices, key=lambda choice: choice.model))
    return Resolution(settings, stack.catalog, stack.bootstrap, stack.today, by_model)


def _largest_first(model: ModelSettings) -> tuple[int, int, str]:
    return -model.engine.tensor_parallel, -model.replicas.max, model.name


class _Fit(NamedTuple):
    """Models that are alike on candidates that are alike: the rules that refuse, what a pod takes, and of the GPU."""

    refused: tuple[str, ...]
    takes: Vector
    utilization: float


class _Alike(Struct):
    """Models that differ in name only.

    `next` is the cursor into the candidates: a rejected candidate is not tried again. `fits` are kept by kind of
    candidate, `full` are the candidates without room, `refused` those that rules refuse.
    """

    first: int
    fits: dict[str, _Fit] = field(default_factory=dict)
    next: int = 0
    full: list[PlacementCandidate] = field(default_factory=list)
    refused: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


class _Chooser:
    """The candidates, and the pods that they hold already."""

    def __init__(self, stack: Resolution, waiting: list[int], objections: Objections) -> None:
        self._stack = stack
        self._objections = objections
        self._candidates = candidates(stack, objections)
        alike: dict[str, _Alike] = {}
        self._alike = {
            index: alike.setdefault(model_kind(stack.settings.models[index]), _Alike(index)) for index in waiting
        }
        proofs = Proofs(_STEPS)
        self._fills = {pool.name: PoolFill(pool, proofs) for pool in stack.pools}
        self._shared = SharedDevices()
        for workload in stack.workloads:
            pods, gang = workload.high * workload.pods_per_replica, workload.pods_per_replica
            self._shared.add(workload.pool.name, workload.device, sharer_of(workload))
            if fits_empty_node(workload):
                self._fills[workload.pool.name].add(
                    takes(workload.pool, pod_request(workload)), pods, workload.name, gang
                )

    def choose(self, index: int) -> tuple[Choice, PlacementCandidate | None]:
        """Find the cheapest candidate with room for all replicas in every order; else the cheapest that holds them."""
        model, alike = self._stack.settings.models[index], self._alike[index]
        for candidate in self._candidates[alike.next :]:
            if model.slice is None or not candidate.pool.is_mig or candidate.device.kind == model.slice:
                if rules := self._refused(alike, candidate):
                    alike.refused.append((candidate.where, rules))
                elif self._has_room(index, candidate):
                    return self._decide(index, candidate, alike.full, has_room=True), candidate
                else:
                    alike.full.append(candidate)
            alike.next += 1
        place = next((place for place, candidate in enumerate(alike.full) if self._holds(index, candidate)), 0)
        best = alike.full[place] if alike.full else None
        return self._decide(index, best, alike.full[:place], has_room=False), best

    def _refused(self, alike: _Alike, candidate: PlacementCandidate) -> tuple[str, ...]:
        return tuple(sorted((*candidate.pool_errors, *self._fit(alike, candidate).refused)))

    def _has_room(self, index: int, candidate: PlacementCandidate) -> bool:
        """Whether all replicas find places in every order, and memory on devices that they share."""
        model, taken = self._stack.settings.models[index], self._fit(self._alike[index], candidate).takes
        return self._shares(index, candidate) and self._fill(candidate).has_room(taken, model.replicas.max, model.name)

    def _holds(self, index: int, candidate: PlacementCandidate) -> bool:
        """Whether some way to place all replicas exists."""
        model, taken = self._stack.settings.models[index], self._fit(self._alike[index], candidate).takes
        return self._shares(index, candidate) and self._fill(candidate).fits(taken, model.replicas.max, model.name)

    def _shares(self, index: int, candidate: PlacementCandidate) -> bool:
        return self._shared.has_room(candidate.pool, candidate.device, self._sharer(index, candidate))

    def _sharer(self, index: int, candidate: PlacementCandidate) -> Sharer:
        model = self._stack.settings.models[index]
        return Sharer(model.name, model.replicas.max, self._fit(self._alike[index], candidate).utilization)

    def _fill(self, candidate: PlacementCandidate) -> PoolFill:
        return self._fills[candidate.pool.name]

    def _fit(self, alike: _Alike, candidate: PlacementCandidate) -> _Fit:
        if candidate.kind not in alike.fits:
            place = candidate.place(self._stack, self._stack.releases[alike.first])
            workload = place.workload
            alike.fits[candidate.kind] = _Fit(
                self._objections.placement(self._stack, place),
                takes(candidate.pool, pod_request(workload)) if workload is not None else (),
                place.release.utilization or 0,
            )
        return alike.fits[candidate.kind]

    def _decide(
        self, index: int, candidate: PlacementCandidate | None, fuller: list[PlacementCandidate], *, has_room: bool
    ) -> Choice:
        model, alike = self._stack.settings.models[index], self._alike[index]
        if candidate is not None:
            self._fill(candidate).add(self._fit(alike, candidate).takes, model.replicas.max, model.name)
            self._shared.add(candidate.pool.name, candidate.device, self._sharer(index, candidate))
        return Choice(
            model=index,
            pool=candidate.pool.name if candidate is not None else None,
            where=candidate.where if candidate is not None else "",
            usd_h=candidate.usd_h if candidate is not None else None,
            has_room=has_room,
            fuller=tuple(passed.where for passed in fuller),
            refused=tuple(alike.refused),
        )
