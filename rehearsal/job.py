"""What one rehearsal is to do, as the command line gives it to the process that does it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Update(Struct, frozen=True):
    """One update: sections of the stack file by name, those that are read from other files included.

    `secrets` are names of encrypted settings. They get made-up values: the real ones are never read.
    """

    file: str
    sections: Mapping[str, Any]
    secrets: tuple[str, ...] = ()


class Job(Struct, frozen=True):
    """`updates` run one after the other, the last with the `fault`, if there is one.

    `directory` is empty and belongs to the rehearsal alone; `reference` holds the folders `arm`, `crds` and `charts`.
    `begun` is when the command began, by the machine's monotonic clock. With `stays` the process keeps everything
    running until it is ended from outside.
    """

    stack: str
    updates: tuple[Update, ...]
    directory: str
    reference: str
    begun: float
    fault: str = ""
    as_json: bool = False
    stays: bool = False
