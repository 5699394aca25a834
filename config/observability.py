"""Observability: how long metrics are kept, when alerts fire, who is notified, and what is recorded."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.addresses import usable_host
from config.base import DiskGib, Flag, Requests, SecretName, Section, StandIn, pattern
from config.telemetry import Traces
from config.usage_export import UsageExport

# 1 to 65535.
_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
# One address, as mail servers take it: no display name, no list.
Address = Annotated[str, pattern(r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$", longest=254)]


def _mail_server(value: str) -> str:
    usable_host(value.rpartition(":")[0], "write the mail server's name and port, such as smtp.azurecomm.net:587")
    return value


class Alerts(Section):
    """Thresholds of the first alerts."""

    waiting_requests: Requests = Field(
        default=20,
        description="the number of requests, 1 to 1 million, waiting for a model over 5 minutes at which one fires",
    )
    first_token_seconds: Annotated[float, Field(gt=0, le=7200, strict=True, allow_inf_nan=False)] = Field(
        default=5.0,
        description="the 95th percentile of the time to the first token over 10 minutes, in seconds up to 7200",
    )


class Email(Section):
    """How e-mail about alerts is sent."""

    to: Annotated[
        tuple[Address, ...], Field(min_length=1, max_length=100), StandIn(["recovered@recovered.example"])
    ] = Field(description="a list of addresses, at least one, such as [on-call@acme.example]")
    sender: Annotated[Address, StandIn("recovered@recovered.example")] = Field(
        description="the address that it comes from, such as alerts@acme.example"
    )
    smarthost: Annotated[
        str,
        pattern(rf"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?:{_PORT}$", longest=260),
        AfterValidator(_mail_server),
        StandIn("recovered:587"),
    ] = Field(description="the mail server and its port, such as smtp.azurecomm.net:587; always over TLS")
    username: Annotated[str, pattern(r"^[!-~]+$", longest=320)] | None = Field(
        default=None, description="the name to sign in with; the password is the receiver's `secret`"
    )


class Receiver(Section):
    """Somebody who is notified when an alert fires."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", longest=40), StandIn("zz{index}")] = Field(
        description="the receiver's name: lower-case letters, digits and single dashes, 40 at most"
    )
    kind: Annotated[Literal["email", "slack", "teams", "pagerduty"], StandIn("slack")] = Field(
        description="`email`, `slack` or `teams` (an incoming webhook), or `pagerduty` (an Events API v2 integration)"
    )
    severity: Literal["critical", "warning", "info"] = Field(
        default="warning",
        description="the least urgent alerts that it gets: `critical`, `warning` (critical ones too) or `info` (all)",
    )
    secret: SecretName | None = Field(
        default=None,
        description="the name (not the value) of the vault's secret with the webhook's address, the integration key or "
        "the password: letters, digits and -",
    )
    email: Email | None = Field(
        default=None, description="for `email`: {to: […], sender: …, smarthost: host:587, username: …}"
    )


class Audit(Section):
    """What is recorded outside the cluster, in a Log Analytics workspace."""

    retention_days: Annotated[int, Field(ge=30, le=730, strict=True)] = Field(
        default=90, description="the days that records are kept, 30 to 730"
    )
    daily_gb: Annotated[int, Field(ge=1, le=10_000, strict=True)] | None = Field(
        default=None,
        description="the most that is recorded on a day, 1 to 10000 GB; what comes later is lost. Left out: no limit",
    )
    container_logs: Flag = Field(
        default=True,
        description="`true` (what the gateway and the models write to their logs is recorded too) or `false`",
    )
    defender: Flag = Field(
        default=False,
        description="`true` (Microsoft Defender's sensor on every node; the plan is the subscription's) or `false`",
    )


class Observability(Section):
    """Prometheus in the cluster, and what is recorded outside it."""

    retention_days: Annotated[int, Field(ge=1, le=3650, strict=True)] = Field(
        default=15, description="the days that metrics are kept, 1 to 3650"
    )
    storage_gib: DiskGib = Field(default=64, description="the disk of each Prometheus replica in whole GiB, 8 to 32767")
    replicas: Annotated[int, Field(ge=1, le=2, strict=True)] = Field(
        default=1, description="the number of Prometheus replicas, 1 or 2"
    )
    alerts: Alerts = Field(
        default_factory=Alerts, description="thresholds: {waiting_requests: 20, first_token_seconds: 5}"
    )
    receivers: tuple[Receiver, ...] = Field(
        default=(),
        max_length=100,
        description="a list of those who are notified of alerts: [{name: on-call, kind: pagerduty, secret: …}]",
    )
    audit: Audit | None = Field(
        default=None,
        description="what is recorded of API server, vault, store, registry, network and containers: "
        "{retention_days: 90, container_logs: true, defender: false}, or {} for these; left out: nothing",
    )
    traces: Traces | None = Field(
        default=None,
        description="where the way of each request is kept: {backend: tempo, sampling: 0.1}; left out: nowhere",
    )
    usage_export: UsageExport | None = Field(
        default=None,
        description="a file a day of what each tenant has used of each model, in the platform's storage: "
        "{keep_days: 400, readers: […], prices: […]}, or {} for these; left out: none",
    )
