"""The real Envoy Gateway, from its Go module. Its Envoy comes from PyPI: see `python_parts`."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import Toolchain

ENVOY_GATEWAY: Final = Toolchain(
    name="envoy-gateway",
    module=Path(__file__).resolve().parent / "tools",
    programs={"envoy-gateway": "github.com/envoyproxy/gateway/cmd/envoy-gateway"},
    # Without tables for debuggers: a fourth less of 240 MB.
    linker_flags="-s -w",
)
