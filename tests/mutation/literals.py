"""Every literal of a file that a mutant changes, and the program with one of them changed.

A literal is a boolean, a number, a text that a machine reads (keys of mappings and names of resources included), a
member of an enum of Azure's, or the operator of a comparison. What only people read is none: docstrings, messages,
descriptions, summaries of alerts, outputs of components; nor are options such as `frozen`, or annotations, except those
of settings, which decide what a stack file may say.
"""

import ast
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.repository import ROOT

# Another value that the same field takes: harder to notice than a misspelt one.
_OPPOSITES = (
    ("Allow", "Deny"), ("Enabled", "Disabled"), ("Fail", "Ignore"), ("In", "NotIn"), ("Ingress", "Egress"),
    ("restricted", "baseline"), ("TCP", "UDP"), ("Tcp", "Udp"), ("critical", "warning"), ("error", "warning"),
    ("on-demand", "spot"), ("dev", "prod"), ("private", "authorized"), ("Free", "Standard"), ("true", "false"),
    ("Exists", "Equal"), ("ScheduleAnyway", "DoNotSchedule"), ("RuntimeDefault", "Unconfined"), ("min", "max"),
    ("Owner", "Orphan"), ("Terminate", "Passthrough"), ("OnFailure", "Never"), ("IfNotPresent", "Always"),
)  # fmt: skip
_OTHERS = {
    **dict(_OPPOSITES),
    **{right: left for left, right in _OPPOSITES},
    "privileged": "restricted", "Delete": "Deallocate", "Cordon": "Schedule", "NodeImage": "None", "Local": "Cluster",
    "AlwaysAllow": "IfHealthyBudget", "TLS1_2": "TLS1_0", "1.2": "1.0", "None": "None.", "ALL": "NET_RAW",
    "AverageValue": "Value", "ServicePrincipal": "User", "Premium": "Basic", "AzureServices": "None",
    "least-waste": "random", "LeastRequest": "RoundRobin", "Forbidden": "Invalid", "Managed": "Ephemeral",
    "userAssignedNATGateway": "loadBalancer", "cilium": "azure", "Spot": "Regular", "Regular": "Spot",
}  # fmt: skip
_MEMBERS = {
    "NONE": "BLOB", "STANDARD": "PREMIUM", "DENY": "ALLOW", "USER_ASSIGNED": "SYSTEM_ASSIGNED",
    "SYSTEM_ASSIGNED": "USER_ASSIGNED",
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
# Arguments and keys whose value only people read.
_FOR_PEOPLE = {
    "description", "message", "message_expression", "messageExpression", "summary", "help", "fix", "installHint",
    "prevents", "source", "title", "remedy", "example", "examples",
}  # fmt: skip
# Options that only guard the program against itself: no run of it differs without them. Of `zip` that is `strict` too;
# of a field it decides what a stack file may say.
_FOR_PROGRAMMERS = {"frozen", "kw_only", "slots"}
# Folders whose literals go into the graph as they are: invariants see them first.
IN_THE_GRAPH = ("components/", "observability/")
_SETTINGS = "config/"


class Mutant(NamedTuple):
    """One literal of a file, changed; `number` counts the literals of the file."""

    file: str
    number: int
    line: int
    inside: str
    kind: str
    change: str
    nth: int

    @property
    def id(self) -> str:
        """Stays when lines are added above; `nth` counts equal changes inside one function or class."""
        return f"{self.file} {self.inside} {self.change} {self.nth}"

    @property
    def order(self) -> bytes:
        """Draws samples: the same each time, and hardly another after an edit elsewhere."""
        return hashlib.sha256(self.id.encode()).digest()


class _Site(NamedTuple):
    node: ast.AST
    inside: str
    kind: str
    old: str
    new: str
    change: Callable[[], None]


def mutants(path: Path) -> list[Mutant]:
    """All mutants of a file, in the order of its literals."""
    file, seen, found = path.relative_to(ROOT).as_posix(), Counter[tuple[str, str]](), []
    for number, site in enumerate(_sites(_parsed(path), file)):
        change = f"{site.old} -> {site.new}"
        seen[site.inside, change] += 1
        line = getattr(site.node, "lineno", 0)
        found.append(Mutant(file, number, line, site.inside, site.kind, change, seen[site.inside, change]))
    return found


def mutated(mutant: Mutant) -> ast.Module:
    """The file's syntax tree with the one literal changed."""
    tree = _parsed(ROOT / mutant.file)
    list(_sites(tree, mutant.file))[mutant.number].change()
    return ast.fix_missing_locations(tree)


def marked(file: str, markers: dict[int, str]) -> ast.Module:
    """The file's syntax tree with markers at the end of texts, by the numbers of these."""
    tree = _parsed(ROOT / file)
    for number, site in enumerate(list(_sites(tree, file))):
        if number in markers and isinstance(site.node, ast.Constant):
            site.node.value = f"{site.node.value}{markers[number]}"
    return ast.fix_missing_locations(tree)


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _sites(tree: ast.Module, file: str) -> Iterator[_Site]:
    yield from _Reader(file, _for_people(tree)).read(tree, "")


def _for_people(tree: ast.Module) -> frozenset[str]:
    """Names of constants that are only the value of what people read, such as the source of a rule."""
    read = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg in _FOR_PEOPLE]
    used = Counter(node.id for value in read for node in ast.walk(value) if isinstance(node, ast.Name))
    everywhere = Counter(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    )
    return frozenset(name for name, count in used.items() if everywhere[name] == count)


class _Reader:
    """Walks a tree in the order of the source and leaves out what is no literal."""

    def __init__(self, file: str, for_people: frozenset[str]) -> None:
        self._for_people = for_people
        self._settings = file.startswith(_SETTINGS)
        self._in_the_graph = file.startswith(IN_THE_GRAPH)

    def read(self, node: ast.AST, inside: str) -> Iterator[_Site]:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if isinstance(node, ast.Assign) and all(getattr(name, "id", None) in self._for_people for name in node.targets):
            return
        if isinstance(node, ast.Raise | ast.Import | ast.ImportFrom | ast.Assert) or _is_for_types(node):
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inside = f"{inside}.{node.name}".lstrip(".")
        if isinstance(node, ast.Constant):
            yield from self._constant(node, inside)
        elif isinstance(node, ast.Compare):
            yield from _comparison(node, inside)
        elif isinstance(node, ast.Attribute) and self._in_the_graph and _is_member(node):
            yield _member(node, inside)
            return
        for child in self._children(node):
            yield from self.read(child, inside)

    def _children(self, node: ast.AST) -> Iterator[ast.AST]:
        match node:
            case ast.JoinedStr(values=values) if not self._in_the_graph and _has_space(node):
                yield from (part.value for part in values if isinstance(part, ast.FormattedValue))
            case ast.FormattedValue(value=value):
                yield value
            case ast.AnnAssign(annotation=annotation, value=value):
                yield from (part for part in (annotation if self._settings else None, value) if part is not None)
            case ast.arguments(defaults=defaults, kw_defaults=more):
                yield from (default for default in (*defaults, *more) if default is not None)
            case ast.FunctionDef(decorator_list=decorators, args=arguments, body=body):
                yield from (*decorators, arguments, *body)
            case ast.Call(func=ast.Attribute(attr="register_outputs")):
                pass
            case ast.Call(func=ast.Name(id="zip"), args=arguments):
                yield from arguments
            case ast.keyword(arg=name) if name in _FOR_PEOPLE | _FOR_PROGRAMMERS:
                pass
            case ast.Dict(keys=keys, values=values):
                yield from _of_mapping(keys, values)
            case _:
                yield from ast.iter_child_nodes(node)

    def _constant(self, node: ast.Constant, inside: str) -> Iterator[_Site]:
        value: Any = node.value
        if isinstance(value, bool):
            kind, new = "boolean", not value
        elif isinstance(value, int):
            kind, new = "number", value + 1
        elif isinstance(value, float):
            kind, new = "number", value * 2 or 1.0
        elif isinstance(value, str) and self._read_by_machines(value):
            kind, new = "text", _OTHERS.get(value, f"{value}-mutated" if value else "mutated")
        else:
            return
        yield _Site(node, inside, kind, _short(value), _short(new), lambda: setattr(node, "value", new))

    def _read_by_machines(self, text: str) -> bool:
        """Elsewhere than in what is built, a text with a space in it, or without a letter, is part of a sentence."""
        return self._in_the_graph or not text or (" " not in text and any(letter.isalnum() for letter in text))


def _is_for_types(node: ast.AST) -> bool:
    """`__all__`, and an alias such as `Severity = Literal[...]` or a `TypeVar`."""
    if not isinstance(node, ast.Assign):
        return False
    if any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets):
        return True
    value = node.value
    return isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name) and value.value.id == "Literal"


def _of_mapping(keys: list[ast.expr | None], values: list[ast.expr]) -> Iterator[ast.AST]:
    for key, value in zip(keys, values, strict=True):
        if key is not None:
            yield key
        if not (isinstance(key, ast.Constant) and key.value in _FOR_PEOPLE):
            yield value


def _has_space(node: ast.JoinedStr) -> bool:
    return any(isinstance(part, ast.Constant) and " " in str(part.value) for part in node.values)


def _comparison(node: ast.Compare, inside: str) -> Iterator[_Site]:
    for index, operator in enumerate(node.ops):
        other = _COMPARISONS[type(operator)]

        def change(index: int = index, other: type[ast.cmpop] = other) -> None:
            node.ops[index] = other()

        old, new = type(operator).__name__, other.__name__
        yield _Site(node, inside, "comparison", f"{ast.unparse(node)[:60]}: {old}", new, change)


def _is_member(node: ast.Attribute) -> bool:
    """A member of an enum of Azure's SDK, such as `storage.PublicAccess.NONE`."""
    return node.attr in _MEMBERS and isinstance(node.value, ast.Attribute) and node.value.attr[:1].isupper()


def _member(node: ast.Attribute, inside: str) -> _Site:
    new = _MEMBERS[node.attr]
    return _Site(node, inside, "enum", ast.unparse(node), new, lambda: setattr(node, "attr", new))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 90 else f"{text[:60]}…{hashlib.sha256(text.encode()).hexdigest()[:6]}"
