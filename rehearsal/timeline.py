"""What happens in a rehearsal, printed while it happens: a line for each event, as text or as JSON."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TextIO

_MINUTE: Final = 60


class Timeline:
    """Lines with the time since the beginning, which is `begun` by the clock. Threads may share it."""

    def __init__(
        self, out: TextIO, *, as_json: bool, begun: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out, self._as_json, self._clock = out, as_json, clock
        self.begun = clock() if begun is None else begun
        self._lock = threading.Lock()

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self.begun

    def add(self, kind: str, text: str, **facts: Any) -> None:
        """Print one event. `kind` is a word for programs, as are the `facts`; a text may have several lines."""
        with self._lock:
            seconds = self.seconds
            if self._as_json:
                line = {"seconds": round(seconds, 1), "kind": kind, "text": text, **facts}
                self._out.write(f"{json.dumps(line, ensure_ascii=False)}\n")
            else:
                minutes, rest = divmod(int(seconds), _MINUTE)
                self._out.write(f"{minutes:02}:{rest:02}  {text.replace(chr(10), f'{chr(10)}       ')}\n")
            self._out.flush()


def duration(seconds: float) -> str:
    """Seconds for people: `7 s`, `2 min 5 s`."""
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
