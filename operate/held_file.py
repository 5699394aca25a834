"""A stack file that was edited for an update, and is put back where that update does not begin."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from operate.running import require
from operate.screen import Screen


class HeldFile:
    """A file with its former bytes, and with those that this program has written since."""

    def __init__(self, file: Path, screen: Screen) -> None:
        self._file, self._screen = file, screen
        self._before = self._ours = file.read_bytes()

    @property
    def text(self) -> str:
        """What it says, as it was found."""
        return self._before.decode("utf-8")

    def write(self, text: str) -> None:
        """Replace its content.

        Raises:
            CannotOperateError: somebody changed it since it was read; it is kept.
        """
        require(
            self._file.read_bytes() == self._ours,
            f"{self._file.name} was changed in the meantime, and is kept",
            "run the command again",
        )
        self._ours = text.encode("utf-8")
        self._file.write_bytes(self._ours)

    @contextmanager
    def written_by_another(self) -> Generator[None]:
        """Within it, another program changes the file for this one."""
        try:
            yield
        finally:
            self._ours = self._file.read_bytes()

    def put_back(self) -> None:
        """Write its former bytes; what somebody else has written since is kept."""
        if self._ours == self._before:
            return
        name = self._file.name
        is_ours = self._file.read_bytes() == self._ours
        if is_ours:
            self._file.write_bytes(self._before)
            self._screen.say(f"{name} is as it was before")
        else:
            self._screen.say(f"{name} was changed by somebody else, and is kept: it still has this edit")
        self._screen.document({"event": "put back", "file": name, "done": is_ours})


@contextmanager
def interruption_raises() -> Generator[None]:
    """Within it, Ctrl-C raises KeyboardInterrupt where it would end the process, so that files are put back.

    Where the caller of the process decided otherwise, such as to ignore it, that stays.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
