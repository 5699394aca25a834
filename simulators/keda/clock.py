"""A clock on which minutes of waiting are over in a moment.

A helper: it simulates nothing.
"""

import time


class Clock:
    """Seconds since it was made; `pace` of them pass in a real one."""

    def __init__(self, pace: float) -> None:
        self._pace = pace
        self._begin = time.monotonic()

    def now(self) -> float:
        """Its seconds."""
        return (time.monotonic() - self._begin) * self._pace
