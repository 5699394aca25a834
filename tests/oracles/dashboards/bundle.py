"""The page of Grafana's own components, bundled once from npm and kept in the cache."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from rehearsal.toolchain import ToolUnavailableError, cache_directory

_SOURCES: Final = Path(__file__).resolve().parent / "page"
_LIMIT_SECONDS: Final = 900


def _key() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in _SOURCES.rglob("*") if path.is_file()):
        for part in (path.relative_to(_SOURCES).as_posix().encode(), path.read_bytes()):
            digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def page() -> Path:
    """Folder of the page, bundled on the first call: scripts, fonts and icons (12 MB, of 500 MB of packages).

    Raises:
        ToolUnavailableError: there is no `npm`, or a package can't be had; the message carries its last lines.

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
        _run(work, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
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
