"""The records of what Azure accepts as tags and names, where settings of the stack file could exceed it."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.decoding import Record


class TagLimit(Record, frozen=True):
    """What one kind of resource takes; lengths in characters."""

    kind: str
    most: int
    """Tags of one resource."""
    key: str | None
    """Regular expression of a key; None where the general one holds."""
    key_longest: int
    value_longest: int
    all_longest: int | None
    """All keys and values together; None where only each of them is limited."""


class Limits(Record, frozen=True):
    """Tags by the kind of resource, and words that Azure refuses."""

    tags: Mapping[str, TagLimit]
    reserved_tag_prefixes: tuple[str, ...]
    """Beginnings of keys that Azure keeps for itself, in any case of letters."""
    reserved_words: tuple[str, ...]
    """Refused anywhere in the name of a resource with a public host name."""
    reserved_first_words: tuple[str, ...]
    """Refused at the beginning of such a name."""
    blob_name_longest: int
    """Characters of a blob's name, folders included."""
    bytes_per_sample: tuple[int, int]
    """Bytes on Prometheus' disk for a sample: the least and the most on average."""
    authorized_ranges_most: int
    """Ranges that may be named as those which reach a public API server."""
    ranges_not_public: tuple[str, ...]
    """IPv4 ranges from which no request comes over the internet."""
    source: str
    as_of: str
