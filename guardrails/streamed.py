"""A streamed answer: held back until it is judged, or let pass and judged beside it."""

import asyncio

from guardrails.contract import Verdict
from guardrails.windows import TooLargeError, Windows


class Holding:
    """Nothing goes on before its window is judged."""

    def __init__(self, window: int, overlap: int, largest_bytes: int) -> None:
        self._windows = Windows(window, overlap, largest_bytes)
        self.ended = False
        """Whether the client has had the end: nothing of what follows goes on."""
        self.opened = False
        """Whether a window went on without a verdict."""

    @property
    def held_bytes(self) -> int:
        """Bytes that are held back."""
        return 0 if self.ended else self._windows.held_bytes

    @property
    def template(self) -> bytes | None:
        """Data of the last event with an answer."""
        return self._windows.template

    @property
    def opaque(self) -> bool:
        """Whether no guard can read a part of it."""
        return self._windows.opaque

    def take(self, chunk: bytes, *, last: bool) -> bool:
        """Hold back a chunk; tell whether there is room for it."""
        try:
            self._windows.feed(chunk)
        except TooLargeError:
            return False
        if last:
            self._windows.end()
        return True

    def waits_for_verdict(self, *, last: bool) -> bool:
        """Whether something is to be judged before anything goes on."""
        return self._windows.waits_for_verdict or (last and self._windows.has_text)

    def text(self) -> str:
        """What is to be judged."""
        return self._windows.text()

    def release(self) -> bytes:
        """What was judged."""
        return self._windows.release()

    def release_without_text(self) -> bytes:
        """Events that have no text, as long as no text waits before them."""
        return b"" if self._windows.has_text else self._windows.release()

    def discard(self) -> None:
        """End it: what is held back never goes on."""
        self.ended = True


class Passing:
    """Everything goes on at once."""

    def __init__(self, window: int, overlap: int, largest_bytes: int) -> None:
        self._windows: Windows | None = Windows(window, overlap, largest_bytes)
        self.judging: list[asyncio.Task[tuple[str, Verdict | None]]] = []
        """Checks of its windows."""

    def take(self, chunk: bytes, *, last: bool) -> list[tuple[str, bool]]:
        """Texts that are to be judged now, each with whether a part of it is unreadable."""
        windows = self._windows
        if windows is None:
            return []
        try:
            windows.feed(chunk)
        except TooLargeError:
            # No stream of events: what follows is not collected.
            self._windows = None
            return [("", True)]
        if last:
            windows.end()
        if not windows.waits_for_verdict and not (last and windows.has_text):
            if not windows.has_text:
                windows.release()
            return []
        texts = [(windows.text(), windows.opaque)]
        windows.release()
        return texts
