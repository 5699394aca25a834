"""How many names one expression of a route's match holds."""

from collections.abc import Iterable

# A header's expression has 4,096 characters in the Gateway API; some are for what follows the names.
_LONGEST = 4000


def expressions(names: Iterable[str]) -> list[tuple[str, ...]]:
    """The names in as many expressions as they need; a name counts twice, since each character may need a backslash."""
    parts: list[list[str]] = []
    length = 0
    for name in names:
        if not parts or length + 2 * len(name) + 1 > _LONGEST:
            parts.append([])
            length = 0
        parts[-1].append(name)
        length += 2 * len(name) + 1
    return [tuple(part) for part in parts]
