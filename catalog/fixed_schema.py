"""The record of a property that Azure fixes once its resource exists."""

from __future__ import annotations

from typing import Literal

from catalog.decoding import Record


class FixedProperty(Record, frozen=True):
    """One property, and what a change of it does to a stack that is up."""

    name: str
    type: str
    """`module:Type` of the resource, as pulumi-azure-native names it."""
    paths: tuple[str, ...]
    """Places below the inputs, on the wire, such as `properties.softDeleteRetentionInDays`."""
    what: str
    """What is fixed, in words that can begin a sentence."""
    settings: tuple[str, ...]
    """Places in the stack file that decide it; empty where this program alone does."""
    allowed: Literal["nothing", "on"]
    """The change that Azure takes: none, or from off to on."""
    outcome: Literal["refused", "kept", "replaced"]
    """Azure refuses the update, ignores it, or the resource is deleted and made again."""
    instead: str
    """What to do."""
    source: str
    as_of: str
