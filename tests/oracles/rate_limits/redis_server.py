"""A real Redis: the system's own, or Debian's package unpacked into the cache without root's help."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from rehearsal.toolchain import ToolUnavailableError, cache_directory

_PACKAGES: Final = ("redis-server", "redis-tools", "libjemalloc2", "liblzf1")
_LIMIT_SECONDS: Final = 120


class Redis(NamedTuple):
    """The programs, and the environment that they need."""

    server: Path
    client: Path
    variables: Mapping[str, str]


def redis_programs() -> Redis:
    """Redis' server and client, downloaded on the first call (1.5 MB).

    Raises:
        ToolUnavailableError: neither the system nor its packages have them.

    """
    found = shutil.which("redis-server"), shutil.which("redis-cli")
    if found[0] and found[1]:
        return Redis(Path(found[0]), Path(found[1]), {})
    root = cache_directory() / "redis-debian"
    if not root.exists():
        _unpack(root)
    libraries = next((root / "usr" / "lib").glob("*-linux-gnu"))
    return Redis(
        root / "usr" / "bin" / "redis-server", root / "usr" / "bin" / "redis-cli", {"LD_LIBRARY_PATH": str(libraries)}
    )


def _unpack(root: Path) -> None:
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise ToolUnavailableError(f"there is neither `redis-server` nor `{program}` on PATH")
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        _run(scratch, "apt-get", "--quiet", "download", *_PACKAGES)
        fresh = Path(scratch) / "root"
        for package in sorted(Path(scratch).glob("*.deb")):
            _run(scratch, "dpkg-deb", "--extract", str(package), str(fresh))
        fresh.rename(root)


def _run(folder: str, *command: str) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_LIMIT_SECONDS,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        check=False,
    )
    if done.returncode != 0:
        raise ToolUnavailableError(f"{' '.join(command[:3])} failed:\n{done.stderr[-2000:]}")
