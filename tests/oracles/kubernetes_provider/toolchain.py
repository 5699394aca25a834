"""The real Kubernetes provider of Pulumi, from its Go module."""

from pathlib import Path
from typing import Final

from tests.engine.toolchain import Toolchain

# The Python SDK's: the engine warns of a provider that says another one. The module's own version is in go.mod.
SDK_VERSION: Final = "4.34.2"
KUBERNETES_PROVIDER: Final = Toolchain(
    name="kubernetes-provider",
    module=Path(__file__).resolve().parent / "tools",
    programs={"pulumi-resource-kubernetes": "."},
    # Without tables for debuggers: a fourth less of 430 MB.
    linker_flags=f"-s -w -X main.version={SDK_VERSION}",
)
