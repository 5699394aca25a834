"""The real Prometheus, which answers the queries of dashboards, and Grafana's own types, which read the dashboards."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import Toolchain
from tests.oracles.usage_export.toolchain import PROMETHEUS_SERVER

__all__ = ["DASHBOARDS", "PROMETHEUS_SERVER"]

# Grafana's server is under the AGPL and not built here: the Go types of its SDK are made of the same schemas as the
# server's.
DASHBOARDS: Final = Toolchain(
    name="dashboards",
    module=Path(__file__).resolve().parent / "tools",
    programs={"dashboard-problems": "."},
)
