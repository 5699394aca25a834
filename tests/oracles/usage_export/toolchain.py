"""The real Prometheus, from its Go module: alerts need its tool alone, which is a smaller program."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import Toolchain

# At the version of the chart kube-prometheus-stack 88.5.3, as tests/alerts/tools has it.
PROMETHEUS_SERVER: Final = Toolchain(
    name="prometheus-server",
    module=Path(__file__).resolve().parent / "tools",
    programs={"prometheus": "github.com/prometheus/prometheus/cmd/prometheus"},
    # Without the clients of all clouds.
    tags="remove_all_sd",
)
