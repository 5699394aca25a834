"""Holds back a streamed answer until the text in it is judged."""

from collections import defaultdict

from guardrails.openai_text import UNREADABLE, Texts, texts_of
from guardrails.sse import Event, Events

_DONE = b"[DONE]"


class TooLargeError(Exception):
    """More is held back than may be."""


class Windows:
    """The events of one stream that are not judged yet.

    Texts of different places (answers at once, reasoning, arguments of tools) are kept apart, so that a word that
    comes in pieces is judged whole. `overlap` characters before a window are judged with it once more: what lies across
    its border is seen, though its beginning has been released.
    """

    def __init__(self, window: int, overlap: int, largest_bytes: int) -> None:
        self._window, self._overlap, self._largest_bytes = window, overlap, largest_bytes
        self._events = Events()
        self._held: list[Event] = []
        self._held_bytes = 0
        self._pending: dict[str, list[str]] = defaultdict(list)
        self._pending_characters = 0
        self._before: dict[str, str] = {}
        self.opaque = False
        """Whether something is held back that no guard can read."""
        self.template: bytes | None = None
        """Data of the last event with an answer, for the form of the stream's end."""

    @property
    def held_bytes(self) -> int:
        """Bytes that are held back."""
        return self._held_bytes + self._events.rest_bytes

    @property
    def waits_for_verdict(self) -> bool:
        """Whether a whole window, or something unreadable, is held back."""
        return self._pending_characters >= self._window or self.opaque

    @property
    def has_text(self) -> bool:
        """Whether text is held back."""
        return self._pending_characters > 0

    def feed(self, chunk: bytes) -> None:
        """Hold back a chunk.

        Raises:
            TooLargeError: too much is held back without a text that could be judged.
        """
        self._hold(self._events.feed(chunk))
        if self.held_bytes > self._largest_bytes:
            raise TooLargeError

    def end(self) -> None:
        """Take the stream's end: what is left is an event, too."""
        self._hold(self._events.end())

    def text(self) -> str:
        """What is to be judged: the texts that are held back, each after the end of what went before it."""
        return "\n".join(self._before.get(place, "") + "".join(parts) for place, parts in self._pending.items())

    def release(self) -> bytes:
        """The events that were judged, unchanged; nothing of them is held any more."""
        released = b"".join(event.raw for event in self._held)
        for place, parts in self._pending.items():
            self._before[place] = (
                (self._before.get(place, "") + "".join(parts))[-self._overlap :] if self._overlap else ""
            )
        self._held, self._held_bytes, self.opaque = [], 0, False
        self._pending.clear()
        self._pending_characters = 0
        return released

    def _hold(self, events: list[Event]) -> None:
        for event in events:
            self._held.append(event)
            self._held_bytes += len(event.raw)
            found = _texts(event)
            self.opaque = self.opaque or found.opaque
            for place, text in found.parts:
                self._pending[place].append(text)
                self._pending_characters += len(text)
            if b'"choices"' in event.data:
                self.template = event.data


def _texts(event: Event) -> Texts:
    data = event.data
    if not data or data.strip() == _DONE:
        return Texts((), opaque=False)
    return texts_of(data) if data.lstrip()[:1] == b"{" else UNREADABLE
