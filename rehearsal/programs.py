"""Whether the programs of a rehearsal are there, and how they come to be there: Go builds them once."""

import re
import shutil
from collections.abc import Callable
from typing import Final

from rehearsal.toolchain import ENGINE, ETCD, KUBERNETES, Toolchain, ToolUnavailableError, cache_directory

CHAINS: Final = (ENGINE, ETCD, KUBERNETES)
# On two cores, with nothing of Go's own cache.
BUILD_MINUTES: Final = 20
_GO: Final = re.compile(r"^go (\d+\.\d+)", re.MULTILINE)


def missing() -> list[tuple[Toolchain, str]]:
    """Programs that are still to be built."""
    return [(chain, name) for chain in CHAINS for name in chain.programs if not chain.cached(name).exists()]


def go_version() -> str:
    """The oldest version of Go that builds all of them."""
    found = [match[1] for chain in CHAINS if (match := _GO.search((chain.module / "go.mod").read_text()))]
    return max(found, key=lambda version: [int(part) for part in version.split(".")])


def build_missing(say: Callable[[str], object]) -> None:
    """Build what is missing, one after the other, each announced.

    Raises:
        ToolUnavailableError: there is no Go, or a build failed; the message says what to do.

    """
    todo = missing()
    if not todo:
        return
    names = ", ".join(name for _, name in todo)
    if shutil.which("go") is None:
        raise ToolUnavailableError(
            f"a rehearsal runs the real {names}, which Go builds once: install Go {go_version()} or newer "
            f"(https://go.dev/doc/install), so that `go version` works, and run the same again"
        )
    say(f"this needs Go once, about {BUILD_MINUTES} minutes on two cores: {names}, kept in {cache_directory()}")
    for chain, name in todo:
        say(f"building {name} …")
        chain.binary(name)
