"""Changes of a stack file: made in its text, comments kept, and planned before anybody hears of them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from advising.advice import Saving
from config.document import DocumentError, read
from operate.stack_file import difference, edited
from planning.plan import Plan
from preview.stack import Assessed, assessed

_NAMESPACE: Final = "llm-platform:"
REMOVED: Final = object()
# Fewer nodes are tried so often: a pool of a hundred nodes is not found out one by one.
_MOST_TRIES: Final = 12


class Change(Struct, frozen=True):
    """A value at a place such as `("models", 0, "slice")`; `REMOVED` takes the key away."""

    path: tuple[str | int, ...]
    value: Any


class Outcome(Struct, frozen=True):
    """A changed stack file: its Plan and what it saves, or the problem for which it isn't proposed."""

    changes: tuple[Change, ...]
    text: str
    plan: Plan | None
    problem: str | None

    @property
    def holds(self) -> bool:
        """Whether the changed stack is no worse than before."""
        return self.plan is not None and self.problem is None


class Stack(Struct, frozen=True):
    """The stack file as it is: its text, what became of it, and how it is planned."""

    name: str
    text: str
    found: Assessed
    plan: Plan
    folder: Path
    today: str | None = None

    def tried(self, *changes: Change) -> Outcome:
        """The stack with changes: planned, and compared with the findings that it had before."""
        try:
            text = _changed(self.text, changes)
        except _SharedError as error:
            return Outcome(changes, self.text, None, str(error))
        if text == self.text:
            return Outcome(changes, text, None, "nothing would change")
        found = assessed(text, self.today, self.folder)
        before = {(each.severity, each.rule, each.path) for each in self.found.findings}
        worse = [
            each
            for each in found.findings
            if each.severity != "info" and (each.severity, each.rule, each.path) not in before
        ]
        if worse:
            first = worse[0]
            return Outcome(changes, text, found.plan, f"{first.rule} {first.path}: {first.message}")
        return Outcome(changes, text, found.plan, None if found.plan is not None else "the stack would be rejected")

    def tightened(self, outcome: Outcome, pools: Sequence[int]) -> Outcome:
        """The same with as few nodes in these pools as its models still need, where that costs less."""
        for index in pools:
            for key, spent in (("min", _at_least), ("max", _at_most)):
                outcome = self._fewer(outcome, index, key, spent)
        return outcome

    def _fewer(self, outcome: Outcome, index: int, key: str, spent: Callable[[Plan], float]) -> Outcome:
        if outcome.plan is None:
            return outcome
        nodes = getattr(self.nodes(outcome, index), key)
        best = outcome
        for fewer in range(nodes - 1, max(-1, nodes - 1 - _MOST_TRIES), -1):
            rest = tuple(each for each in outcome.changes if each.path != ("pools", index, "nodes", key))
            found = self.tried(*rest, Change(("pools", index, "nodes", key), fewer))
            if not found.holds or found.plan is None or best.plan is None or spent(found.plan) >= spent(best.plan):
                break
            best = found
        return best

    def nodes(self, outcome: Outcome, index: int) -> Any:
        """Fewest and most nodes of a pool in a changed stack, as its file has them."""
        found = assessed(outcome.text, self.today, self.folder).loaded.settings
        assert found is not None  # noqa: S101 - an outcome with a Plan has settings
        return found.pools[index].nodes

    def difference(self, outcome: Outcome) -> str:
        """The changed lines."""
        return difference(self.text, outcome.text, f"Pulumi.{self.name}.yaml")

    def saving(self, outcome: Outcome) -> Saving:
        """What a month costs less; None where a price is missing of a pool that changes."""
        before, after = self.plan.cost, (outcome.plan or self.plan).cost
        lines = {line.name: line for line in before.lines}
        changed = [(lines.get(line.name), line) for line in after.lines if lines.get(line.name) != line]
        unknown = any(line.hourly is None or (old is not None and old.hourly is None) for old, line in changed)
        return Saving(
            None if unknown else round(before.min_per_month - after.min_per_month, 2),
            None if unknown else round(before.max_per_month - after.max_per_month, 2),
            before.currency,
        )


def _at_least(plan: Plan) -> float:
    return plan.cost.min_per_month


def _at_most(plan: Plan) -> float:
    return plan.cost.max_per_month


class _SharedError(Exception):
    """A value that another place of the file has too."""


def _changed(text: str, changes: Sequence[Change]) -> str:
    """The text with the changes.

    Raises:
        _SharedError: an anchor would change another place too, or the file can't be edited.
    """
    wanted = _sections(text)
    for change in changes:
        _set(wanted, change, lambda value: value)

    def edit(config: CommentedMap) -> None:
        for change in changes:
            _set(config, change, _styled)

    try:
        after = edited(text, edit)
        same = _sections(after) == wanted
    except (DocumentError, TypeError, AttributeError) as error:
        raise _SharedError(f"the file can't be edited: {error}; change it by hand") from error
    if not same:
        raise _SharedError("the value is shared with another place by an anchor: change it by hand")
    return after


def _sections(text: str) -> Any:
    """The sections, what aliases repeat each by itself."""
    return json.loads(json.dumps(read(text).value["config"]))


def _set(config: Any, change: Change, styled: Callable[[Any], Any]) -> None:
    """Write one value; mappings that are missing are made, and those that become empty go."""
    steps = (f"{_NAMESPACE}{change.path[0]}", *change.path[1:])
    holders = [config]
    for step in steps[:-1]:
        holder = holders[-1]
        if isinstance(holder, dict) and holder.get(step) is None:
            if change.value is REMOVED:
                return
            _put(holder, step, styled({}))
        holders.append(holder[step])
    if change.value is not REMOVED:
        _put(holders[-1], steps[-1], styled(change.value))
        return
    for holder, step in zip(reversed(holders), reversed(steps), strict=True):
        holder.pop(step, None)
        if holder:
            return


def _put(holder: Any, step: str | int, value: Any) -> None:
    if isinstance(holder, CommentedMap) and step not in holder and len(holder) > 1:
        # What follows the last key of an item may be the space before the next section.
        holder.insert(1, step, value)
    else:
        holder[step] = value


def _styled(value: Any) -> Any:
    """New lists and mappings on one line, as the shipped stack files have them."""
    if isinstance(value, dict | list):
        made: Any = CommentedMap(value) if isinstance(value, dict) else CommentedSeq(value)
        made.fa.set_flow_style()
        return made
    return value
