"""The real OpenTelemetry collector, built with exactly the components that the configuration for logs names."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import Toolchain

# At the version of the catalog's image.
COLLECTOR: Final = Toolchain(
    name="log-collector",
    module=Path(__file__).resolve().parent / "tools",
    programs={"otelcol": "."},
    linker_flags="-s -w",
)
