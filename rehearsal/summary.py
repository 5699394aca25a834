"""What came of a rehearsal, in a few lines at its end, and what it could not show."""

import re
from collections.abc import Iterator
from typing import Final

from planning.plan import Plan
from rehearsal.cluster_lines import ClusterLines
from rehearsal.engine_lines import EngineLines
from rehearsal.outcome import Outcome
from rehearsal.timeline import Timeline, duration

_LONGEST: Final = 3
_WORTH_A_WORD_SECONDS: Final = 2.0
_DIAGNOSTICS: Final = re.compile(
    r"^Diagnostics:\n(.*?)(?=^(?:Outputs|Resources|Duration):|\Z)", re.MULTILINE | re.DOTALL
)
_WORDS: Final = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
NOT_SHOWN: Final = (
    "Not shown by a rehearsal: what your subscription has of quota, machines and policies, how long Azure takes (here "
    "machines, charts and containers are there at once), whether images can be pulled, what vLLM does: no container "
    "runs. The charts' own pods are not there. docs/not-verified.md lists what only a live subscription can confirm."
)


def deployments_of(plan: Plan) -> dict[tuple[str, str], int]:
    """Fewest replicas of every model's Deployment, by namespace and name."""
    return {
        (model.namespace, workload.name): (
            workload.replicas.min if workload.fixed_replicas is None else workload.fixed_replicas
        )
        for model in plan.models
        for workload in model.workloads
    }


def changes(outcome: Outcome) -> str:
    """What an update did, such as `3 created, 1 updated, 200 unchanged`."""
    words = [f"{count} {_WORDS[op]}" for op, count in sorted(outcome.changes.items()) if op in _WORDS]
    if same := outcome.changes.get("same"):
        words.append(f"{same} unchanged")
    return ", ".join(words) or "nothing to do"


def diagnostics(outcome: Outcome) -> str:
    """The part of the engine's output that says what went wrong; all of it where there is no such part."""
    found = _DIAGNOSTICS.search(outcome.output)
    return (found[1] if found else outcome.output).strip("\n")


class Summary:
    """Collects what updates did; `end` prints it."""

    def __init__(self, timeline: Timeline, engine: EngineLines, cluster: ClusterLines) -> None:
        self._timeline, self._engine, self._cluster = timeline, engine, cluster
        self._made = 0
        self._lines: list[tuple[str, dict[str, object]]] = []

    def updated(self, outcome: Outcome, *, is_change: bool, is_next: bool) -> None:
        """Note an update that ended well: one of a stack that ran before, or one after a fault."""
        self._made += outcome.changes.get("create", 0)
        if is_next:
            self._lines.append((f"the next up: {changes(outcome)}", dict(outcome.changes)))
        if is_change:
            self._lines += self._changed(outcome)

    def _changed(self, outcome: Outcome) -> Iterator[tuple[str, dict[str, object]]]:
        gone = sorted(urn.rpartition("::")[2] for urn, ops in outcome.operations.items() if set(ops) == {"delete"})
        replaced = sorted(
            urn.rpartition("::")[2] for urn, ops in outcome.operations.items() if "create-replacement" in ops
        )
        yield f"replaced: {', '.join(replaced) or 'nothing'}", {"replaced": replaced}
        yield f"deleted: {', '.join(gone) or 'nothing'}", {"deleted": gone}

    def end(self, plan: Plan) -> None:
        """Print the summary."""
        for text, facts in [*self._lines, *self._rest(plan)]:
            self._timeline.add("summary", text, **facts)
        self._timeline.add("not-shown", NOT_SHOWN)

    def _rest(self, plan: Plan) -> Iterator[tuple[str, dict[str, object]]]:
        yield f"{self._made} resources made, {self._cluster.nodes} nodes", {"made": self._made}
        for (namespace, name), fewest in deployments_of(plan).items():
            serving = self._cluster.serving(name)
            least = self._cluster.fewest.get(name)
            text = f"{namespace}/{name}: {serving} of {fewest} replicas serve"
            if least:
                text += f", never fewer than {least} during the update"
            yield text, {"deployment": name, "serving": serving, "wanted": fewest, "fewest": least or 0}
        slowest = sorted(self._engine.longest.items(), key=lambda entry: -entry[1])[:_LONGEST]
        if slowest:
            listed = "; ".join(f"{name} {duration(seconds)}" for name, seconds in slowest)
            yield f"longest operations: {listed}", {"longest": dict(slowest)}
        for wait in self._cluster.waits()[:_LONGEST]:
            if wait.seconds >= _WORTH_A_WORD_SECONDS:
                text = f"pod {wait.pod} waited {duration(wait.seconds)}, most of it: {wait.reason}"
                yield text, {"pod": wait.pod, "waited_seconds": round(wait.seconds, 1), "reason": wait.reason}
        for pod, state in sorted(self._cluster.pending().items()):
            yield f"pod {pod} is not ready: {state}", {"pod": pod, "state": state}
