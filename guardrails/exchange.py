"""One request and its answer on their way through a policy."""

import asyncio
from typing import Any, Final

from msgspec import Struct

from guardrails import answers
from guardrails.checks import Background, Checks
from guardrails.contract import Action, GuardError, Stage, Verdict
from guardrails.observed import Metrics, say
from guardrails.openai_text import (
    failed_event,
    filtered_answer,
    filtered_event,
    refusal,
    texts_of,
)
from guardrails.streamed import Holding, Passing

_EVENTS: Final = "text/event-stream"
_BLOCKED: Final = ("content_filter", "invalid_request_error")
_AWAY: Final = ("content_safety_unavailable", "server_error")
# Status, message and kind of what a client reads in place of an answer.
_REFUSALS: Final = {
    (Stage.INPUT, "block"): (400, "The prompt was blocked by content safety.", _BLOCKED),
    (Stage.INPUT, "too_long"): (400, "The prompt is longer than what content safety checks.", _BLOCKED),
    (Stage.INPUT, "unreadable"): (400, "The prompt has parts that content safety can't read.", _BLOCKED),
    (Stage.INPUT, "failed"): (503, "Content safety can't be reached; the prompt was not sent on.", _AWAY),
    (Stage.OUTPUT, "block"): (400, "The answer was blocked by content safety.", _BLOCKED),
    (Stage.OUTPUT, "unreadable"): (503, "Content safety can't read the answer; it is withheld.", _AWAY),
    (Stage.OUTPUT, "failed"): (503, "Content safety can't be reached; the answer is withheld.", _AWAY),
}


class Caller(Struct, frozen=True):
    """Whose request it is."""

    tenant: str
    model: str
    request: str


class Exchange:
    """The state of one request. Its methods are called in the order in which Envoy sends the parts."""

    def __init__(self, checks: Checks, caller: Caller, background: Background, metrics: Metrics) -> None:
        self._checks, self._policy, self._caller = checks, checks.policy, caller
        self._background, self._metrics = background, metrics
        self._notes: dict[str, str] = {}
        self.expects_prompt = False
        """Whether the next message is a whole prompt."""
        self._encoded = False
        self._stream: Holding | Passing | None = None

    @property
    def held_bytes(self) -> int:
        """Bytes of the answer that are held back."""
        return self._stream.held_bytes if isinstance(self._stream, Holding) else 0

    def request_headers(self, *, has_body: bool) -> Any:
        """Say what is needed of the request."""
        answered = self._policy.output != "off" or self._policy.input == "annotate"
        self.expects_prompt = has_body and self._policy.input != "off"
        override = answers.mode(
            request_body=self.expects_prompt,
            response=answered and has_body,
            response_body=answers.Mode.BUFFERED if answered and has_body else answers.Mode.NONE,
        )
        # A compressed answer could not be read.
        return answers.request_headers(override, removed=("accept-encoding",) if answered else ())

    async def request_body(self, body: bytes) -> Any:
        """Judge the prompt."""
        self.expects_prompt = False
        found, mode = texts_of(body), self._policy.input
        if mode == "shadow":
            self._background.begin(self._watched(found.joined, Stage.INPUT, opaque=found.opaque))
            return answers.request_body()
        if mode == "block" and len(found.joined) > self._policy.largest_input_characters:
            decision, verdict = "too_long", None
        else:
            decision, verdict = await self.judged(found.joined, Stage.INPUT, opaque=found.opaque)
        self._decided(Stage.INPUT, decision, verdict)
        if mode == "annotate":
            self._note(Stage.INPUT, decision, verdict)
            return answers.with_metadata(answers.request_body(), self._notes)
        return _refused(Stage.INPUT, decision) or answers.request_body()

    def response_headers(self, status: str, kind: str, encoding: str) -> Any:
        """Say what is needed of the answer."""
        note = self._header()
        if self._policy.output == "off" or not status.startswith("2"):
            return answers.response_headers(answers.mode(request_body=False, response=True), added=note)
        policy = self._policy
        self._encoded = encoding not in ("", "identity")
        # A replaced answer has another length; a stream may be cut.
        removed = ("content-length",) if policy.output == "block" or kind.startswith(_EVENTS) else ()
        body = answers.Mode.BUFFERED
        if kind.startswith(_EVENTS):
            made = Holding if policy.output == "block" else Passing
            self._stream = made(policy.window_characters, policy.overlap_characters, policy.guard.largest_text * 16)
            body = answers.Mode.FULL_DUPLEX_STREAMED
        override = answers.mode(request_body=False, response=True, response_body=body)
        return answers.response_headers(override, added=note, removed=removed)

    async def response_body(self, body: bytes, *, last: bool) -> list[Any]:
        """Judge an answer: whole, or what of a stream a chunk completes."""
        if isinstance(self._stream, Holding):
            if self._stream.ended:
                return []
            released = await self._held(self._stream, body, last=last)
            ended = last or self._stream.ended
            return [answers.chunk(released, last=ended)] if released or ended else []
        if isinstance(self._stream, Passing):
            return [await self._passed(self._stream, body, last=last)]
        return [await self._whole(body)]

    async def response_trailers(self) -> list[Any]:
        """End a stream that has trailers, which come in place of a last chunk."""
        ended = await self.response_body(b"", last=True)
        for message in ended:
            message.response_body.response.body_mutation.streamed_response.end_of_stream = False
        return [*ended, answers.trailers()]

    async def judged(self, text: str, stage: Stage, *, opaque: bool) -> tuple[str, Verdict | None]:
        """What is to be done with a text: allow, block, unreadable or failed; `open` where a failure lets it pass."""
        try:
            verdict = await self._checks.check(text, stage)
            if verdict.action != Action.ALLOW:
                return "block", verdict
            if opaque:
                raise self._checks.unreadable(stage)
        except GuardError as error:
            if self._policy.on_failure == "open":
                return "open", None
            return ("unreadable" if error.reason == "unreadable" else "failed"), None
        return "allow", None

    async def _whole(self, body: bytes) -> Any:
        found = texts_of(body)
        opaque = found.opaque or self._encoded
        if self._policy.output == "shadow":
            self._background.begin(self._watched(found.joined, Stage.OUTPUT, opaque=opaque))
            return answers.whole_body(None, {})
        decision, verdict = await self.judged(found.joined, Stage.OUTPUT, opaque=opaque)
        self._decided(Stage.OUTPUT, decision, verdict)
        if self._policy.output == "annotate":
            self._note(Stage.OUTPUT, decision, verdict)
            return answers.with_metadata(answers.whole_body(None, self._header()), self._notes)
        filtered = filtered_answer(body) if decision == "block" else None
        if filtered is not None:
            return answers.whole_body(filtered, {})
        return _refused(Stage.OUTPUT, decision) or answers.whole_body(None, {})

    async def _held(self, stream: Holding, body: bytes, *, last: bool) -> bytes:
        """What may go on now of a stream that is held back."""
        if not stream.take(body, last=last):
            return self._cut(stream, "unreadable", None)
        if stream.waits_for_verdict(last=last):
            decision, verdict = await self.judged(stream.text(), Stage.OUTPUT, opaque=stream.opaque)
            if decision not in ("allow", "open"):
                return self._cut(stream, decision, verdict)
            stream.opened = stream.opened or decision == "open"
            released = stream.release()
        else:
            released = stream.release_without_text()
        if last:
            self._decided(Stage.OUTPUT, "open" if stream.opened else "allow")
        return released

    def _cut(self, stream: Holding, decision: str, verdict: Verdict | None) -> bytes:
        """The end of a stream in place of all that is held back and all that follows."""
        stream.discard()
        self._decided(Stage.OUTPUT, decision, verdict)
        if decision == "block":
            return filtered_event(stream.template)
        _, message, kind = _REFUSALS[Stage.OUTPUT, decision]
        return failed_event(message, *kind)

    async def _passed(self, stream: Passing, body: bytes, *, last: bool) -> Any:
        """Let a chunk pass; windows are judged beside it."""
        for text, opaque in stream.take(body, last=last):
            begun = self._background.begin(self.judged(text, Stage.OUTPUT, opaque=opaque))
            if begun is not None:
                stream.judging.append(begun)
        if not last:
            return answers.chunk(body, last=last)
        if self._policy.output == "shadow":
            self._background.begin(self._summed(stream))
            return answers.chunk(body, last=last)
        decision, verdict = await self._summed(stream)
        self._note(Stage.OUTPUT, decision, verdict)
        comment = f": {answers.HEADER} {self._header()[answers.HEADER]}\n\n".encode()
        return answers.with_metadata(answers.chunk(body + comment, last=True), self._notes)

    async def _summed(self, stream: Passing) -> tuple[str, Verdict | None]:
        """The decision about all windows of a stream."""
        outcomes = await asyncio.gather(*stream.judging)
        blocked = [verdict for decision, verdict in outcomes if decision == "block" and verdict is not None]
        if blocked:
            joined = Verdict(Action.BLOCK, tuple(finding for verdict in blocked for finding in verdict.findings))
            self._decided(Stage.OUTPUT, "block", joined)
            return "block", joined
        decision = next((decision for decision, _ in outcomes if decision != "allow"), "allow")
        self._decided(Stage.OUTPUT, decision)
        return decision, None

    async def _watched(self, text: str, stage: Stage, *, opaque: bool) -> None:
        decision, verdict = await self.judged(text, stage, opaque=opaque)
        self._decided(stage, decision, verdict)

    def _decided(self, stage: Stage, decision: str, verdict: Verdict | None = None) -> None:
        mode = self._policy.input if stage == Stage.INPUT else self._policy.output
        self._metrics.decisions.labels(self._checks.name, stage, mode, decision).inc()
        if decision != "allow":
            say(
                "decision",
                policy=self._checks.name,
                stage=stage,
                mode=mode,
                decision=decision,
                findings=list(verdict.types) if verdict is not None else None,
                tenant=self._caller.tenant,
                model=self._caller.model,
                request=self._caller.request,
            )

    def _note(self, stage: Stage, decision: str, verdict: Verdict | None) -> None:
        words = {"allow": "allowed", "block": "flagged"}.get(decision, "unknown")
        self._notes[stage] = words if verdict is None else f"{words} {' '.join(verdict.types)}"

    def _header(self) -> dict[str, str]:
        noted = "; ".join(f"{stage}={note}" for stage, note in self._notes.items())
        return {answers.HEADER: noted} if noted else {}


def _refused(stage: Stage, decision: str) -> Any | None:
    """The answer in place of the model's; None where the decision lets it pass."""
    found = _REFUSALS.get((stage, decision))
    if found is None:
        return None
    status, message, kind = found
    return answers.refused(status, refusal(message, *kind))
