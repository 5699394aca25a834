"""Every field of the Plan has a one-line description."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import planning.plan

MODULES = sorted(Path(planning.plan.__file__).parent.glob("*.py"))


def structs(path: Path) -> Iterator[ast.ClassDef]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Struct" for base in node.bases):
            yield node


def undescribed(struct: ast.ClassDef) -> Iterator[str]:
    """Fields without a one-line description."""
    for field, after in zip(struct.body, [*struct.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign):
            text = after.value if isinstance(after, ast.Expr) else None
            if not (isinstance(text, ast.Constant) and isinstance(text.value, str) and "\n" not in text.value):
                yield f"{struct.name}.{ast.unparse(field.target)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_every_field_is_described(path: Path) -> None:
    assert [field for struct in structs(path) for field in undescribed(struct)] == []


def test_the_plan_is_made_of_structs() -> None:
    """Guards the test above: it would pass on a Plan that it doesn't find."""
    assert {"Plan", "AzurePlan", "ModelPlan"} <= {struct.name for path in MODULES for struct in structs(path)}
