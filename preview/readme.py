"""Writes the command line's output into README.md, pages of docs/ and the picture, so that every example is current.

`python -m preview.readme` writes; a test compares.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.text import Text

from preview.report import WIDEST

ROOT = Path(__file__).resolve().parent.parent
# Each holds at least one place between `<!-- NAME -->` and `<!-- /NAME -->`.
PAGES = (ROOT / "README.md", ROOT / "docs" / "stack-file.md", ROOT / "docs" / "fit.md")
PICTURE = ROOT / "docs" / "preview-dev.svg"
# 2026-11-24: prices and support are judged by this day, or the page would change with the calendar.
_DAY = "1795478400"
# Four mistakes in the dev stack.
_BREAK = ("context: 32768\n      concurrency: 4", "context: 65536\n      concurency: 4")
_BREAK_ENGINE = ("enable-prefix-caching: true, reasoning-parser: qwen3", "swap-space: 4, max-model-lenn: 8192")
_FITS = (
    "--model Qwen/Qwen3-8B --gpu H100-NVL-94 --mig 3g.47gb --context 32768",
    "--model Qwen/Qwen3-32B --gpu A100-80 --context 40960",
    "--model meta-llama/Llama-3.3-70B-Instruct --gpu H100-NVL-94 --tensor-parallel 2 --kv-cache-dtype fp8",
)


@cache
def blocks() -> dict[str, str]:
    """The examples by the name of their place in a page."""
    return {
        "preview:dev": _console("preview", "dev"),
        "preview:broken": _broken(),
        "fit": "\n\n".join(map(_fit, _FITS)),
    }


def written(page: str) -> str:
    """A page with its examples as the command line prints them now."""
    for name, text in blocks().items():
        place = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.DOTALL)
        page = place.sub(lambda match, text=text: f"{match[1]}```console\n{text}\n```\n{match[2]}", page)
    return page


def picture() -> str:
    """The preview of the dev stack as SVG."""
    paper = Console(file=io.StringIO(), record=True, width=WIDEST + 2, force_terminal=True, highlight=False)
    paper.print(Text.from_ansi(_run("preview", "dev", FORCE_COLOR="1", COLORTERM="truecolor")))
    return paper.export_svg(title="make preview", unique_id="preview-dev")


def _console(*words: str) -> str:
    return f"$ .venv/bin/llm-platform {' '.join(words)}\n{_run(*words)}"


def _fit(question: str) -> str:
    return _console("fit", *question.split())


def _broken() -> str:
    text = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    for good, bad in (_BREAK, _BREAK_ENGINE):
        if good not in text:
            message = f"Pulumi.dev.yaml no longer holds {good!r}"
            raise ValueError(message)
        text = text.replace(good, bad)
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "broken.yaml").write_text(text, encoding="utf-8")
        printed = _run("preview", "dev", "--config", "broken.yaml", folder=Path(directory))
    return f"$ .venv/bin/llm-platform preview dev --config broken.yaml\n{printed}"


def _run(*words: str, folder: Path = ROOT, **more: str) -> str:
    """The output of a verb on a page 120 columns wide, whatever its exit code."""
    environment = {name: value for name, value in os.environ.items() if name not in {"FORCE_COLOR", "NO_COLOR", "TERM"}}
    done = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-m", "cli", *words], cwd=folder, capture_output=True, text=True, check=False,
        env={**environment, "COLUMNS": str(WIDEST), "SOURCE_DATE_EPOCH": _DAY, "PYTHONPATH": str(ROOT), **more},
    )  # fmt: skip
    return "\n".join(line.rstrip() for line in (done.stdout + done.stderr).strip().splitlines())


if __name__ == "__main__":
    for file in PAGES:
        file.write_text(written(file.read_text(encoding="utf-8")), encoding="utf-8")
    PICTURE.write_text(picture(), encoding="utf-8")
