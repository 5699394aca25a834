"""The real rate-limit service and a counter of tokens, beside the gateway of the other tests."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import Toolchain
from tests.oracles.envoy_gateway.toolchain import ENVOY_GATEWAY

# At the version that Envoy Gateway 1.9.1 requires and installs (its go.mod; api/v1alpha1/shared_types.go).
RATE_LIMITS: Final = Toolchain(
    name="rate-limits",
    module=Path(__file__).resolve().parent / "tools",
    programs={"ratelimit": "github.com/envoyproxy/ratelimit/src/service_cmd", "token-counter": "."},
    linker_flags="-s -w",
)

GATEWAY: Final = ENVOY_GATEWAY
