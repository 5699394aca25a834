"""Turns the output of `az vm list-usage --location REGION --output json` into a stack file's `quota` section."""

import json
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from reading.texts import json_of

# The quotas of no VM family: all on-demand cores of the region, all spot cores.
TOTALS = ("cores", "lowPriorityCores")


class NoUsageError(ValueError):
    """The text is not what `az vm list-usage --output json` prints; the message says why."""


class Usage(Struct, frozen=True):
    """One quota: cores that may be used, and those that are in use."""

    name: str
    limit: int
    used: int


def usages(text: str, families: Iterable[str]) -> tuple[Usage, ...]:
    """The quotas of the given VM families, under the names given, and those of all cores, by name.

    Azure's spelling of a family differs in upper and lower case from one API to the next.

    Raises:
        NoUsageError: it is not such a list.
    """
    try:
        listed = json_of(text)
    except ValueError as error:
        raise NoUsageError(f"it is not JSON: {error}") from error
    if not isinstance(listed, list):
        raise NoUsageError("it is not a list of quotas")
    spelled = {name.casefold(): name for name in (*families, *TOTALS)}
    found = {}
    for entry in listed:
        usage = _usage(entry)
        name = spelled.get(usage.name.casefold())
        if name is not None and usage.limit >= 0:
            found[name] = Usage(name, usage.limit, usage.used)
    return tuple(found[name] for name in sorted(found))


def section(found: Iterable[Usage]) -> str:
    """YAML to be put below `config:` of a stack file; the current use is a comment."""
    lines = [f"    {usage.name}: {usage.limit}  # {usage.used} in use" for usage in found]
    return "\n".join(["  llm-platform:quota:", *lines]) + "\n"


def _usage(entry: Any) -> Usage:
    try:
        return Usage(str(entry["name"]["value"]), int(entry["limit"]), int(entry["currentValue"]))
    except (KeyError, TypeError, ValueError) as error:
        raise NoUsageError(f"an entry lacks name.value, limit or currentValue: {json.dumps(entry)[:80]}") from error
