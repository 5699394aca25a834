"""The Pulumi engine as a program: built once from its Go module, then kept in the user's cache."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ENGINE_VERSION = "v3.259.0"
MODULE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
# Without the version the program prints none, and the Automation API refuses it.
LINKER_FLAGS = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={ENGINE_VERSION}"
TOOLS = Path(__file__).with_name("tools")
BUILD_LIMIT_SECONDS = 1800


class EngineUnavailableError(Exception):
    """The engine can be neither found in the cache nor built here; the message says why."""


def cache_directory() -> Path:
    """Folder where built engines are kept: `$XDG_CACHE_HOME/llm-platform`, else `~/.cache/llm-platform`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "llm-platform"


def cache_key(tools: Path = TOOLS) -> str:
    """Key of a build: a change of the module's requirements or of the linker flags gives another one."""
    digest = hashlib.sha256()
    for part in ((tools / "go.mod").read_bytes(), (tools / "go.sum").read_bytes(), LINKER_FLAGS.encode()):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def cached_binary(tools: Path = TOOLS) -> Path:
    """Where the engine of this key lies, built or not. The Automation API wants it in a folder `bin`."""
    return cache_directory() / f"pulumi-{cache_key(tools)}" / "bin" / "pulumi"


def pulumi_binary(tools: Path = TOOLS) -> Path:
    """Path of the engine's program, built on the first call (about 5 minutes on two cores, 160 MB).

    Raises:
        EngineUnavailableError: there is no `go` on PATH, or the build failed; the message carries its last lines.

    """
    target = cached_binary(tools)
    if target.exists():
        return target
    go = shutil.which("go")
    if go is None:
        raise EngineUnavailableError("the Pulumi engine is not in the cache and there is no `go` on PATH to build it")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Built beside the target and renamed, so that a broken or a second build never leaves half a program there.
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        fresh = Path(scratch) / "pulumi"
        build = subprocess.run(
            [go, "build", "-ldflags", LINKER_FLAGS, "-o", str(fresh), MODULE],
            cwd=tools,
            capture_output=True,
            text=True,
            timeout=BUILD_LIMIT_SECONDS,
            check=False,
        )
        if build.returncode != 0:
            raise EngineUnavailableError(f"building the Pulumi engine failed:\n{build.stderr[-2000:]}")
        fresh.replace(target)
    return target
