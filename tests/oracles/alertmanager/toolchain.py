"""The real Alertmanager's own tool, from its Go module."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import Toolchain

# At the version of the chart kube-prometheus-stack 88.5.3. The server itself can't be built from the module, whose
# archive lacks the files of its page.
ALERTMANAGER: Final = Toolchain(
    name="alertmanager",
    module=Path(__file__).resolve().parent / "tools",
    programs={"amtool": "github.com/prometheus/alertmanager/cmd/amtool"},
)
