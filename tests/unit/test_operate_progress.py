"""An operation's progress as lines, from the engine's events."""

from typing import Any

from pulumi.automation.events import EngineEvent

from operate.progress import Event, Progress
from operate.screen import summary

URN = "urn:pulumi:dev::llm-platform::azure-native:containerservice:AgentPool::pool-h100"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def event(kind: str, **content: Any) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, kind: content})


def step(op: str, urn: str = URN, **more: Any) -> dict[str, Any]:
    return {"metadata": {"op": op, "urn": urn, "type": urn.split("::")[2], "provider": "", **more}}


def watched() -> tuple[Progress, list[Event], Clock]:
    shown: list[Event] = []
    clock = Clock()
    return Progress(shown.append, clock), shown, clock


def test_a_creation_begins_and_ends() -> None:
    progress, shown, clock = watched()
    progress.handle(event("resourcePreEvent", **step("create")))
    clock.now = 90
    assert summary(progress) == "90 s, 0 done, 1 running: creating pool-h100 (AgentPool) 90 s"
    progress.handle(event("resOutputsEvent", **step("create")))
    assert [str(each) for each in shown] == [
        "creating pool-h100 (AgentPool)", "created pool-h100 (AgentPool) in 90 s",
    ]  # fmt: skip
    assert progress.changes == {"create": 1}
    assert progress.running == {}


def test_what_stays_the_same_is_not_shown() -> None:
    progress, shown, _ = watched()
    for op in ("same", "read", "discard"):
        progress.handle(event("resourcePreEvent", **step(op)))
        progress.handle(event("resOutputsEvent", **step(op)))
    assert (shown, progress.changes, progress.steps) == ([], {}, [])


def test_a_failure_has_its_reason_and_what_to_do() -> None:
    progress, shown, _ = watched()
    progress.handle(event("resourcePreEvent", **step("create")))
    progress.handle(
        event("diagnosticEvent", severity="error", urn=URN, message="Code=SkuNotAvailable none in eastus\n", color="")
    )
    progress.handle(event("resOpFailedEvent", **step("create"), status=0, steps=0))
    assert shown[-1].event == "failed"
    assert str(shown[-1]) == (
        "FAILED creating pool-h100 (AgentPool): Code=SkuNotAvailable none in eastus\n"
        "  → Azure has no such machines there now: run `up` later, or choose another zone, region or VM size"
    )
    assert progress.failed == [shown[-1]]
    assert "1 FAILED" in summary(progress)


def test_what_a_refresh_found_is_a_step_at_its_end() -> None:
    progress, shown, _ = watched()
    progress.handle(event("resourcePreEvent", **step("refresh")))
    assert shown == []
    sides: dict[str, Any] = {
        name: {"type": "", "urn": URN, "inputs": {"maxCount": most}} for name, most in (("old", 3), ("new", 99))
    }
    progress.handle(event("resOutputsEvent", **step("update", URN, diffs=["maxCount"], **sides)))
    assert progress.steps[0].differences == ("maxCount: 3 → 99",)
    assert [(each.event, each.op, each.properties) for each in progress.steps] == [("done", "update", ("maxCount",))]
    assert progress.running == {}
