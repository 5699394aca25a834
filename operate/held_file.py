"""A stack file that was edited for an update, and is put back where that update does not begin."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from operate.problems import CannotOperateError
from operate.running import require
from operate.screen import Screen
from reading.texts import STACK_FILE_BYTES, FileRefusedError, bytes_of


class HeldFile:
    """A file with its former bytes, and with those that this program has written since."""

    def __init__(self, file: Path, screen: Screen) -> None:
        self._file, self._screen = file, screen
        try:
            self._before = self._ours = bytes_of(file, STACK_FILE_BYTES)
        except FileRefusedError as error:
            raise CannotOperateError(f"{file.name} can't be read: {error}", "give a stack file") from error

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
