"""Azurite, Microsoft's own emulator of Blob Storage: the system's, or its package put into the cache by npm."""

import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import requests

from rehearsal.control_plane import free_ports
from rehearsal.processes import GuardedProcess
from rehearsal.toolchain import ToolUnavailableError, cache_directory
from simulators.api_server.waiting import eventually

_VERSION: Final = "3.35.0"
_INSTALL_SECONDS: Final = 600
_START_SECONDS: Final = 60
# Its one account, which has this name everywhere.
ACCOUNT: Final = "devstoreaccount1"


def azurite_program() -> Path:
    """The emulator of blobs, downloaded on the first call (100 MB).

    Raises:
        ToolUnavailableError: it is neither there nor can it be had.

    """
    if found := shutil.which("azurite-blob"):
        return Path(found)
    root = cache_directory() / f"azurite-{_VERSION}"
    if not root.exists():
        if shutil.which("npm") is None:
            raise ToolUnavailableError("there is neither `azurite-blob` nor `npm` on PATH")
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
            command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"azurite@{_VERSION}"]
            done = subprocess.run(
                command, cwd=scratch, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
            )
            if done.returncode != 0:
                raise ToolUnavailableError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
            shutil.copytree(scratch, root, symlinks=True)
    return root / "node_modules" / ".bin" / "azurite-blob"


def certificate(directory: Path) -> Path:
    """A certificate of loopback with its key beside it, `tls.key`; without one Azurite takes no tokens."""
    if shutil.which("openssl") is None:
        raise ToolUnavailableError("there is no `openssl` on PATH")
    file = directory / "tls.crt"
    command = [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(directory / "tls.key"), "-out", str(file),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return file


@contextmanager
def azurite(directory: Path) -> Generator[tuple[str, Path]]:
    """URL of its account, and the certificate by which it is trusted.

    Raises:
        ToolUnavailableError: it is neither there nor can it be had.

    """
    program, trusted, (port,) = azurite_program(), certificate(directory), free_ports(1)
    command = [
        str(program), "--oauth", "basic", "--cert", str(trusted), "--key", str(directory / "tls.key"),
        "--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--disableTelemetry",
    ]  # fmt: skip
    process = GuardedProcess(command, directory / "azurite.log")
    url = f"https://127.0.0.1:{port}/{ACCOUNT}"
    try:
        eventually(lambda: _answers(url, trusted), "Azurite answers", timeout_seconds=_START_SECONDS)
        yield url, trusted
    finally:
        process.kill()


def _answers(url: str, trusted: Path) -> bool:
    try:
        requests.get(url, verify=str(trusted), timeout=1)
    except requests.RequestException:
        return False
    return True
