"""Who is notified when an alert fires, and how."""

from typing import Literal

from msgspec import Struct

from planning.plan.secrets import SecretStorePlan


class EmailPlan(Struct, frozen=True, kw_only=True):
    """How e-mail is sent."""

    to: tuple[str, ...]
    """Addresses that get it."""
    sender: str
    """Address that it comes from."""
    smarthost: str
    """Server that takes it, `host:port`; always over TLS."""
    username: str | None
    """Name to sign in with; None where the server takes mail without."""


class ReceiverPlan(Struct, frozen=True, kw_only=True):
    """One receiver of alerts."""

    name: str
    """Its name in Alertmanager, and the key of its secret there."""
    kind: Literal["email", "slack", "teams", "pagerduty"]
    """Where it is."""
    severities: tuple[str, ...]
    """Severities of the alerts that it gets, the most urgent first."""
    secret: str | None
    """The store's secret: the webhook's address, the integration key or the password; None for e-mail without one."""
    email: EmailPlan | None
    """How e-mail is sent; None for the other kinds."""


class AlertingPlan(Struct, frozen=True, kw_only=True):
    """Alertmanager."""

    replicas: int
    """Alertmanagers; they agree on which of them sends."""
    receivers: tuple[ReceiverPlan, ...]
    """Everybody who is notified; empty where nobody is."""
    fallback: str | None
    """Receiver of alerts whose severity is none of the known ones; None where nobody is notified."""
    secret: str | None
    """Kubernetes Secret with the receivers' secrets; None where none has any."""
    secret_store: SecretStorePlan | None
    """Store that these come from; None where none has any."""
