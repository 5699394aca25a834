"""Receivers: who is notified of which alerts, and which service is called as long as alerting works."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.addresses import usable_host
from config.base import SecretName, Section, SettingRefusedError, StandIn, pattern

# 1 to 65535.
_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
# Names that Kubernetes gives to Services: the network policy of Alertmanager opens addresses outside alone.
_IN_CLUSTER = re.compile(r"\.svc(\.|$)|\.cluster\.local\.?$")
# No user, no query, no fragment: what lets one write there is a secret.
_ADDRESS = rf"^https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:{_PORT})?(/[A-Za-z0-9._~-]+)*/?$"


def _mailbox(value: str) -> str:
    name, _, host = value.rpartition("@")
    fix = "write one address, such as on-call@acme.example"
    usable_host(host, fix)
    # RFC 5321 4.1.2: parts of a name stand between dots.
    if not all(name.split(".")):
        raise SettingRefusedError(f'"{value}" has a dot too many before the @', fix)
    return value


# One address, as mail servers take it: no display name, no list.
Address = Annotated[
    str,
    pattern(r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$", longest=254),
    AfterValidator(_mailbox),
]


def _mail_server(value: str) -> str:
    host, fix = value.rpartition(":")[0], "write the mail server's name and port, such as smtp.azurecomm.net:587"
    usable_host(host, fix)
    _outside(host, fix)
    return value


def _web_address(value: str) -> str:
    host = value.removeprefix("https://").partition("/")[0].partition(":")[0]
    fix = "write an address with somebody's host, such as https://tickets.acme.example/alerts"
    usable_host(host, fix)
    _outside(host, fix)
    return value


def _outside(host: str, fix: str) -> None:
    if _IN_CLUSTER.search(host.lower()):
        raise SettingRefusedError(f'"{host}" is a Service of the cluster, which Alertmanager doesn\'t reach', fix)


WebAddress = Annotated[str, pattern(_ADDRESS, longest=400), AfterValidator(_web_address)]


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
    """Somebody who is notified when an alert fires, or a service that reports when heartbeats stop."""

    name: Annotated[str, pattern(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", longest=40), StandIn("zz{index}")] = Field(
        description="the receiver's name: lower-case letters, digits and single dashes, 40 at most"
    )
    kind: Annotated[Literal["email", "slack", "teams", "pagerduty", "webhook", "heartbeat"], StandIn("slack")] = Field(
        description="`email`, `slack` or `teams` (an incoming webhook), `pagerduty` (an Events API v2 integration), "
        "`webhook` (Alertmanager's JSON, to a program of yours), or `heartbeat` (a service that reports when it is "
        "called no longer)"
    )
    severity: Literal["critical", "warning", "info"] = Field(
        default="warning",
        description="the least urgent alerts that it gets: `critical`, `warning` (critical ones too) or `info` (all)",
    )
    owners: (
        Annotated[tuple[Literal["platform", "gpus", "models", "security"], ...], Field(min_length=1, max_length=4)]
        | None
    ) = Field(
        default=None,
        description="whose alerts it gets: a list of `platform`, `gpus`, `models`, `security`; left out: everybody's",
    )
    secret: SecretName | None = Field(
        default=None,
        description="the name (not the value) of the vault's secret with the webhook's address, the integration key, "
        "the password, or the token beside `url`: letters, digits and -",
    )
    email: Email | None = Field(
        default=None, description="for `email`: {to: […], sender: …, smarthost: host:587, username: …}"
    )
    url: WebAddress | None = Field(
        default=None,
        description="for `webhook`, where its address is no secret: https://HOST/PATH, without a query; `secret` then "
        "holds the token that is sent along",
    )
    minutes: Annotated[int, Field(ge=1, le=60, strict=True)] | None = Field(
        default=None, description="for `heartbeat`: the minutes between two calls, 1 to 60; left out: 5"
    )
