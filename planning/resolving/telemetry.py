"""Traces as the stack file has them: where they go, and whose prompts they may hold."""

import ipaddress
from urllib.parse import urlsplit

from msgspec import Struct

from config.settings import Settings
from planning.resolving.resolution import Resolution

NAMESPACE = "llm-telemetry"
TEMPO_DAYS, TEMPO_GIB = 7, 32
# Images of the catalog that run only with traces, by what the stack file calls the store.
COLLECTOR_IMAGE = "telemetry-collector"
STORE_IMAGES = {"tempo": "tempo", "jaeger": "jaeger"}
_SCHEME_PORTS = {"https": 443, "http": 80}
# namespace and `svc` after the Service's name, with or without the cluster's domain.
_IN_CLUSTER = (".svc", ".svc.cluster.local")


class Endpoint(Struct, frozen=True):
    """An address of the stack file, taken apart."""

    scheme: str
    host: str
    port: int

    @property
    def namespace(self) -> str | None:
        """The namespace of a Service in the cluster; None for every other host."""
        for ending in _IN_CLUSTER:
            parts = self.host.removesuffix(ending).split(".")
            if self.host.endswith(ending) and len(parts) == 2:  # noqa: PLR2004  # name and namespace
                return parts[1]
        return None

    @property
    def is_address(self) -> bool:
        """Whether the host is an IPv4 address."""
        try:
            ipaddress.IPv4Address(self.host)
        except ValueError:
            return False
        return True


def endpoint_of(text: str) -> Endpoint:
    """Take an address apart that `config.telemetry` has accepted."""
    parts = urlsplit(text)
    return Endpoint(parts.scheme, parts.hostname or "", parts.port or _SCHEME_PORTS[parts.scheme])


def telemetry_namespaces(stack: Resolution) -> tuple[str, ...]:
    """The namespace of the collector, if there is one."""
    return () if stack.settings.observability.traces is None else (NAMESPACE,)


def unused_trace_images(settings: Settings) -> tuple[str, ...]:
    """Images of the catalog that a stack doesn't run, by their names there."""
    traces = settings.observability.traces
    if traces is None:
        return (COLLECTOR_IMAGE, *STORE_IMAGES.values())
    return tuple(image for backend, image in STORE_IMAGES.items() if backend != traces.backend)


def recorded_tenants(stack: Resolution) -> tuple[str, ...]:
    """Tenants whose prompts and answers traces hold: each has agreed, and the stack says so for all of them."""
    traces = stack.settings.observability.traces
    if traces is None or not traces.capture_prompts:
        return ()
    return tuple(sorted(tenant.name for tenant in stack.settings.tenants if tenant.record_prompts))
