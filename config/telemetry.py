"""Traces: which requests' way is kept, where, and for how long."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from config.addresses import usable_host
from config.base import DiskGib, Flag, SecretName, Section, SettingRefusedError, StandIn, pattern

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
    usable_host(parts.hostname or "", _WRITE)
    return value


class Traces(Section):
    """Where the trace of a request is kept: gateway, AI gateway and model under one id."""

    backend: Annotated[Literal["tempo", "jaeger", "otlp"], StandIn("tempo")] = Field(
        description="`tempo` (Grafana Tempo in the cluster, on a disk), `jaeger` (in the cluster, in memory: for "
        "development) or `otlp` (a server of your own that takes OTLP)"
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
    capture_prompts: Flag = Field(
        default=False,
        description="`true` where traces of tenants with `record_prompts` have their prompts and answers, or `false`",
    )

    @model_validator(mode="after")
    def _has_an_endpoint(self) -> "Traces":
        if self.backend == "otlp" and self.endpoint is None:
            raise SettingRefusedError("`otlp` without `endpoint`: there is nowhere to send traces", _WRITE)
        return self
