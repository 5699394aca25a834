"""Who is notified when an alert fires, and how."""

from typing import Literal

from msgspec import Struct

from planning.plan.secrets import SecretStorePlan

# The most urgent first.
SEVERITIES = ("critical", "warning", "info")
# Who acts: whoever runs the cluster and the gateway, the GPU nodes, or a model, or whoever answers for keys and access.
OWNERS = ("platform", "gpus", "models", "security")


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
    kind: Literal["email", "slack", "teams", "pagerduty", "webhook", "heartbeat"]
    """Where it is."""
    severities: tuple[str, ...]
    """Severities of the alerts that it gets, the most urgent first; empty for a heartbeat."""
    owners: tuple[str, ...]
    """Owners whose alerts it gets; empty where it gets everybody's."""
    secret: str | None
    """The store's secret: address, integration key, password or token; None where it needs none."""
    email: EmailPlan | None
    """How e-mail is sent; None for the other kinds."""
    url: str | None
    """Address of a webhook whose secret, if any, is a token; None where the secret is the address."""
    minutes: int | None
    """Minutes between two heartbeats; None for the other kinds."""


class AlertingPlan(Struct, frozen=True, kw_only=True):
    """Alertmanager."""

    replicas: int
    """Alertmanagers; they agree on which of them sends."""
    receivers: tuple[ReceiverPlan, ...]
    """Everybody who is notified; empty where nobody is."""
    fallback: str | None
    """Receiver of alerts whose severity or owner is none of the known ones; None where nobody is notified."""
    secret: str | None
    """Kubernetes Secret with the receivers' secrets; None where none has any."""
    secret_store: SecretStorePlan | None
    """Store that these come from; None where none has any."""
