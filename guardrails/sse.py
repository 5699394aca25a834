"""Server-sent events out of chunks that are cut anywhere; every byte is kept as it came.

Source: WHATWG HTML, 9.2.6 Interpreting an event stream: lines end with CR LF, LF or CR, an empty line ends an event.
"""

import re
from typing import Final

from msgspec import Struct

_END: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))")
_LINE: Final = re.compile(rb"\r\n|\n|\r")
# What a border can cut: CR LF CR LF.
_LONGEST_END: Final = 4


class Event(Struct, frozen=True):
    """One event."""

    raw: bytes
    """Its bytes, the empty line included."""

    @property
    def data(self) -> bytes:
        """Its data, lines joined."""
        lines = [line[5:] for line in _LINE.split(self.raw) if line.startswith(b"data:")]
        return b"\n".join(line.removeprefix(b" ") for line in lines)


class Events:
    """Collects chunks into events."""

    def __init__(self) -> None:
        self._rest = b""
        self._searched = 0

    @property
    def rest_bytes(self) -> int:
        """Bytes of an event whose end hasn't come."""
        return len(self._rest)

    def feed(self, chunk: bytes) -> list[Event]:
        """Take a chunk; return the events that are complete."""
        self._rest += chunk
        found: list[Event] = []
        begin = 0
        # What was searched before isn't searched again, or many small chunks would take the square of their time.
        for end in _END.finditer(self._rest, max(0, self._searched - _LONGEST_END)):
            if end.end() == len(self._rest) and end.group().endswith(b"\r"):
                break  # An LF may follow that belongs to it.
            found.append(Event(self._rest[begin : end.end()]))
            begin = end.end()
        self._rest = self._rest[begin:]
        self._searched = len(self._rest)
        return found

    def end(self) -> list[Event]:
        """What is left when the stream ends: clients may read it although no empty line follows."""
        rest, self._rest, self._searched = self._rest, b"", 0
        return [Event(rest)] if rest else []
