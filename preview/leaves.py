"""What describes a component in the tree: lines, and where they come from."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from planning import Plan

# Resources below each top-level component of one kind, by its logical name.
Counts = Mapping[str, int]


class Leaf(Struct, frozen=True):
    """One line of the tree, with its number of resources where that is not the branch's own count."""

    text: str
    resources: int | None = None


class Description(Struct, frozen=True):
    """How one kind of component is described: the name of its branch, and its lines from the Plan."""

    name: str
    leaves: Callable[[Plan, Counts], tuple[Leaf, ...]]
