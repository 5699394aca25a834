"""A headless Chromium, spoken to by its DevTools protocol through two pipes: it opens no port."""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rehearsal.toolchain import ToolUnavailableError

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_ANSWER_SECONDS: Final = 60
# Lower numbers of open files are Chromium's.
_FREE: Final = 10
# As root there is no sandbox; nothing but pages of this project is opened. It asks nobody else for anything.
_FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--force-device-scale-factor=1", "--remote-debugging-pipe",
)  # fmt: skip


def chromium() -> Path:
    """The browser's program.

    Raises:
        ToolUnavailableError: there is none.

    """
    for name in _NAMES:
        if found := shutil.which(name):
            return Path(found)
    raise ToolUnavailableError("there is no `chromium` on PATH (Debian's package of this name)")


class Browser:
    """One page of it, and what its console complains of."""

    def __init__(self, writing: int, reading: int) -> None:
        """Speak through two ends of pipes."""
        self._writing, self._reading = writing, reading
        self._read, self._number, self._session = b"", 0, ""
        self.complaints: list[str] = []
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Runtime", "Log", "Page", "Network"):
            self._ask(f"{domain}.enable", {})

    def open(self, url: str, until: str, limit_seconds: float) -> Any:
        """Open a page, and return the value of an expression of its own as soon as it has one.

        Raises:
            TimeoutError: it has none in time; the message has what the console complained of.

        """
        self.complaints = []
        self._ask("Page.navigate", {"url": url})
        end = time.monotonic() + limit_seconds
        while time.monotonic() < end:
            time.sleep(0.2)
            answer = self._ask("Runtime.evaluate", {"expression": until, "returnByValue": True})
            if (value := answer["result"].get("value")) is not None:
                return value
        raise TimeoutError("\n".join(self.complaints) or f"no {until} at {url}")

    def resize(self, width: int, height: int) -> None:
        """Give the page a size in points."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", size)

    def picture(self, width: int, height: int) -> bytes:
        """The page's upper left part as PNG."""
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = {"format": "png", "clip": clip, "captureBeyondViewport": True}
        return base64.b64decode(self._ask("Page.captureScreenshot", shot)["data"])

    def _ask(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._notice(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            if not select.select([self._reading], [], [], _ANSWER_SECONDS)[0]:
                raise TimeoutError("Chromium does not answer")
            part = os.read(self._reading, 1 << 20)
            if not part:
                raise RuntimeError("Chromium ended")
            self._read += part
        message, _, self._read = self._read.partition(b"\0")
        return json.loads(message)

    def _notice(self, event: Mapping[str, Any]) -> None:
        """Keep errors and warnings, exceptions, and what could not be loaded."""
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(" ".join(str(part.get("value", part.get("description"))) for part in params["args"]))
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and (entry := params["entry"])["level"] in ("error", "warning"):
            self.complaints.append(f"{entry['text']} {entry.get('url', '')}")


@contextmanager
def browser(folder: Path) -> Generator[Browser]:
    """Chromium with a profile of its own in a folder.

    Raises:
        ToolUnavailableError: there is none.

    """
    program = chromium()
    from_us, our_writing = os.pipe()
    our_reading, to_us = os.pipe()
    # It reads at 3 and writes at 4: numbers that no other end has.
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, _FREE) for end in (from_us, to_us)]
    with (folder / "chromium.log").open("w") as log:
        places = ((log.fileno(), 1), (log.fileno(), 2), (ends[0], 3), (ends[1], 4))
        process = os.posix_spawn(
            program,
            [str(program), *_FLAGS, f"--user-data-dir={folder / 'profile'}"],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, ours, its) for ours, its in places],
        )
    for end in (from_us, to_us, *ends):
        os.close(end)
    try:
        yield Browser(our_writing, our_reading)
    finally:
        os.kill(process, signal.SIGTERM)
        os.waitpid(process, 0)
        os.close(our_writing)
        os.close(our_reading)
