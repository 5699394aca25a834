"""Updates, refreshes and destroys a stack; what an earlier update was at when it was broken off is settled first."""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field

from operate import settling, state
from operate.held_plan import changes_the_cluster
from operate.problems import LockedError
from operate.progress import Event
from operate.running import Operation, Outcome, report, require, run
from operate.screen import Screen
from operate.workspace import Stack

# Changed resources of one kind that a summary names.
_NAMED: Final = 40
_FEW: Final = 5
# Changed properties of one resource that are shown.
_LINES: Final = 12
_MARKS: Final = {"create": "+", "delete": "-", "update": "~", "replace": "±", "import": "="}


class Wishes(Struct, frozen=True):
    """What the operator wants, stated beforehand.

    `yes` answers every question but that for a destroy; `unlock` removes a lock that is in the way; `exists` are ids by
    URN of what an interrupted update has created, empty for what it has not; `parallel` is how many resources
    change at a time, None for as many as can.
    """

    yes: bool = False
    unlock: bool = False
    refresh: bool = False
    parallel: int | None = None
    exists: Mapping[str, str] = field(default_factory=dict)


class Operator:
    """One stack, whoever watches, and what they want."""

    def __init__(self, stack: Stack, screen: Screen, wishes: Wishes) -> None:
        self.stack, self.screen, self._wishes = stack, screen, wishes

    def up(self) -> bool:
        """Preview, ask, and do what was previewed. False where it failed, was cancelled, or was not agreed to.

        Raises:
            CannotOperateError: it can't begin; nothing was changed.
        """
        if not self._continued():
            return False
        with tempfile.TemporaryDirectory(prefix="plan-") as folder:
            plan = Path(folder) / "plan.json"
            previewed = run(self.stack, "preview", self.screen, quiet=True, plan=str(plan))
            if not previewed.went_well:
                report(previewed, self.screen, "preview")
                return False
            self.summarize(previewed.steps, "would change")
            if not previewed.steps:
                self.screen.document(previewed.to_json())
                return True
            if not self.agreed("Update the stack?"):
                return False
            held: dict[str, Any] = {"plan": str(plan)}
            if changes_the_cluster(plan):
                self.screen.say("the cluster is among what changes: what follows from it isn't known before")
                held = {}
            return self._done("up", "update", parallel=self._wishes.parallel, **held)

    def prepared(self) -> state.Saved | None:
        """The state, after what an earlier update left undone; None where reading what is there failed.

        Raises:
            CannotOperateError: an update can't begin; nothing was changed.
        """
        return state.saved(self.stack) if self._continued() else None

    def refresh(self) -> bool:
        """Show what differs between state and clouds, ask, and write it into the state."""
        self._settled(self._saved())
        found = run(self.stack, "preview_refresh", self.screen, quiet=True)
        if not found.went_well:
            report(found, self.screen, "reading")
            return False
        self.summarize(found.steps, "differ from the state")
        if not found.steps:
            self.screen.document(found.to_json())
            return True
        self.screen.say("`up` puts back what the stack file says; what was deleted is created again.")
        return self.agreed("Write this into the state?") and self._done("refresh", "refresh")

    def destroy(self, name: str | None) -> bool:
        """Delete what the stack holds; `name` is the stack's, typed beforehand."""
        saved = self._saved()
        protected = [each for each in saved.resources if each.get("protect")]
        require(
            not protected,
            f"{len(protected)} resources of {self.stack.name} are protected, such as "
            + ", ".join(str(each["urn"]).rpartition("::")[2] for each in protected[:_FEW]),
            f"write platform: {{protect: false}} into Pulumi.{self.stack.name}.yaml, run llm-platform up "
            f"{self.stack.name}, then destroy it",
        )
        if not self._continued():
            return False
        saved = state.saved(self.stack)
        self._announce_end(saved)
        question = f"Type the stack's name, {self.stack.name}, to destroy it:"
        if name is None:
            agreed = self.screen.typed(question, self.stack.name, f"--yes {self.stack.name}")
        else:
            agreed = name == self.stack.name
        if not agreed:
            self.screen.say(f"that is not {self.stack.name}: nothing was changed")
            return False
        return self._done("destroy", "destroy")

    def summarize(self, steps: Sequence[Event], words: str) -> None:
        """Show the steps of a preview: each resource, and the properties that change."""
        self.screen.document(
            {"event": "preview", "steps": [
                {"op": each.op, "urn": each.urn, "properties": each.properties, "replaced_for": each.replaced_for,
                 "differences": each.differences}
                for each in steps
            ]}
        )  # fmt: skip
        shown = [each for each in steps if each.op not in ("create-replacement", "delete-replaced")]
        self.screen.say(f"{self.stack.name}: {len(shown)} resources {words}" if shown else
                         f"{self.stack.name}: nothing to do")  # fmt: skip
        for op in dict.fromkeys(each.op for each in shown):
            found = [each for each in shown if each.op == op]
            for each in found[:_NAMED]:
                self.screen.say(f"  {_MARKS.get(op, ' ')} {each.name}  {each.type}{_replaced(each)}")
                for line in _lines(each):
                    self.screen.say(f"      {line}")
            if len(found) > _NAMED:
                self.screen.say(f"  {_MARKS.get(op, ' ')} and {len(found) - _NAMED} more to {op}")

    def _announce_end(self, saved: state.Saved) -> None:
        kept = [each for each in saved.resources if each.get("custom") and each.get("retainOnDelete")]
        deleted = [each for each in saved.resources if each.get("custom") and each not in kept and _lives(each)]
        self.screen.say(f"{self.stack.name}: {len(deleted)} resources are deleted, with all that runs in them")
        for each in kept:
            self.screen.say(f"  stays, and goes on to cost what it costs: {each.get('id')}")
        vaults = [each for each in deleted if str(each["type"]).endswith("keyvault:Vault")]
        for each in vaults:
            name = str(each["id"]).rpartition("/")[2]
            self.screen.say(f"  {name} is soft-deleted: az keyvault recover -n {name} before the next `up`")
        self.screen.document(
            {"event": "destroy", "deleted": len(deleted), "stays": [str(each.get("id")) for each in kept]}
        )

    def _continued(self) -> bool:
        """Whether what is there was read again, where the last update may have left the state behind."""
        saved = self._saved()
        last = state.last_update(self.stack)
        settled = self._settled(saved)
        behind = settled or saved.has_unread or self._wishes.refresh or (last is not None and not last.went_well)
        if not behind or not saved.resources:
            return True
        self.screen.say("the last update did not reach its end: what is there is read again first")
        return self._done("refresh", "refresh")

    def _saved(self) -> state.Saved:
        """The state, while no other update runs: what one is at looks as if it had been broken off."""
        self._unlocked(lambda: state.require_unlocked(self.stack))
        return state.saved(self.stack)

    def _settled(self, saved: state.Saved) -> bool:
        """Settle what was under way; False where nothing was.

        Raises:
            CannotOperateError: the operator has to look at something first, or did not agree.
        """
        chosen = settling.settlements(saved, self._wishes.exists)
        if not chosen:
            return False
        self.screen.say("the last update was broken off; what it was at:")
        for each in chosen:
            self.screen.document(
                {"event": "pending", "kind": each.pending.kind, "urn": each.pending.urn, "action": each.action,
                 "id": each.id_, "why": each.why}
            )  # fmt: skip
            self.screen.say(f"  {each.pending}")
            self.screen.say(f"    → {each.action}{f' for {each.id_}' if each.id_ else ''}: {each.why}")
        unknown = [each.pending.urn for each in chosen if each.action == "open"]
        require(
            not unknown,
            f"nobody but you can say whether this was created: {', '.join(unknown)}",
            " ".join(f"--exists {urn}=ID, or --exists {urn}= where there is none" for urn in unknown),
        )
        require(
            self.agreed("Settle this?"),
            "nothing was settled",
            "say yes, or settle it as docs/failed-updates.md has it",
        )
        if any(each.action != "read" for each in chosen):
            self._unlocked(lambda: settling.settle(self.stack, saved, chosen))
        return True

    def _done(self, operation: Operation, word: str, **options: Any) -> bool:
        outcome: Outcome = self._unlocked(lambda: run(self.stack, operation, self.screen, **options))
        report(outcome, self.screen, word)
        if not outcome.went_well and operation != "refresh":
            self.screen.say(f"What was done stays done: llm-platform up {self.stack.name} goes on from there.")
        return outcome.went_well

    def _unlocked(self, action: Callable[[], Any]) -> Any:
        """Do it; where a lock is in the way and the operator wants it, remove the lock first."""
        try:
            return action()
        except LockedError as locked:
            if not self._wishes.unlock:
                raise
            self.screen.say(locked.message)
            require(
                self.agreed("Is that update's process gone for certain? Remove the lock?"), "the lock stays",
                "wait for the other update",
            )  # fmt: skip
            state.unlock(self.stack)
            return action()

    def agreed(self, question: str) -> bool:
        """Whether the operator agrees, or has agreed beforehand."""
        agreed = self._wishes.yes or self.screen.confirm(question, "--yes")
        if not agreed:
            self.screen.say("nothing was changed")
        return agreed


def _lives(resource: Mapping[str, Any]) -> bool:
    return not str(resource["type"]).startswith("pulumi:")


def _replaced(step: Event) -> str:
    return f"  replaced, since {_listed(step.replaced_for)} can't be changed in place" if step.replaced_for else ""


def _lines(step: Event) -> Sequence[str]:
    """What changes in a resource, by values where they are known."""
    if step.op != "update":
        return ()
    if not step.differences:
        return (_listed(step.properties),) if step.properties else ()
    more = len(step.differences) - _LINES
    return [*step.differences[:_LINES], *([f"and {more} more"] if more > 0 else [])]


def _listed(names: Iterable[str], most: int = 6) -> str:
    every = list(names)
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")
