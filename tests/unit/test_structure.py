"""Which folder may import which, and what components may not decide."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml

from config.platform import Platform

ROOT = Path(__file__).parents[2]
# Folder -> the repository's modules, and the resource SDKs, that its files may import. The longest matching folder
# counts. A module stands for everything below it.
PLAN = ("planning.plan", "pulumi", "pulumi_kubernetes")
# Planning goes one way, from the Plan's types to the decisions: each folder knows those before it.
PLANNING = (
    "plan", "gpus", "memory", "model_config", "vllm", "resolving", "placement", "money", "rules", "deciding",
    "upgrading",
)  # fmt: skip
MAY_IMPORT = {
    "advising": (
        "advising",
        "catalog",
        "config",
        "observability",
        "operate.stack_file",
        "planning",
        "preview.stack",
        "reading",
    ),
    "reading": ("reading",),
    "config": (
        "config",
        "pulumi",
        "reading",
    ),  # from_pulumi.py reads the stack's configuration; nothing there makes a resource
    "catalog": ("catalog", "reading"),
    **{
        f"planning/{folder}": (
            "catalog",
            "config",
            "planning.naming",
            "planning.yaml_text",
            "reading",
            *(f"planning.{known}" for known in PLANNING[: position + 1]),
        )
        for position, folder in enumerate(PLANNING)
    },
    "planning": ("catalog", "config", "planning", "reading"),
    "components": PLAN,
    "components/azure": (
        "components.azure",
        "components.foundation",
        "observability",
        "pulumi_azure_native",
        "pulumi_random",
        *PLAN,
    ),
    "components/cluster": ("components.cluster", "components.foundation", "observability", *PLAN),
    "components/serving": ("components.cluster", "components.foundation", "components.serving", *PLAN),
    "charge_back": ("charge_back",),
    "guardrails": ("guardrails",),
    "observability": ("grafana_foundation_sdk", "observability", "planning.plan"),
    "operate": ("catalog", "config", "operate", "planning", "preview", "pulumi", "reading"),
    "pipelines": ("cli", "config", "operate", "pipelines", "policy", "preview", "reading"),
    "policy": ("config", "policy", "pulumi_policy"),
    "preview": ("catalog", "config", "planning", "policy", "preview", "pulumi", "reading"),
    "preview/engine": ("preview.engine", "pulumi"),
    "rehearsal": (
        "catalog",
        "components.cluster.labels",
        "config",
        "planning",
        "preview",
        "pulumi",
        "reading",
        "rehearsal",
        "simulators",
    ),
    "cli": (
        "advising",
        "catalog",
        "cli",
        "config",
        "observability",
        "operate",
        "planning",
        "policy",
        "preview",
        "reading",
        "rehearsal",
    ),
}
# A package that is started by `python -m` is the command line under another name.
STARTED = ("catalog/__main__.py", "planning/__main__.py", "preview/__main__.py")
OURS = (
    "advising",
    "bench",
    "catalog",
    "charge_back",
    "cli",
    "components",
    "config",
    "guardrails",
    "observability",
    "operate",
    "pipelines",
    "planning",
    "policy",
    "preview",
    "reading",
    "rehearsal",
    "simulators",
    "tests",
)
ABOVE_THE_FOUNDATION = ("components/cluster", "components/serving")
A_CLOUD = ("azure", "aks", "entra")


def files(folder: str) -> list[Path]:
    """Files of a folder, and of those below it that the table doesn't name."""
    below = [ROOT / name for name in MAY_IMPORT if name.startswith(f"{folder}/")]
    return [
        path for path in sorted((ROOT / folder).rglob("*.py")) if not any(path.is_relative_to(inner) for inner in below)
    ]


COMPONENTS = [path for folder in MAY_IMPORT if folder.startswith("components") for path in files(folder)]
each_component = pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: str(path.relative_to(ROOT)))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Modules that a file imports; a name out of a package counts as its module."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (_module(str(node.module), alias.name) for alias in node.names)


def _module(package: str, name: str) -> str:
    """What `from package import name` imports: a module of that name, or something out of the package."""
    place = ROOT.joinpath(*package.split("."), name)
    return f"{package}.{name}" if place.is_dir() or place.with_suffix(".py").is_file() else package


def is_below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_what_is_allowed(folder: str) -> None:
    found = files(folder)
    assert found
    for path in found:
        if str(path.relative_to(ROOT)) in STARTED:
            continue
        for module in imports(path):
            ours = module.split(".")[0] in OURS or module.startswith("pulumi")
            assert not ours or any(is_below(module, allowed) for allowed in MAY_IMPORT[folder]), f"{path}: {module}"


def words(path: Path) -> Iterator[tuple[int, str]]:
    """Names and texts of a file with their lines, without its docstrings and comments."""
    module = tree(path)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(module):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield line, node.value
        for field in ("id", "attr", "name", "arg", "module"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                yield line, value


@pytest.mark.parametrize("folder", ABOVE_THE_FOUNDATION)
def test_nothing_above_the_foundation_names_a_cloud(folder: str) -> None:
    for path in files(folder):
        for line, word in words(path):
            assert not any(cloud in word.lower() for cloud in A_CLOUD), f"{path}:{line}: {word}"


@each_component
def test_no_component_reads_the_plan_of_another(path: Path) -> None:
    """A value that two components need is in the slice of each: `gateway.plan.namespace` would tie one to the other."""
    for node in ast.walk(tree(path)):
        assert not (isinstance(node, ast.Attribute) and node.attr == "plan"), f"{path}:{node.lineno}"
        assert not (isinstance(node, ast.AnnAssign) and ast.unparse(node.target) in {"plan", "self.plan"}), path


@each_component
def test_no_component_asks_which_environment_it_is_in(path: Path) -> None:
    """What differs between stacks is decided in the Plan, where rules see it."""
    environments = set(get_args(Platform.model_fields["environment"].annotation))
    assert environments
    for node in ast.walk(tree(path)):
        assert not (isinstance(node, ast.Attribute) and node.attr == "environment"), f"{path}:{node.lineno}"
        if isinstance(node, ast.Compare):
            values = [side.value for side in (node.left, *node.comparators) if isinstance(side, ast.Constant)]
            assert not environments & set(values), f"{path}:{node.lineno}"


def test_the_main_program_fits_on_a_page() -> None:
    lines = (ROOT / "__main__.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80
    statements = [type(node) for node in tree(ROOT / "__main__.py").body]
    assert not {ast.FunctionDef, ast.ClassDef} & set(statements), "helpers belong to components"


def test_no_file_is_longer_than_300_lines() -> None:
    long = [str(path.relative_to(ROOT)) for path in ours() if len(path.read_text(encoding="utf-8").splitlines()) > 300]
    assert long == []


def test_the_toolchain_of_the_program_is_named() -> None:
    """Pulumi would otherwise take the one whose lock file it finds."""
    runtime = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["runtime"]
    assert runtime["options"]["toolchain"] == "pip"
    assert [name for name in ("uv.lock", "poetry.lock") if (ROOT / name).exists()] == []


def test_no_page_is_longer_than_300_lines() -> None:
    # One line a rule, written by `make golden`: it is looked up, not read.
    generated = ROOT / "docs" / "rules.md"
    pages = [page for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if page != generated]
    long = [str(path.relative_to(ROOT)) for path in pages if len(path.read_text(encoding="utf-8").splitlines()) > 300]
    assert long == []


def ours() -> list[Path]:
    return [path for package in OURS for path in sorted((ROOT / package).rglob("*.py"))]


def test_imports_have_no_circle() -> None:
    """Importing any module first works; the table above forbids circles between folders, this one within them."""
    graph = {
        _module_of(path): {name for name in imports(path) if name.split(".")[0] in OURS}
        for path in ours()
        if not path.is_relative_to(ROOT / "tests") and not path.is_relative_to(ROOT / "bench")
    }
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join([*above[above.index(module) :], module])
        if module in done or module not in graph:
            return
        for imported in graph[module] - {module}:
            visit(imported, (*above, module))
        done.add(module)

    for module in graph:
        visit(module, ())


def _module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
