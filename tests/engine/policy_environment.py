"""What the real engine runs the policies with: the environment of `make policy`, and the program that starts a pack.

The engine's own plugin for Python can't be had as a Go module. A pack may be a program instead of a folder
(pkg/resource/plugin/analyzer_plugin.go, NewPolicyAnalyzer); this one is what the plugin runs: the SDK's own
`pulumi.policy`, with the folder.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

from rehearsal.toolchain import cache_directory
from tests.engine.platform_stacks import REPOSITORY

POLICIES = REPOSITORY / "policy"
_SETUP_SECONDS = 600


def environment() -> Path:
    """The Python with pulumi-policy, set up once for each content of its requirements and kept in the cache."""
    requirements = POLICIES / "requirements.txt"
    key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = cache_directory() / f"policy-{key}"
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, timeout=_SETUP_SECONDS)
        subprocess.run(
            [
                str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
                "-r", str(requirements),
            ],
            check=True, timeout=_SETUP_SECONDS,
        )  # fmt: skip
        (folder / "installed").touch()
    return python


def program(folder: Path) -> Path:
    """A program for `--policy-pack` that runs our policies."""
    script = folder / "policies"
    script.write_text(f'#!/bin/sh\nexec "{environment()}" -u -m pulumi.policy "$1" "{POLICIES}"\n', encoding="utf-8")
    script.chmod(0o755)
    return script
