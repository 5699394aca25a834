"""How findings speak: lists, near misses and amounts."""

import difflib
from collections.abc import Iterable

_LISTED = 3
# Shorter pieces are parts of too many names.
_TELLING = 4


def listed(names: Iterable[object]) -> str:
    """Names as a sentence lists them."""
    return ", ".join(f"`{name}`" for name in names) or "none"


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name closest to a wrong one, as advice; the whole list where none is close."""
    names = sorted(known)
    folded = {one.lower(): one for one in names}
    close = [one for one in folded if len(name) >= _TELLING and name.lower() in one][:_LISTED]
    close = close or difflib.get_close_matches(name.lower(), list(folded), n=_LISTED, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(f'`{folded[one]}`' for one in close)}?"
    return f"write one of {listed(names)}"
