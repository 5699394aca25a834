"""What one operation of the engine did: its steps, its messages and the provider calls it made."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.automation.events import EngineEvent, OpType, StepEventMetadata

from simulators.provider_protocol.calls import Call


@dataclass(frozen=True)
class Side:
    """A resource before or after a step: wire inputs (camelCase, secrets masked), parent, provider, flags."""

    type: str
    parent: str
    provider: str
    protect: bool
    retain_on_delete: bool
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One step of the engine on one resource. `op` is the engine's word: same, create, create-replacement and so on.

    `keys` force a replacement, in the provider's words; `diffs` are the top-level properties that changed.
    """

    op: str
    urn: str
    type: str
    old: Side | None
    new: Side | None
    keys: tuple[str, ...]
    diffs: tuple[str, ...]

    @property
    def name(self) -> str:
        """Logical name of the resource."""
        return self.urn.rsplit("::", 1)[-1]


@dataclass(frozen=True)
class Outcome:
    """One operation, finished or refused. `steps` are in the engine's order."""

    steps: tuple[Step, ...]
    messages: tuple[str, ...]
    changes: Mapping[str, int]
    calls: tuple[Call, ...]
    output: str

    @property
    def operations(self) -> dict[str, tuple[str, ...]]:
        """The engine's operations by URN, those that change nothing left out."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for step in self.steps:
            if step.op not in ("same", "read", "refresh"):
                found[step.urn].append(step.op)
        return {urn: tuple(found[urn]) for urn in sorted(found)}

    @property
    def is_quiet(self) -> bool:
        """Whether nothing changed."""
        return not self.operations

    def new(self) -> dict[str, Side]:
        """State after the operation by URN, as the events tell it."""
        return {step.urn: step.new for step in self.steps if step.new is not None}

    def writes(self) -> tuple[Call, ...]:
        """Calls that changed something in a cloud."""
        return tuple(call for call in self.calls if call.method in ("Create", "Update", "Delete") and not call.preview)


class OperationRefusedError(Exception):
    """The engine ended an operation with an error; `outcome` is what it did until then."""

    def __init__(self, message: str, outcome: Outcome) -> None:
        super().__init__(message)
        self.outcome = outcome


def _side(state: Any) -> Side | None:
    if state is None:
        return None
    return Side(
        type=state.type,
        parent=state.parent or "",
        provider=state.provider or "",
        protect=bool(state.protect),
        retain_on_delete=bool(state.retain_on_delete),
        inputs=state.inputs or {},
        outputs=state.outputs or {},
    )


def changed_properties(metadata: StepEventMetadata) -> tuple[str, ...]:
    """Top-level properties that a step changes.

    pulumi-kubernetes names no changed properties, only their paths in the detailed difference.
    """
    paths = metadata.detailed_diff or ()
    return tuple(metadata.diffs or dict.fromkeys(re.split(r"[.\[]", path)[0] for path in paths))


def _step(metadata: StepEventMetadata) -> Step:
    return Step(
        op=metadata.op.value,
        urn=metadata.urn,
        type=metadata.type,
        old=_side(metadata.old),
        new=_side(metadata.new),
        keys=tuple(metadata.keys or ()),
        diffs=changed_properties(metadata),
    )


def outcome(events: Iterable[EngineEvent], calls: tuple[Call, ...], output: str) -> Outcome:
    """Put the engine's events, in any order of arrival, into one outcome."""
    steps, messages, changes = [], [], {}
    ordered = sorted(events, key=lambda event: event.sequence)
    begun = [event.resource_pre_event.metadata for event in ordered if event.resource_pre_event is not None]
    refreshed = {metadata.urn for metadata in begun if metadata.op == OpType.REFRESH}
    for event in ordered:
        if event.resource_pre_event is not None:
            if event.resource_pre_event.metadata.op != OpType.REFRESH:
                steps.append(_step(event.resource_pre_event.metadata))
        elif event.res_outputs_event is not None:
            # The engine reports what a refresh found only at its end, as the step that the found change amounts to.
            if event.res_outputs_event.metadata.urn in refreshed:
                steps.append(_step(event.res_outputs_event.metadata))
        elif event.diagnostic_event is not None and event.diagnostic_event.severity != "debug":
            messages.append(f"{event.diagnostic_event.severity}: {event.diagnostic_event.message.strip()}")
        elif event.summary_event is not None:
            changes = {getattr(op, "value", op): count for op, count in event.summary_event.resource_changes.items()}
    return Outcome(tuple(steps), tuple(messages), changes, calls, output)


def plain_text_secrets(state: Any, needles: Iterable[str]) -> list[str]:
    """Which of the needles can be read in an exported state."""
    text = json.dumps(state)
    return sorted(needle for needle in needles if needle in text)
