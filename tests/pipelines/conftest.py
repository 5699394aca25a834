"""A checkout of this program for steps that need one."""

import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
_SHIPPED = ("Pulumi.yaml", "__main__.py", "requirements.txt")
_FOLDERS = (
    "catalog",
    "cli",
    "components",
    "config",
    "observability",
    "operate",
    "pipelines",
    "planning",
    "policy",
    "preview",
    "reading",
)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments], cwd=folder, check=True,
        capture_output=True,
    )  # fmt: skip


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with this program and its stacks on `main`; the branch `old` is without a stack."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in _FOLDERS:
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".venv"))
    for name in _SHIPPED:
        shutil.copyfile(REPOSITORY / name, folder / name)
    _git(folder, "init", "--quiet", "--initial-branch", "old")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "without a stack")
    _git(folder, "checkout", "--quiet", "-b", "main")
    for name in ("Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        text = (REPOSITORY / name).read_text(encoding="utf-8")
        if "login: workloadidentity" not in text:
            # What a pipeline needs (docs/pipelines.md); dev is shipped for a person.
            text = text.replace("llm-platform:cluster:\n", "llm-platform:cluster:\n    login: workloadidentity\n")
        (folder / name).write_text(text, encoding="utf-8")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "with stacks")
    return folder
