"""Plans who is notified when an alert fires."""

from config.receivers import Receiver
from planning.deciding.secret_stores import monitoring_namespace, secret_store
from planning.plan import AlertingPlan, EmailPlan, ReceiverPlan
from planning.plan.alerting import SEVERITIES
from planning.resolving.resolution import ResolvedStack

_HEARTBEAT_MINUTES = 5
_SECRET = "alert-receivers"  # noqa: S105 - the name of a Secret, not a secret


def alerting(stack: ResolvedStack) -> AlertingPlan:
    """Plan Alertmanager: receivers by severity, and who gets alerts of a severity that no receiver takes."""
    settings = stack.settings.observability
    receivers = tuple(_receiver(receiver) for receiver in settings.receivers)
    has_secrets = any(receiver.secret is not None for receiver in receivers)
    return AlertingPlan(
        replicas=settings.replicas,
        receivers=receivers,
        fallback=_fallback(receivers),
        secret=_SECRET if has_secrets else None,
        secret_store=secret_store(stack, monitoring_namespace(stack)) if has_secrets else None,
    )


def _fallback(receivers: tuple[ReceiverPlan, ...]) -> str | None:
    """Whoever gets the most: everybody's alerts rather than some owners', then the most severities."""
    notified = [receiver for receiver in receivers if receiver.kind != "heartbeat"]
    if not notified:
        return None
    return max(notified, key=lambda receiver: (not receiver.owners, len(receiver.severities))).name


def _receiver(receiver: Receiver) -> ReceiverPlan:
    email, beats = receiver.email, receiver.kind == "heartbeat"
    return ReceiverPlan(
        name=receiver.name,
        kind=receiver.kind,
        severities=() if beats else SEVERITIES[: SEVERITIES.index(receiver.severity) + 1],
        owners=receiver.owners or (),
        secret=receiver.secret,
        url=receiver.url,
        minutes=(receiver.minutes or _HEARTBEAT_MINUTES) if beats else None,
        email=None
        if email is None
        else EmailPlan(to=email.to, sender=email.sender, smarthost=email.smarthost, username=email.username),
    )
