"""The real Envoy Gateway, from its Go module. Its Envoy comes from PyPI: see `python_parts`."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain import SourceEdit, Toolchain

_OFFLINE: Final = "internal/provider/kubernetes/controller_offline.go"
# The store of the file provider records who owns which field, and for that it can't read a uint64, as the `number` of
# a cost is one: the whole program ends. In Kubernetes the API server keeps that record.
ENVOY_GATEWAY: Final = Toolchain(
    name="envoy-gateway",
    module=Path(__file__).resolve().parent / "tools",
    programs={"envoy-gateway": "github.com/envoyproxy/gateway/cmd/envoy-gateway"},
    # Without tables for debuggers: a fourth less of 240 MB.
    linker_flags="-s -w",
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
