"""The Go programs of rehearsals and tests: each built once from a Go module of this project, then kept in the cache."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ENGINE_VERSION: Final = "v3.276.0"
BUILD_LIMIT_SECONDS: Final = 3600
_TOOLS: Final = Path(__file__).resolve().parent / "tools"


class ToolUnavailableError(Exception):
    """A program can be neither found in the cache nor built here; the message says why."""


def cache_directory() -> Path:
    """Folder where built programs are kept: `$XDG_CACHE_HOME/llm-platform`, else `~/.cache/llm-platform`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "llm-platform"


@dataclass(frozen=True)
class SourceEdit:
    """A change of a required module's source for one build: `before` must be in `file` of the module exactly once."""

    module: str
    file: str
    before: str
    after: str


@dataclass(frozen=True)
class Toolchain:
    """Programs of one Go module.

    `module` is the folder with go.mod and go.sum, `programs` maps the name of a program to its Go package, `.` for a
    `main` that lies in the folder itself. Whatever else is in the folder belongs to the programs. `experiments` are
    Go's own that the sources need (GOEXPERIMENT).
    """

    name: str
    module: Path
    programs: Mapping[str, str]
    linker_flags: str = ""
    tags: str = ""
    experiments: str = ""
    edits: tuple[SourceEdit, ...] = ()

    def key(self) -> str:
        """Key of a build: a change of the module's files, the linker flags, the tags or the edits gives another one."""
        digest = hashlib.sha256()
        parts = [
            (self.module / "go.mod").read_bytes(),
            (self.module / "go.sum").read_bytes(),
            self.linker_flags.encode(),
            *([self.tags.encode()] if self.tags else []),
            *([self.experiments.encode()] if self.experiments else []),
        ]
        for path in sorted(path for path in self.module.rglob("*") if path.is_file()):
            if path.name not in ("go.mod", "go.sum"):
                parts += [path.relative_to(self.module).as_posix().encode(), path.read_bytes()]
        parts += [repr(edit).encode() for edit in self.edits]
        for part in parts:
            digest.update(hashlib.sha256(part).digest())
        return digest.hexdigest()[:16]

    def cached(self, program: str) -> Path:
        """Where a program of this key lies, built or not. The Automation API wants its engine in a folder `bin`."""
        return cache_directory() / f"{self.name}-{self.key()}" / "bin" / program

    def binary(self, program: str) -> Path:
        """Path of a program, built on the first call.

        Raises:
            ToolUnavailableError: there is no `go` on PATH, or the build failed; the message carries its last lines.

        """
        target = self.cached(program)
        if target.exists():
            return target
        go = shutil.which("go")
        if go is None:
            raise ToolUnavailableError(f"{program} is not in the cache and there is no `go` on PATH to build it")
        target.parent.mkdir(parents=True, exist_ok=True)
        # Built beside the target and renamed, so that a broken or a second build never leaves half a program there.
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            fresh = Path(scratch) / program
            edited = [self._edited(go, Path(scratch))] if self.edits else []
            flags = [*edited, "-ldflags", self.linker_flags, *(["-tags", self.tags] if self.tags else [])]
            self._go(f"building {program}", [go, "build", *flags, "-o", str(fresh), self.programs[program]])
            fresh.replace(target)
        return target

    def _go(self, what: str, command: list[str]) -> str:
        experiments = {"GOEXPERIMENT": self.experiments} if self.experiments else {}
        done = subprocess.run(
            command, cwd=self.module, env={**os.environ, **experiments}, capture_output=True, text=True,
            timeout=BUILD_LIMIT_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise ToolUnavailableError(f"{what} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def _edited(self, go: str, scratch: Path) -> str:
        """Flag by which Go takes edited copies of modules; it refuses to replace single files of its cache."""
        copies: dict[str, Path] = {}
        for edit in self.edits:
            if edit.module not in copies:
                found = json.loads(self._go(f"loading {edit.module}", [go, "mod", "download", "-json", edit.module]))
                # Files in the cache are read-only: what is copied must not be.
                copies[edit.module] = scratch / str(len(copies))
                shutil.copytree(found["Dir"], copies[edit.module], copy_function=shutil.copyfile)
                for folder in (copies[edit.module], *copies[edit.module].rglob("*/")):
                    folder.chmod(0o755)
            path = copies[edit.module] / edit.file
            text = path.read_text(encoding="utf-8")
            if text.count(edit.before) != 1:
                raise ToolUnavailableError(f"{edit.module} {edit.file}: not there exactly once:\n{edit.before}")
            path.write_text(text.replace(edit.before, edit.after), encoding="utf-8")
        replaced = "".join(f"\nreplace {module} => {copy}\n" for module, copy in copies.items())
        (scratch / "go.mod").write_text((self.module / "go.mod").read_text() + replaced)
        shutil.copy(self.module / "go.sum", scratch / "go.sum")
        return f"-modfile={scratch / 'go.mod'}"


ENGINE: Final = Toolchain(
    name="pulumi",
    module=_TOOLS / "pulumi",
    programs={"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
    # Without the version the program prints none, and the Automation API refuses it.
    linker_flags=f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={ENGINE_VERSION}",
)
KUBERNETES: Final = Toolchain(
    name="kubernetes",
    module=_TOOLS / "kubernetes",
    programs={
        name: f"k8s.io/kubernetes/cmd/{name}"
        for name in ("kube-apiserver", "kube-scheduler", "kube-controller-manager")
    },
)
# A module of its own: etcd and Kubernetes ask for different versions of what they share.
ETCD: Final = Toolchain(
    name="etcd",
    module=_TOOLS / "etcd",
    programs={"etcd": "go.etcd.io/etcd/server/v3"},
)


def pulumi_binary() -> Path:
    """Path of the Pulumi engine, built on the first call (about 5 minutes on two cores, 160 MB).

    Raises:
        ToolUnavailableError: it can't be had here.

    """
    return ENGINE.binary("pulumi")


def build(chains: Iterable[Toolchain]) -> int:
    """Build what is missing. What can't be built is reported and counted."""
    failures = 0
    for chain in chains:
        for program in chain.programs:
            if not chain.cached(program).exists():
                sys.stderr.write(f"Building {program} (once, minutes) …\n")
            try:
                chain.binary(program)
            except ToolUnavailableError as error:
                failures += 1
                sys.stderr.write(f"{error}\n")
    return failures
