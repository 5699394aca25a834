"""The comment on a pull request: a stack as it would be, against the stack on the branch that it is merged into."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from preview.markdown import marker

ROOT = Path(__file__).resolve().parent.parent
FINE, INTERNAL_ERROR, VIOLATED = 0, 1, 3
_SECONDS = 900
# Characters of an error that are shown.
_MOST = 4000


def compare(stack: str, base: str, root: Path = ROOT) -> tuple[int, str]:
    """The preview's exit code and the comment.

    The base is previewed by its own program, with the packages that are installed here. Where that gives no preview, as
    for a stack that is new, the comment compares with nothing and says why.
    """
    with tempfile.TemporaryDirectory(prefix="base-") as folder:
        tree, earlier = Path(folder) / "tree", Path(folder) / "base.json"
        why = _preview_of(stack, base, tree, earlier, root)
        against = [] if why else ["--against", str(earlier)]
        done = _run([sys.executable, "-m", "cli", "preview", stack, "--markdown", *against], root)
    if done.returncode == INTERNAL_ERROR or not done.stdout:
        return (
            INTERNAL_ERROR,
            f"{marker(stack)}\nThe preview of `{stack}` failed:\n\n```\n{done.stderr[-_MOST:]}\n```\n",
        )
    note = f"\nCompared with nothing: {why}\n" if why else ""
    return done.returncode, done.stdout + note


def _preview_of(stack: str, base: str, tree: Path, file: Path, root: Path) -> str | None:
    """Write the preview of a stack on another commit; returns why there is none."""
    made = _run(["git", "worktree", "add", "--detach", "--force", str(tree), base], root)
    if made.returncode:
        return f"`{base}` is not in this checkout (it needs the whole history: fetch-depth 0)"
    try:
        if not (tree / f"Pulumi.{stack}.yaml").is_file():
            return f"`{base}` has no stack `{stack}`"
        done = _run([sys.executable, "-m", "cli", "preview", stack, "--json", str(file)], tree)
        if done.returncode in (FINE, VIOLATED) and file.is_file():
            return None
        return f"on `{base}` the stack is rejected, or its program needs other packages (exit code {done.returncode})"
    finally:
        _run(["git", "worktree", "remove", "--force", str(tree)], root)


def _run(command: Sequence[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS)
