"""The real Loki, at the version of the catalog's image; and the collector that sends to it."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import Toolchain
from tests.oracles.log_collector.toolchain import COLLECTOR

__all__ = ["COLLECTOR", "LOKI"]
LOKI: Final = Toolchain(
    name="log-store",
    module=Path(__file__).resolve().parent / "tools",
    programs={"loki": "github.com/grafana/loki/v3/cmd/loki"},
    linker_flags="-s -w",
)
