"""The engine's events on the timeline: which resource was made, changed, replaced or deleted, when and how fast."""

import threading
import time
from typing import Any, Final

from pulumi.automation.events import EngineEvent, OpType

from rehearsal.outcome import changed_properties
from rehearsal.timeline import Timeline, duration

# The engine's own marks.
_MARKS: Final = {
    OpType.CREATE: "+",
    OpType.UPDATE: "~",
    OpType.DELETE: "-",
    OpType.CREATE_REPLACEMENT: "++",
    OpType.DELETE_REPLACED: "--",
    OpType.REPLACE: "+-",
}
# What an operation took is shown from here on.
_WORTH_A_WORD_SECONDS: Final = 1.0


class EngineLines:
    """A listener of the engine. `longest` are seconds by type and name of whatever took long, in all operations."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._begun: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()
        self.longest: dict[str, float] = {}

    def __call__(self, event: EngineEvent) -> None:
        """Show one event, if it is one of a resource of a provider."""
        if event.resource_pre_event is not None:
            self._begin(event.resource_pre_event.metadata)
        elif event.res_outputs_event is not None:
            self._end(event.res_outputs_event.metadata, "")
        elif event.res_op_failed_event is not None:
            self._end(event.res_op_failed_event.metadata, "failed")

    def _begin(self, metadata: Any) -> None:
        if not _is_shown(metadata):
            return
        with self._lock:
            self._begun[metadata.urn, metadata.op] = time.monotonic()
        if metadata.op == OpType.REPLACE:
            why = f" is replaced: {', '.join(metadata.keys)} can't be changed in place" if metadata.keys else ""
            self._line(metadata, f"{_name(metadata)}{why}", {"properties": list(metadata.keys or ())})

    def _end(self, metadata: Any, failure: str) -> None:
        if not _is_shown(metadata) or metadata.op == OpType.REPLACE:
            return
        with self._lock:
            begun = self._begun.pop((metadata.urn, metadata.op), None)
            took = 0.0 if begun is None else time.monotonic() - begun
            name = _name(metadata)
            self.longest[name] = max(took, self.longest.get(name, 0.0))
        words = [name]
        changed = list(changed_properties(metadata)) if metadata.op == OpType.UPDATE else []
        if changed:
            words.append(f"[{', '.join(changed)}]")
        if failure:
            words.append(failure)
        if took >= _WORTH_A_WORD_SECONDS:
            words.append(f"({duration(took)})")
        self._line(
            metadata, " ".join(words), {"took_seconds": round(took, 1), "changed": changed, "failed": bool(failure)}
        )

    def _line(self, metadata: Any, text: str, facts: dict[str, Any]) -> None:
        mark = "!" if facts.get("failed") else _MARKS[metadata.op]
        self._timeline.add(
            "resource", f"{mark:2} {text}", operation=metadata.op.value, urn=metadata.urn, type=metadata.type, **facts
        )


def _name(metadata: Any) -> str:
    return f"{metadata.type} {metadata.urn.rpartition('::')[2]}"


def _is_shown(metadata: Any) -> bool:
    """Components and providers are names only: nothing is made of them."""
    side = metadata.new or metadata.old
    is_made = side is not None and side.custom and not metadata.type.startswith("pulumi:")
    return metadata.op in _MARKS and is_made
