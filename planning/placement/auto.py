"""`pool: auto`: the cheapest pool that can run a model and has room for it, chosen deterministically.

Models that name their pool are placed first. Models with `auto` follow, the largest first and by name among equals,
each on the cheapest pool that no rule refuses and that holds all of its replicas in every order, beside those already
placed. So the order of the stack file makes no difference. Adding a model can still move a model with `auto`, when it
takes the last room of its pool; name the pool to prevent that.
"""

from typing import NamedTuple

from msgspec import Struct, field

from config.models import ModelSettings
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
# Search steps for all models together, about half a second; a pool that would need more counts as having no room.
_STEPS = 20 * Effort.STEPS


def resolve(stack: Resolution, objections: Objections) -> Resolution:
    """Put the chosen pool into the settings of each model with `pool: auto`; without any, the same stack.

    A candidate is refused if a rule of `objections` would report an error for it.
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
    """For equal models on equal candidates: the violated rules, what a pod takes of a node, and of the GPU's memory."""

    refused: tuple[str, ...]
    takes: Vector
    gang: int
    utilization: float


class _EqualModels(Struct):
    """Models that differ in name only.

    `next` is the cursor into the candidates: a rejected candidate is not retried. `fits` are cached by kind of
    candidate, `full` are the candidates without room, `refused` those that rules refuse.
    """

    first: int
    fits: dict[str, _Fit] = field(default_factory=dict)
    next: int = 0
    full: list[PlacementCandidate] = field(default_factory=list)
    refused: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


class _Chooser:
    """The candidates, and the pods that are already placed on their pools."""

    def __init__(self, stack: Resolution, waiting: list[int], objections: Objections) -> None:
        self._stack = stack
        self._objections = objections
        self._candidates = candidates(stack, objections)
        by_kind: dict[str, _EqualModels] = {}
        self._equals = {
            index: by_kind.setdefault(model_kind(stack.settings.models[index]), _EqualModels(index))
            for index in waiting
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
        """Choose the cheapest candidate with room in every order, else the cheapest that holds all replicas at all."""
        model, equals = self._stack.settings.models[index], self._equals[index]
        for candidate in self._candidates[equals.next :]:
            if model.slice is None or not candidate.pool.is_mig or candidate.device.kind == model.slice:
                if rules := self._refused(equals, candidate):
                    equals.refused.append((candidate.where, rules))
                elif self._has_room(index, candidate):
                    return self._decide(index, candidate, equals.full, has_room=True), candidate
                else:
                    equals.full.append(candidate)
            equals.next += 1
        place = next((place for place, candidate in enumerate(equals.full) if self._holds(index, candidate)), 0)
        best = equals.full[place] if equals.full else None
        return self._decide(index, best, equals.full[:place], has_room=False), best

    def _refused(self, equals: _EqualModels, candidate: PlacementCandidate) -> tuple[str, ...]:
        return tuple(sorted((*candidate.pool_errors, *self._fit(equals, candidate).refused)))

    def _has_room(self, index: int, candidate: PlacementCandidate) -> bool:
        """Whether all replicas can be scheduled in every order, with enough memory on shared devices."""
        name, fit = self._stack.settings.models[index].name, self._fit(self._equals[index], candidate)
        return self._shares(index, candidate) and self._fill(candidate).has_room(
            fit.takes, self._pods(index, fit), name, fit.gang
        )

    def _holds(self, index: int, candidate: PlacementCandidate) -> bool:
        """Whether all replicas can be scheduled in at least one order."""
        name, fit = self._stack.settings.models[index].name, self._fit(self._equals[index], candidate)
        return self._shares(index, candidate) and self._fill(candidate).fits(fit.takes, self._pods(index, fit), name)

    def _pods(self, index: int, fit: _Fit) -> int:
        """Pods of all replicas of a model."""
        return self._stack.settings.models[index].replicas.max * fit.gang

    def _shares(self, index: int, candidate: PlacementCandidate) -> bool:
        return self._shared.has_room(candidate.pool, candidate.device, self._sharer(index, candidate))

    def _sharer(self, index: int, candidate: PlacementCandidate) -> Sharer:
        name, fit = self._stack.settings.models[index].name, self._fit(self._equals[index], candidate)
        return Sharer(name, self._pods(index, fit), fit.utilization)

    def _fill(self, candidate: PlacementCandidate) -> PoolFill:
        return self._fills[candidate.pool.name]

    def _fit(self, equals: _EqualModels, candidate: PlacementCandidate) -> _Fit:
        if candidate.kind not in equals.fits:
            (release,) = self._stack.models[equals.first].releases
            place = candidate.place(self._stack, release)
            workload = place.workload
            equals.fits[candidate.kind] = _Fit(
                self._objections.placement(self._stack, place),
                takes(candidate.pool, pod_request(workload)) if workload is not None else (),
                workload.pods_per_replica if workload is not None else 1,
                place.release.utilization or 0,
            )
        return equals.fits[candidate.kind]

    def _decide(
        self, index: int, candidate: PlacementCandidate | None, full: list[PlacementCandidate], *, has_room: bool
    ) -> Choice:
        model, equals = self._stack.settings.models[index], self._equals[index]
        if candidate is not None:
            fit = self._fit(equals, candidate)
            self._fill(candidate).add(fit.takes, self._pods(index, fit), model.name, fit.gang)
            self._shared.add(candidate.pool.name, candidate.device, self._sharer(index, candidate))
        return Choice(
            model=index,
            pool=candidate.pool.name if candidate is not None else None,
            where=candidate.where if candidate is not None else "",
            usd_h=candidate.usd_h if candidate is not None else None,
            has_room=has_room,
            full=tuple(candidate.where for candidate in full),
            refused=tuple(equals.refused),
        )
