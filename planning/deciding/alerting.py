"""Plans who is notified when an alert fires."""

from config.observability import Receiver
from planning.deciding.secret_stores import monitoring_namespace, secret_store
from planning.plan import AlertingPlan, EmailPlan, ReceiverPlan
from planning.resolving.resolution import ResolvedStack

# The most urgent first.
SEVERITIES = ("critical", "warning", "info")
_SECRET = "alert-receivers"  # noqa: S105 - the name of a Secret, not a secret


def alerting(stack: ResolvedStack) -> AlertingPlan:
    """Plan Alertmanager: receivers by severity, and who gets alerts of a severity that no receiver takes."""
    settings = stack.settings.observability
    receivers = tuple(_receiver(receiver) for receiver in settings.receivers)
    has_secrets = any(receiver.secret is not None for receiver in receivers)
    return AlertingPlan(
        replicas=settings.replicas,
        receivers=receivers,
        fallback=max(receivers, key=lambda receiver: len(receiver.severities)).name if receivers else None,
        secret=_SECRET if has_secrets else None,
        secret_store=secret_store(stack, monitoring_namespace(stack)) if has_secrets else None,
    )


def _receiver(receiver: Receiver) -> ReceiverPlan:
    email = receiver.email
    return ReceiverPlan(
        name=receiver.name,
        kind=receiver.kind,
        severities=SEVERITIES[: SEVERITIES.index(receiver.severity) + 1],
        secret=receiver.secret,
        email=None
        if email is None
        else EmailPlan(to=email.to, sender=email.sender, smarthost=email.smarthost, username=email.username),
    )
