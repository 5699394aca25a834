"""The page of Grafana's own components, bundled once from npm and kept in the cache."""

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from rehearsal.toolchain import ToolUnavailableError, cache_directory

_SOURCES: Final = Path(__file__).resolve().parent / "page"
_LIMIT_SECONDS: Final = 900
# What the dependencies of package.json's exact versions are: the newest that there were before this day, and a digest
# of each one's place, version and own digest. Who changes package.json writes a later day, and what the error names.
_BEFORE: Final = "2026-12-01"
_PACKAGES: Final = "a5ed2bca7ef44c788732e9a352009f6fe505e32c584b69b3762d7cc6065cb386"
_QUIETLY: Final = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def _key() -> str:
    digest = hashlib.sha256(f"{_BEFORE} {_PACKAGES}".encode())
    for path in sorted(path for path in _SOURCES.rglob("*") if path.is_file()):
        for part in (path.relative_to(_SOURCES).as_posix().encode(), path.read_bytes()):
            digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def _packages(lock: Path) -> str:
    """Digest of the packages that npm has chosen; the first one is the page itself."""
    chosen = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    lines = [f"{place} {one['version']} {one['integrity']}" for place, one in sorted(chosen.items()) if place]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def page() -> Path:
    """Folder of the page, bundled on the first call: scripts, fonts and icons (12 MB, of 500 MB of packages).

    Raises:
        ToolUnavailableError: there is no `npm`, a package can't be had, or is another one; the message says which.

    """
    target = cache_directory() / f"grafana-panels-{_key()}"
    if target.exists():
        return target
    if shutil.which("npm") is None:
        raise ToolUnavailableError("there is no `npm` on PATH, which brings Grafana's components")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Made beside the target and renamed, so that a broken or a second run never leaves half a page there.
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        work, fresh = Path(scratch) / "work", Path(scratch) / "page"
        shutil.copytree(_SOURCES, work)
        _run(work, "npm", "install", "--package-lock-only", f"--before={_BEFORE}", *_QUIETLY)
        if (found := _packages(work / "package-lock.json")) != _PACKAGES:
            raise ToolUnavailableError(f"npm has other packages than were tried: their digest is {found}")
        _run(work, "npm", "ci", *_QUIETLY)
        _run(work, "npm", "run", "--silent", "bundle", "--", f"--outdir={fresh}")
        modules = work / "node_modules"
        icons = modules / "@grafana" / "ui" / "dist" / "public" / "img" / "icons"
        shutil.copytree(icons, fresh / "public" / "build" / "img" / "icons")
        fonts = fresh / "public" / "fonts" / "inter"
        fonts.mkdir(parents=True)
        # As Grafana names them (packages/grafana-ui/src/themes/GlobalStyles/fonts.ts).
        for name, weight in (("Regular", 400), ("Medium", 500)):
            font = modules / "@fontsource" / "inter" / "files" / f"inter-latin-{weight}-normal.woff2"
            shutil.copyfile(font, fonts / f"Inter-{name}.woff2")
        fresh.rename(target)
    return target


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False)
    if done.returncode != 0:
        raise ToolUnavailableError(f"{' '.join(command[:2])} failed:\n{(done.stderr + done.stdout)[-2000:]}")
