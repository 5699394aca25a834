"""The real Alertmanager and its tool, from their Go module, and the real Prometheus that sends it alerts."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import SourceEdit, Toolchain
from tests.oracles.usage_export.toolchain import PROMETHEUS_SERVER

__all__ = ["ALERTMANAGER", "PROMETHEUS_SERVER"]

_MODULE: Final = "github.com/prometheus/alertmanager"
# At the version of the chart kube-prometheus-stack 88.5.3. The module's archive lacks the files of the server's page:
# it is built without one, its API is complete.
ALERTMANAGER: Final = Toolchain(
    name="alertmanager",
    module=Path(__file__).resolve().parent / "tools",
    programs={"amtool": f"{_MODULE}/cmd/amtool", "alertmanager": f"{_MODULE}/cmd/alertmanager"},
    edits=(SourceEdit(_MODULE, "ui/web.go", "//go:embed app/dist\nvar asset", "var asset"),),
)
