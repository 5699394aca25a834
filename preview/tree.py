"""The resource tree: one branch per kind of top-level component, with its description and its number of resources."""

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct
from rich.text import Text

from planning import Plan
from preview.describe import DESCRIPTIONS
from preview.formats import TIMES, plural, whole
from preview.leaves import Leaf

# A stack may serve hundreds of models; beyond this only their number is shown.
MOST_LEAVES = 12
_NARROWEST_TEXT = 24
_STACK = "stack"
_GUIDE = len("├─ ")
_NO_BREAK = "\N{NO-BREAK SPACE}"


class Registered(Protocol):
    """What the tree reads of a resource."""

    @property
    def urn(self) -> str:
        """Its URN."""
        ...

    @property
    def type(self) -> str:
        """Its type token."""
        ...

    @property
    def name(self) -> str:
        """Its logical name."""
        ...

    @property
    def parent(self) -> str | None:
        """URN of its parent; None for the stack itself."""
        ...


class Branch(Struct, frozen=True):
    """All top-level components of one kind; `resources` counts these and everything below them."""

    name: str
    leaves: tuple[Leaf, ...]
    resources: int


def branches(resources: Sequence[Registered], plan: Plan) -> tuple[Branch, ...]:
    """Group a graph, in the order of the architecture; kinds without a description of their own come last.

    The counts add up to the number of resources, components included, which is what `pulumi preview` counts too.
    """
    tops = _tops(resources)
    sizes = Counter(tops.values())
    kinds: dict[str, list[Registered]] = defaultdict(list)
    below: dict[str, Counter[str]] = defaultdict(Counter)
    for resource in resources:
        kind = resource.type.rpartition(":")[2]
        top = tops.get(resource.urn)
        if top == resource.urn:
            kinds[kind].append(resource)
        elif top is not None:
            below[top][kind] += 1
    roots = sorted(resource.name for resource in resources if resource.parent is None)
    found = [Branch(_STACK, (Leaf(", ".join(roots)),), len(roots))]
    for kind in [*(kind for kind in DESCRIPTIONS if kind in kinds), *sorted(set(kinds) - set(DESCRIPTIONS))]:
        counts = {top.name: sizes[top.urn] for top in kinds[kind]}
        description = DESCRIPTIONS.get(kind)
        if description is None:
            leaves = tuple(_undescribed(top, below[top.urn]) for top in kinds[kind])
            found.append(Branch(kind, leaves, sum(counts.values())))
        else:
            found.append(Branch(description.name, description.leaves(plan, counts), sum(counts.values())))
    return tuple(found)


def lines(found: Sequence[Branch], width: int) -> list[Text]:
    """The tree as lines of at most `width` columns; long descriptions continue below their beginning."""
    columns = _Columns.fitting(found, width)
    drawn: list[Text] = []
    for branch in found:
        last = branch is found[-1]
        first, *rest = branch.leaves or (Leaf(""),)
        guides = ("└─ ", "   ") if last else ("├─ ", "│  ")
        drawn += _row(guides, branch.name, Leaf(first.text, branch.resources), columns)
        below = (guides[1], guides[1])
        for leaf in rest[:MOST_LEAVES]:
            drawn += _row(below, "", leaf, columns)
        if len(rest) > MOST_LEAVES:
            drawn += _row(below, "", Leaf(f"… and {whole(len(rest) - MOST_LEAVES)} more"), columns)
    return drawn


class _Columns(Struct, frozen=True):
    """Widths of the columns after the guides: names, descriptions, counts."""

    name: int
    text: int
    count: int

    @classmethod
    def fitting(cls, found: Sequence[Branch], width: int) -> "_Columns":
        name = max((len(branch.name) for branch in found), default=0) + 2
        count = max((len(whole(branch.resources)) for branch in found), default=0) + 2
        return cls(name, max(_NARROWEST_TEXT, width - _GUIDE - name - count), count)


def _row(guides: tuple[str, str], name: str, leaf: Leaf, columns: _Columns) -> Iterable[Text]:
    kept = leaf.text.replace(f" {TIMES} ", f"{_NO_BREAK}{TIMES}{_NO_BREAK}")
    wrapped = textwrap.wrap(kept, columns.text, subsequent_indent="  ", break_on_hyphens=False) or [""]
    first, *rest = (piece.replace(_NO_BREAK, " ") for piece in wrapped)
    count = "" if leaf.resources is None else whole(leaf.resources).rjust(columns.count)
    yield Text.assemble(
        (guides[0], "guide"), (name.ljust(columns.name), "name"), first.ljust(columns.text), (count, "count")
    )
    for piece in rest:
        yield Text.assemble((guides[1], "guide"), " " * columns.name, piece)


def _tops(resources: Iterable[Registered]) -> dict[str, str]:
    """The top-level ancestor of every resource except the stack, which has none."""
    parents = {resource.urn: resource.parent for resource in resources}
    tops = {}
    for urn, parent in parents.items():
        top, above = urn, parent
        while above is not None and parents.get(above) is not None:
            top, above = above, parents[above]
        if above is not None:
            tops[urn] = top
    return tops


def _undescribed(top: Registered, below: Counter[str]) -> Leaf:
    kinds = ", ".join(plural(below[kind], kind) for kind in sorted(below))
    return Leaf(f"{top.name}: {kinds}" if kinds else top.name)
