"""The resource tree: one branch per kind of top-level component, with what it is in one line and how much is in it."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.text import Text

from planning import Plan
from preview.describe import DESCRIPTIONS, Leaf
from preview.formats import plural, whole

# A stack may serve hundreds of models; past this a list no longer tells anything that its length doesn't.
MOST_LEAVES = 12
_NARROWEST_TEXT = 24
_STACK = "stack"


class Registered(Protocol):
    """What the tree needs to know of a resource."""

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


@dataclass(frozen=True, slots=True)
class Branch:
    """All top-level components of one kind; `resources` counts these and everything below them."""

    name: str
    leaves: tuple[Leaf, ...]
    resources: int


def branches(resources: Sequence[Registered], plan: Plan) -> tuple[Branch, ...]:
    """Group a graph, in the order of the architecture; kinds without a description of their own come last.

    The counts add up to the number of resources, components included, which is what `pulumi preview` counts too.
    """
    tops = _tops(resources)
    kinds: dict[str, list[Registered]] = {}
    for resource in resources:
        if tops.get(resource.urn) == resource.urn:
            kinds.setdefault(resource.type.rpartition(":")[2], []).append(resource)
    sizes = Counter(tops.values())
    below: dict[str, Counter[str]] = {}
    for resource in resources:
        top = tops.get(resource.urn)
        if top is not None and top != resource.urn:
            below.setdefault(top, Counter())[resource.type.rpartition(":")[2]] += 1
    known = [kind for kind in DESCRIPTIONS if kind in kinds]
    roots = [resource for resource in resources if resource.parent is None]
    found = [
        Branch(_STACK, (Leaf(", ".join(sorted(root.name for root in roots))),), len(roots)) if roots else None,
    ]
    for kind in [*known, *sorted(set(kinds) - set(known))]:
        counts = {top.name: sizes[top.urn] for top in kinds[kind]}
        description = DESCRIPTIONS.get(kind)
        name = description.name if description else kind
        leaves = description.leaves(plan, counts) if description else _unplanned(kinds[kind], below)
        found.append(Branch(name, leaves, sum(counts.values())))
    return tuple(branch for branch in found if branch is not None)


def lines(found: Sequence[Branch], width: int) -> list[Text]:
    """The tree as lines of at most `width` columns; long descriptions go on below their beginning."""
    indent = max((len(branch.name) for branch in found), default=0) + 2
    text_width = max(_NARROWEST_TEXT, width - indent - 3 - 7)
    drawn = []
    for index, branch in enumerate(found):
        last = index == len(found) - 1
        first, *rest = branch.leaves or (Leaf(""),)
        name = branch.name
        drawn += _row("└─ " if last else "├─ ", name, first.text, branch.resources, (indent, text_width), last=last)
        shown = rest if len(rest) <= MOST_LEAVES else rest[:MOST_LEAVES]
        for leaf in shown:
            drawn += _row("   " if last else "│  ", "", leaf.text, leaf.resources, (indent, text_width), last=last)
        if len(rest) > len(shown):
            more = f"… and {whole(len(rest) - len(shown))} more"
            drawn += _row("   " if last else "│  ", "", more, None, (indent, text_width), last=last)
    return drawn


def _row(
    guide: str, name: str, text: str, count: int | None, widths: tuple[int, int], *, last: bool
) -> Iterable[Text]:
    indent, text_width = widths
    pieces = textwrap.wrap(text, text_width, subsequent_indent="  ", break_on_hyphens=False) or [""]
    number = "" if count is None else whole(count)
    head = Text.assemble((guide, "guide"), (name.ljust(indent), "name"), pieces[0])
    head.append((" " * max(1, indent + 3 + text_width + 7 - head.cell_len - len(number))) + number, "count")
    yield head if number else Text.assemble((guide, "guide"), (name.ljust(indent), "name"), pieces[0])
    for piece in pieces[1:]:
        yield Text.assemble(("   " if last else "│  ", "guide"), " " * indent, piece)


def _tops(resources: Iterable[Registered]) -> dict[str, str]:
    """The top-level ancestor of every resource but the stack, which is nobody's."""
    parents = {resource.urn: resource.parent for resource in resources}
    tops: dict[str, str] = {}
    for urn in parents:
        way = []
        here = urn
        while here not in tops:
            above = parents.get(here)
            if above is None:
                break
            way.append(here)
            if parents.get(above) is None:
                tops[here] = here
                break
            here = above
        for step in way:
            tops[step] = tops[here]
    return tops


def _unplanned(tops: Sequence[Registered], below: Mapping[str, Counter[str]]) -> tuple[Leaf, ...]:
    return tuple(
        Leaf(f"{top.name}: {_kinds(below[top.urn])}" if top.urn in below else top.name, None) for top in tops
    )


def _kinds(counts: Counter[str]) -> str:
    return ", ".join(plural(counts[kind], kind) for kind in sorted(counts))
