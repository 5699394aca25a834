"""The real KEDA: operator, metrics adapter and admission webhooks, from its Go module."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import Toolchain

_PACKAGES: Final = "github.com/kedacore/keda/v2/cmd"
KEDA: Final = Toolchain(
    name="keda",
    module=Path(__file__).resolve().parent / "tools",
    # The name of the first becomes its field manager, so it has that of the image.
    programs={
        "keda": f"{_PACKAGES}/operator",
        "keda-adapter": f"{_PACKAGES}/adapter",
        "keda-admission-webhooks": f"{_PACKAGES}/webhooks",
    },
)
