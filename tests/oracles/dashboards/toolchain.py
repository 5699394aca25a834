"""The real Prometheus, which answers the queries of dashboards, and Grafana's own types, which read the dashboards."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import Toolchain

# Prometheus at the version of the chart kube-prometheus-stack, without its page, whose files the module lacks, and
# without the clients of all clouds. Grafana's server is under the AGPL and not built here: the Go types of its SDK are
# made of the same schemas as the server's.
DASHBOARDS: Final = Toolchain(
    name="dashboards",
    module=Path(__file__).resolve().parent / "tools",
    programs={"prometheus": "github.com/prometheus/prometheus/cmd/prometheus", "dashboard-problems": "."},
    tags="remove_all_sd",
)
