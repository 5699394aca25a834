"""The Go programs that tests run against: those of rehearsals, and Prometheus' own."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import ENGINE, ETCD, KUBERNETES, Toolchain, build

# At the version of the chart kube-prometheus-stack. The second one prints the parts of expressions, by its parser.
PROMETHEUS: Final = Toolchain(
    name="prometheus",
    module=Path(__file__).resolve().parent / "alerts" / "tools",
    programs={"promtool": "github.com/prometheus/prometheus/cmd/promtool", "promql-parts": "."},
    # Without the clients of all clouds, which are most of the program and find no targets here.
    tags="remove_all_sd",
)

BASE: Final = (ENGINE, PROMETHEUS, ETCD, KUBERNETES)


if __name__ == "__main__":
    # Before tests share the machine; those of what can't be built here skip.
    build(BASE)
