"""Between them the trial stacks have every component: invariants, scanners and mutants see what each renders."""

import ast

from tests.graph.stacks import TRIALS, graph
from tests.repository import ROOT

_KIND = "llm-platform:components:"


def components() -> dict[str, list[str]]:
    """The types under which each class of `components/` registers itself."""
    return {
        defined.name: [
            node.value
            for node in ast.walk(defined)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(_KIND)
        ]
        for path in (ROOT / "components").rglob("*.py")
        for defined in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(defined, ast.ClassDef) and any("ComponentResource" in ast.unparse(base) for base in defined.bases)
    }


def test_every_component_is_in_a_trial_stack() -> None:
    seen = {resource.type for stack in TRIALS for resource in graph(stack)}
    assert {name: kinds for name, kinds in components().items() if not seen.issuperset(kinds)} == {}


def test_every_component_has_one_type() -> None:
    assert {name: kinds for name, kinds in components().items() if len(kinds) != 1} == {}
