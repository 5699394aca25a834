"""Traces: which requests' way is kept, where, and for how long."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from config.addresses import usable_host
from config.base import DiskGib, Flag, SecretName, Section, SettingRefusedError, StandIn, pattern

# https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-default-port
_GRPC_PORT = 4317
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SERVICE = re.compile(r"[.]svc([.]cluster[.]local)?[.]?$")
_NAME_AND_NAMESPACE = 2
_WRITE = "write an address such as https://traces.acme.example or http://traces.observability.svc:4318"


def _endpoint(value: str) -> str:
    parts = urlsplit(value)
    try:
        port = parts.port
    except ValueError as error:
        raise SettingRefusedError(f'"{value}" has a port that is not a number up to 65535', _WRITE) from error
    if parts.username is not None or parts.password is not None:
        raise SettingRefusedError("an address with a password in it", "name its secret as authorization_secret")
    if parts.query or parts.fragment:
        raise SettingRefusedError(f'"{value}" has more than a host and a path', _WRITE)
    if "$" in value:
        raise SettingRefusedError(f'"{value}" has a $, by which the collector would put something else in', _WRITE)
    if parts.path.rstrip("/").endswith("/v1/traces"):
        raise SettingRefusedError(f'"{value}" ends in /v1/traces, which is appended', "leave /v1/traces out")
    if port == 0:
        raise SettingRefusedError(f'"{value}" has port 0', _WRITE)
    if port == _GRPC_PORT:
        message = f'"{value}" has the port of OTLP over gRPC, and traces are sent over HTTP'
        raise SettingRefusedError(message, f"write the server's port for HTTP, as a rule {_GRPC_PORT + 1}")
    if parts.netloc.endswith(":") or "//" in parts.path or _BROKEN_ESCAPE.search(parts.path):
        raise SettingRefusedError(f'"{value}" is not a whole address', _WRITE)
    host = parts.hostname or ""
    usable_host(host, _WRITE)
    if (found := _SERVICE.search(host)) and len(host[: found.start()].split(".")) != _NAME_AND_NAMESPACE:
        raise SettingRefusedError(f'"{host}" is no Service, whose name has a namespace behind it', _WRITE)
    return value


def _backend(value: Any) -> Any:
    if value in ("application_insights", "azure_monitor"):
        raise SettingRefusedError(
            f'"{value}" is no backend: Azure asks for a token of Entra, which the collector has no way to renew',
            "write backend: otlp, with a collector of yours before Application Insights: docs/traces.md",
        )
    return value


class Traces(Section):
    """Where the trace of a request is kept: gateway, AI gateway and model under one id."""

    backend: Annotated[Literal["tempo", "jaeger", "otlp"], BeforeValidator(_backend), StandIn("tempo")] = Field(
        description="`tempo` (Grafana Tempo in the cluster, on a disk), `jaeger` (in the cluster, in memory: for "
        "development) or `otlp` (a server of your own that takes OTLP, such as a collector before "
        "Application Insights)"
    )
    sampling: Annotated[float, Field(ge=0.001, le=1, strict=True, allow_inf_nan=False)] = Field(
        default=0.1, description="the part of requests whose traces are kept, 0.001 to 1"
    )
    endpoint: Annotated[str, pattern(r"^https?://[!-~]+$", longest=300), AfterValidator(_endpoint)] | None = Field(
        default=None,
        description="with `otlp` only: the server's address for OTLP over HTTP, https:// outside the cluster, such as "
        "https://traces.acme.example; /v1/traces is appended",
    )
    authorization_secret: SecretName | None = Field(
        default=None,
        description="with `otlp` only: the name (not the value) of a secret of the vault with the header "
        "`authorization`, such as `Bearer …`: letters, digits, dashes",
    )
    retention_days: Annotated[int, Field(ge=1, le=365, strict=True)] | None = Field(
        default=None, description="with `tempo` only: the days that traces are kept, 1 to 365; without it 7"
    )
    storage_gib: DiskGib | None = Field(
        default=None, description="with `tempo` only: its disk in whole GiB, 8 to 32767; without it 32"
    )
    daily_gib: Annotated[float, Field(gt=0, le=10_000, strict=True, allow_inf_nan=False)] | None = Field(
        default=None,
        description="with `tempo` only: what traces take on the disk in a day, measured or expected, in GiB up to "
        "10000: a disk that can't hold `retention_days` of it is refused",
    )
    capture_prompts: Flag = Field(
        default=False,
        description="`true` where traces of tenants with `record_prompts` have their prompts and answers, or `false`",
    )

    @model_validator(mode="after")
    def _has_an_endpoint(self) -> "Traces":
        if self.backend == "otlp" and self.endpoint is None:
            raise SettingRefusedError("`otlp` without `endpoint`: there is nowhere to send traces", _WRITE)
        return self
