"""The real OpenTelemetry collector, built with exactly the components that the platform's configurations name."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import Toolchain

# At the version of the catalog's image. The exporter to Application Insights is not in it: its module can't be had.
COLLECTOR: Final = Toolchain(
    name="telemetry-collector",
    module=Path(__file__).resolve().parent / "tools",
    programs={"otelcol": "."},
    linker_flags="-s -w",
)
