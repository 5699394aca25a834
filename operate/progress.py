"""An operation's progress, from the engine's events: what runs, what is done, what failed and why."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct
from pulumi.automation.events import EngineEvent, StepEventMetadata

from operate.advice import advice
from preview.property_changes import property_changes, shown

# The engine's words that change nothing.
QUIET: Final = frozenset({"same", "read", "refresh", "discard", "discard-replaced", "remove-pending-replace"})
_WORDS: Final = {
    "create": ("creating", "created"),
    "update": ("updating", "updated"),
    "delete": ("deleting", "deleted"),
    "replace": ("replacing", "replaced"),
    "create-replacement": ("creating the successor of", "created the successor of"),
    "delete-replaced": ("deleting the predecessor of", "deleted the predecessor of"),
    "import": ("importing", "imported"),
    "refresh": ("reading", "read"),
}


class Event(Struct, frozen=True, omit_defaults=True):
    """One line of progress, and of `--json`.

    `event` is begun, done, failed, message or policy; `seconds` are those since the operation began, `took_seconds`
    those of this resource. `op` is the engine's word, `properties` are those that change, `differences` each of them
    with its value before and now, secrets hidden.
    """

    event: str
    seconds: float
    op: str = ""
    urn: str = ""
    type: str = ""
    name: str = ""
    took_seconds: float = 0
    properties: tuple[str, ...] = ()
    replaced_for: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    message: str = ""
    advice: str = ""

    def __str__(self) -> str:
        """The line for a person."""
        now, past = _WORDS.get(self.op, (self.op, self.op))
        what = f"{self.name} ({self.type.rpartition(':')[2]})"
        if self.event == "begun":
            return f"{now} {what}"
        if self.event == "done":
            return f"{past} {what} in {self.took_seconds:,.0f} s"
        if self.event == "failed":
            return f"FAILED {now} {what}: {self.message}\n  → {self.advice}"
        return f"{self.name}: {self.message}" if self.name else self.message


class Progress:
    """Folds the engine's events; `show` gets each line of progress as it comes. Threads may call `handle` at once."""

    def __init__(self, show: Callable[[Event], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._show, self._clock = show, clock
        self._begun = clock()
        self._lock = threading.Lock()
        self._errors: dict[str, str] = {}
        self._since: dict[tuple[str, str], float] = {}
        self.running: dict[tuple[str, str], Event] = {}
        self.steps: list[Event] = []
        self.done: Counter[str] = Counter()
        self.failed: list[Event] = []
        self.errors: list[Event] = []

    @property
    def seconds(self) -> float:
        """Since the operation began."""
        return round(self._clock() - self._begun, 1)

    @property
    def changes(self) -> dict[str, int]:
        """How many resources changed, by the engine's words."""
        return dict(sorted(self.done.items()))

    def handle(self, event: EngineEvent) -> None:
        """Take one event of the engine."""
        with self._lock:
            for each in self._events(event):
                self._show(each)

    def _events(self, event: EngineEvent) -> list[Event]:
        if event.resource_pre_event is not None:
            return self._began(event.resource_pre_event.metadata)
        if event.res_outputs_event is not None:
            return self._ended(event.res_outputs_event.metadata)
        if event.res_op_failed_event is not None:
            return self._broke(event.res_op_failed_event.metadata)
        if event.diagnostic_event is not None and not event.diagnostic_event.ephemeral:
            found = event.diagnostic_event
            return self._message(found.severity, found.urn or "", found.message.strip())
        if event.policy_event is not None and event.policy_event.enforcement_level == "mandatory":
            violated = event.policy_event
            return [Event("policy", self.seconds, message=f"{violated.policy_name}: {violated.message}")]
        return []

    def _began(self, step: StepEventMetadata) -> list[Event]:
        op = step.op.value
        if op in QUIET - {"refresh"}:
            return []
        line = _event("begun", self.seconds, step)
        self.running[step.urn, op] = line
        self._since[step.urn, op] = self._clock()
        if op == "refresh":
            return []
        self.steps.append(line)
        return [line]

    def _ended(self, step: StepEventMetadata) -> list[Event]:
        # What a refresh found comes at its end, as the step that the found change amounts to.
        began = (step.urn, step.op.value)
        refreshed = began not in self.running and self.running.pop((step.urn, "refresh"), None) is not None
        self.running.pop(began, None)
        if step.op.value in QUIET or _is_internal(step.type):
            return []
        self.done[step.op.value] += 1
        took = round(self._clock() - self._since.get(began, self._clock()), 1)
        line = _event("done", self.seconds, step, took=took)
        if refreshed:
            self.steps.append(line)
        return [line]

    def _broke(self, step: StepEventMetadata) -> list[Event]:
        self.running.pop((step.urn, step.op.value), None)
        message = self._errors.get(step.urn, "the engine gives no reason")
        line = _event("failed", self.seconds, step, message=message)
        self.failed.append(line)
        return [line]

    def _message(self, severity: str, urn: str, message: str) -> list[Event]:
        if severity not in ("error", "warning") or not message:
            return []
        name, type_ = (urn.rpartition("::")[2], urn.rpartition("::")[0].rpartition("$")[2]) if urn else ("", "")
        line = Event("message", self.seconds, urn=urn, type=type_, name=name, message=message)
        if severity == "error":
            self._errors[urn] = message
            self.errors.append(line)
        # An error about a resource is shown with its failure.
        return [] if severity == "error" and urn else [line]


def _is_internal(type_: str) -> bool:
    """Whether a resource lives in the state alone."""
    return type_.startswith("pulumi:")


def _event(kind: str, seconds: float, step: StepEventMetadata, *, took: float = 0, message: str = "") -> Event:
    return Event(
        kind, seconds, step.op.value, step.urn, step.type, step.urn.rpartition("::")[2], took,
        properties=tuple(step.diffs or dict.fromkeys(step.detailed_diff or ())), replaced_for=tuple(step.keys or ()),
        differences=tuple(_differences(step)),
        message=message, advice=advice(message) if message else "",
    )  # fmt: skip


def _differences(step: StepEventMetadata) -> Iterator[str]:
    """Each property of an updated resource, before and now; where no input changed, as a refresh finds it, outputs."""
    old, new = step.old, step.new
    if old is None or new is None or step.op.value not in ("update", "replace"):
        return
    found = property_changes(old.inputs or {}, new.inputs or {}) or property_changes(
        old.outputs or {}, new.outputs or {}
    )
    for change in found:
        if not change.path.startswith("__"):
            yield f"{change.path}: {shown(change.before)} → {shown(change.now)}"
