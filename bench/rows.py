"""One row of the bench's table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """The program's figure and, where there is one, the floor's; `kept`: whether the target is met, else None."""

    label: str
    ours: str
    floor: str = ""
    ratio: str = ""
    target: str = ""
    kept: bool | None = None
