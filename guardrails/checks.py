"""Checks texts by a policy: cut into what its guard takes, within one time, as many at once as there may be."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Final

from guardrails.contract import ALLOWED, Action, Guard, GuardError, Stage, Verdict
from guardrails.observed import Metrics
from guardrails.settings import Policy

# What lies across the border of two pieces is in both.
_OVERLAP: Final = 200


def pieces(text: str, largest: int) -> list[str]:
    """A text in pieces of `largest` characters at most, each beginning with the end of the one before."""
    step = max(1, largest - min(_OVERLAP, largest // 2))
    return [text[begin : begin + largest] for begin in range(0, max(1, len(text) - (largest - step)), step)]


class Checks:
    """One policy with its guard."""

    def __init__(self, name: str, policy: Policy, guard: Guard, slots: asyncio.Semaphore, metrics: Metrics) -> None:
        self.name, self.policy, self.guard = name, policy, guard
        self._slots, self._metrics = slots, metrics

    async def check(self, text: str, stage: Stage) -> Verdict:
        """Judge a text of any length.

        Raises:
            GuardError: there is no verdict on a part of it within the policy's time.
        """
        if not text.strip():
            return ALLOWED
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.policy.timeout_seconds):
                verdicts = await self._all(text, stage)
        except TimeoutError as error:
            self._failed(stage, "timeout")
            raise GuardError("timeout") from error
        except GuardError as error:
            self._failed(stage, error.reason)
            raise
        finally:
            self._metrics.seconds.labels(self.name, stage).observe(time.monotonic() - began)
        found = tuple(finding for verdict in verdicts for finding in verdict.findings)
        if all(verdict.action == Action.ALLOW for verdict in verdicts):
            return ALLOWED
        # What the contract calls `modify` is no permission for the text as it is.
        verdict = Verdict(Action.BLOCK, found)
        for kind in verdict.types:
            self._metrics.findings.labels(self.name, stage, kind).inc()
        return verdict

    def unreadable(self, stage: Stage) -> GuardError:
        """The error of a content that no guard of text can read."""
        self._failed(stage, "unreadable")
        return GuardError("unreadable")

    def _failed(self, stage: Stage, reason: str) -> None:
        self._metrics.failures.labels(self.name, stage, reason).inc()

    async def _all(self, text: str, stage: Stage) -> list[Verdict]:
        tasks = [asyncio.ensure_future(self._one(piece, stage)) for piece in pieces(text, self.guard.largest_text)]
        try:
            return await asyncio.gather(*tasks)
        finally:
            # The first error, the time's end or a client that has gone ends the other calls, too.
            for task in tasks:
                task.cancel()

    async def _one(self, piece: str, stage: Stage) -> Verdict:
        async with self._slots:
            return await self.guard.check(piece, stage)


class Background:
    """Checks that nobody waits for, so many at once at most."""

    def __init__(self, largest: int, metrics: Metrics) -> None:
        self._largest, self._metrics = largest, metrics
        self._running: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any] | None:
        """Begin one, or leave it out and count that."""
        if len(self._running) >= self._largest:
            work.close()
            self._metrics.left_out.inc()
            return None
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def end(self) -> None:
        """Give up all that run."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
