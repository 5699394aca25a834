"""Texts for findings: lists of names, and suggestions for misspelt names."""

from collections.abc import Iterable

# Shorter names are part of too many other names.
_SHORTEST_PART = 4
_MOST_SUGGESTIONS = 3


def listed(names: Iterable[object]) -> str:
    """Names as a sentence lists them."""
    return ", ".join(f"`{name}`" for name in names) or "none"


def closest(name: str | int, known: Iterable[str], *, most: int = 1) -> list[str]:
    """The known names that a misspelt one was most likely meant to be, at most `most`; empty where none is similar.

    Names that contain the misspelt one come first, upper and lower case count as the same.
    """
    wanted, folded = str(name).lower(), {known_name.lower(): known_name for known_name in sorted(known)}
    found = [candidate for candidate in folded if len(wanted) >= _SHORTEST_PART and wanted in candidate][:most]
    if not found:
        import difflib  # noqa: PLC0415 - a stack without mistakes doesn't need it

        found = difflib.get_close_matches(wanted, list(folded), n=most, cutoff=0.6)
    return [folded[candidate] for candidate in found]


def did_you_mean(name: str | int, known: Iterable[str], *, most: int = 1) -> str:
    """A question that names the closest known names; empty where none is similar."""
    found = closest(name, known, most=most)
    return f"did you mean {' or '.join(f'`{candidate}`' for candidate in found)}?" if found else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known names closest to a wrong one, as advice; the whole list where none is similar."""
    names = sorted(known)
    return did_you_mean(name, names, most=_MOST_SUGGESTIONS) or f"write one of {listed(names)}"
