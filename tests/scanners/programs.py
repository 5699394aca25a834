"""The scanners: Python's from the environment that `make scan` sets up, Go's from modules of their own."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rehearsal.toolchain import Toolchain

_TOOLS: Final = Path(__file__).resolve().parent / "tools"
KUBECONFORM: Final = Toolchain(
    name="kubeconform",
    module=_TOOLS / "kubeconform",
    programs={"kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform"},
    linker_flags="-s -w",
)
GITLEAKS: Final = Toolchain(
    name="gitleaks",
    module=_TOOLS / "gitleaks",
    programs={"gitleaks": "github.com/zricethezav/gitleaks/v8"},
    linker_flags="-s -w",
)
ACTIONLINT: Final = Toolchain(
    name="actionlint",
    module=_TOOLS / "actionlint",
    programs={"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"},
    linker_flags="-s -w",
)
TRIVY: Final = Toolchain(
    name="trivy",
    module=_TOOLS / "trivy",
    programs={"trivy-config": "."},
    linker_flags="-s -w",
    experiments="jsonv2",
)
LIMIT_SECONDS: Final = 900


def environment() -> Path | None:
    """Folder of the environment of `requirements-scan.txt`; None outside `make scan`."""
    given = os.environ.get("SCAN_ENVIRONMENT")
    return Path(given) if given else None


def run(command: Sequence[str | Path], folder: Path, more: Mapping[str, str] = {}) -> str:
    """Standard output of a scanner, whose exit codes for findings are 0 and 1.

    Raises:
        AssertionError: it failed.
    """
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env={**os.environ, **more}, check=False, capture_output=True,
        text=True, timeout=LIMIT_SECONDS,
    )  # fmt: skip
    assert done.returncode in {0, 1}, f"{command[0]} ended with {done.returncode}\n{done.stderr[-3000:]}"
    return done.stdout
