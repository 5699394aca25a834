"""The real rate-limit service, a counter of tokens, and an Envoy Gateway whose file provider reads limits."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from rehearsal.toolchain import SourceEdit, Toolchain
from tests.oracles.envoy_gateway import toolchain as envoy_gateway

# At the version that Envoy Gateway 1.9.1 requires and installs (its go.mod; api/v1alpha1/shared_types.go).
RATE_LIMITS: Final = Toolchain(
    name="rate-limits",
    module=Path(__file__).resolve().parent / "tools",
    programs={"ratelimit": "github.com/envoyproxy/ratelimit/src/service_cmd", "token-counter": "."},
    linker_flags="-s -w",
)

_OFFLINE: Final = "internal/provider/kubernetes/controller_offline.go"
# The store of the file provider records who owns which field, and for that it can't read a uint64, as the `number` of
# a cost is one: the whole program ends. In Kubernetes the API server keeps that record.
LIMITING_GATEWAY: Final = replace(
    envoy_gateway.ENVOY_GATEWAY,
    name="limiting-gateway",
    edits=(
        SourceEdit(
            module="github.com/envoyproxy/gateway",
            file=_OFFLINE,
            before='import (\n\t"context"\n',
            after='import (\n\t"context"\n\t"k8s.io/apimachinery/pkg/runtime/serializer"\n'
            '\tkubetesting "k8s.io/client-go/testing"\n',
        ),
        SourceEdit(
            module="github.com/envoyproxy/gateway",
            file=_OFFLINE,
            before="\t\tWithScheme(scheme).\n",
            after="\t\tWithScheme(scheme).\n\t\tWithObjectTracker(kubetesting.NewObjectTracker(scheme, "
            "serializer.NewCodecFactory(scheme).UniversalDecoder())).\n",
        ),
    ),
)
