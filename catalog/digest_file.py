"""Updates `digests.yaml`: new digests are added, those of tags that moved are reported, nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile

from msgspec import Struct

from catalog.supply_schema import Digest


class UnresolvedError(Exception):
    """A registry gave no digest for a reference; the message says why."""


Ask = Callable[[str], str]


class Resolved(Struct, frozen=True):
    """Digests after asking: all that are known now, and what happened to whom."""

    digests: Mapping[str, Digest]
    added: tuple[str, ...]
    moved: tuple[tuple[str, str, str], ...]
    """Reference, the known digest, and what the registry says now."""
    failed: tuple[tuple[str, str], ...]
    """Reference and reason."""


def resolved(
    known: Mapping[str, Digest], references: Iterable[str], ask: Ask, today: str, *, accept_moved: bool = False
) -> Resolved:
    """Ask for the digest of each reference; one that fails keeps what is known of it.

    A tag that moved keeps its known digest too, unless `accept_moved`: it may be a new build, or somebody else's.
    """
    digests = dict(known)
    added: list[str] = []
    moved: list[tuple[str, str, str]] = []
    failed: list[tuple[str, str]] = []
    for reference in dict.fromkeys(references):
        try:
            digest = ask(reference)
        except UnresolvedError as error:
            failed.append((reference, str(error)))
            continue
        before = known.get(reference)
        if before is not None and before.digest != digest:
            moved.append((reference, before.digest, digest))
        if before is None:
            added.append(reference)
        if before is None or before.digest == digest or accept_moved:
            digests[reference] = Digest(digest, today)
    return Resolved(digests, tuple(added), tuple(moved), tuple(failed))


def written(text: str, digests: Mapping[str, Digest]) -> str:
    """The text of the file with these entries, sorted; what comes before `entries` stays as it is, but for the date."""
    latest = max((known.as_of for known in digests.values()), default=None)
    before = [
        f'as_of: "{latest}"' if line.startswith("as_of:") and latest is not None else line
        for line in takewhile(lambda line: not line.startswith("entries:"), text.splitlines())
    ]
    return "\n".join([*before, "entries:" if digests else "entries: {}", *map(_line, sorted(digests.items()))]) + "\n"


def _line(entry: tuple[str, Digest]) -> str:
    reference, known = entry
    # JSON's strings are YAML's, and a reference has a colon in it.
    fields = {"digest": known.digest, "as_of": known.as_of, "source": known.source}
    return f"  {json.dumps(reference)}: {{{', '.join(f'{key}: {json.dumps(value)}' for key, value in fields.items())}}}"
