"""One line of the bench's table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """Our figure and, where there is one, the floor's; `kept` is whether the target is reached, None without."""

    label: str
    ours: str
    floor: str = ""
    ratio: str = ""
    target: str = ""
    kept: bool | None = None
