"""Settings of the export: a JSON file of the platform, mounted in the program's own folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from charge_back.records import Price


@dataclass(frozen=True)
class Settings:
    """Where usage is counted and kept."""

    servers: tuple[str, ...]
    """Addresses of the replicas of Prometheus, the preferred one first."""
    job: str
    """The job by which the proxies are scraped."""
    endpoint: str
    """The port of theirs, by its name, that has the counters."""
    container: str
    """URL of the container."""
    since: date
    """The first day that has a file."""
    keep_days: int
    """Days after which a file is deleted; older ones are not missed."""
    prices: Mapping[str, Price]
    """Prices by the name of the model."""


def read(file: Path) -> Settings:
    """Read the file; it is the platform's own."""
    values = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    return Settings(
        servers=tuple(values["servers"]),
        job=values["job"],
        endpoint=values["endpoint"],
        container=values["container"],
        since=date.fromisoformat(values["since"]),
        keep_days=values["keep_days"],
        prices={
            model: Price(*(Decimal(price[kind]) for kind in ("input", "cached", "output")))
            for model, price in values["prices"].items()
        },
    )
