"""Simulators don't depend on this program's assumptions, so that they can prove them wrong."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SIMULATORS = REPOSITORY / "simulators"
MODULES = sorted(SIMULATORS.rglob("*.py"))
OWN = {path.name for path in REPOSITORY.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
# Facts of the world: VM sizes, MIG placements, what AKS reserves, which definitions a chart brings.
ALLOWED = {"simulators", "catalog"}


def imported(module: Path) -> Iterator[str]:
    """Top-level packages that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, module
            yield str(node.module).partition(".")[0]


def test_there_are_packages_that_a_simulator_must_not_import() -> None:
    assert {"planning", "components", "config", "preview", "tests"} <= OWN - ALLOWED


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SIMULATORS)))
def test_a_simulator_imports_nothing_of_the_program_but_the_catalog(module: Path) -> None:
    assert ({*imported(module)} & OWN) - ALLOWED == set()


def test_the_page_has_a_row_for_every_system() -> None:
    rows = [line.split("|")[1].strip() for line in (SIMULATORS / "README.md").read_text().splitlines() if "|" in line]
    systems = {path.parent.name for path in MODULES if path.parent != SIMULATORS}
    assert {row.strip("`/") for row in rows if row.startswith("`")} == systems


# A page, an issue, a file of a project; or after `Source:` a folder of a project or a file's name.
A_SOURCE = re.compile(
    r"https?://|\b[\w.-]+/[\w.-]+#\d+|\b[\w.-]+/[\w./-]+\.(go|py|proto|md|yaml)\b|\bAzure/[\w-]+"
    r"|Source: [^.]*([\w.-]+/[\w.-]+|`[^`]+\.(yaml|json)`|pulumi-azure-native \d)"
)


@pytest.mark.parametrize(
    "module",
    [path for path in MODULES if path.name != "__init__.py"],
    ids=lambda path: str(path.relative_to(SIMULATORS)),
)
def test_a_module_names_its_source_or_says_that_it_simulates_nothing(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    assert bool(A_SOURCE.search(docstring)) != ("A helper: it simulates nothing." in docstring), docstring
