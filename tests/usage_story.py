"""A story of usage: what Prometheus has, and the files that the export must make of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from charge_back.records import COLUMNS, Price
from tests.usage_history import Replica

# The last day of a month, and the first of the next.
LAST: Final = date(2026, 10, 31)
FIRST: Final = date(2026, 11, 1)
HEADING: Final = ",".join(COLUMNS)


def file_of(day: date) -> str:
    return f"{day:%Y/%m/%d}.csv"


def lines(day: date, *rows: str) -> str:
    """The file of a day: its heading, and `tenant,model,requests,failed,input,cached,output,charge` of each row."""
    return "".join(f"{line}\n" for line in (HEADING, *(f"{day.isoformat()},{row}" for row in rows)))


@dataclass(frozen=True)
class Story:
    """What Prometheus has when the export runs in the night after `until`, and what is in the container then."""

    replicas: Sequence[Replica]
    files: Mapping[str, str]
    until: date = FIRST
    there: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    notes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    wrong: Sequence[str] = ()
    since: date = FIRST
    keep_days: int = 400

    @property
    def now(self) -> datetime:
        """Twenty minutes after midnight."""
        return datetime(self.until.year, self.until.month, self.until.day, tzinfo=UTC) + timedelta(days=1, minutes=20)
