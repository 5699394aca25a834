"""The record of the hosts from which a public hub serves models."""

from __future__ import annotations

from catalog.decoding import Record


class HubHosts(Record, frozen=True):
    """Every host that a download may ask, the hub's own first."""

    hosts: tuple[str, ...]
    source: str
    as_of: str
