"""Rules about alerts: that they reach somebody, and that each receiver can be reached."""

from collections.abc import Iterator

from config.receivers import Receiver
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_ALERTMANAGER = "https://prometheus.io/docs/alerting/latest/configuration/"
_RECEIVERS = "observability.receivers"
_NOBODY = "nobody is notified when an alert fires: the receiver of kube-prometheus-stack is called `null`"
_ADD = (
    "add a receiver, such as {name: on-call, kind: pagerduty, secret: NAME}, {name: team, kind: slack, secret: NAME} "
    "or {name: team, kind: email, email: {to: […], sender: …, smarthost: host:587}}"
)
_SMTP_PORT = "25"
# What the secret of a kind holds.
_HOLDS = {
    "slack": "webhook's address",
    "teams": "webhook's address",
    "pagerduty": "integration key",
    "webhook": "address",
    "heartbeat": "address",
}
# Keys that one kind alone has a use for.
_KINDS_OF = {"email": "email", "url": "webhook", "minutes": "heartbeat"}
# A heartbeat says that alerting works; no alert of anybody comes with it.
_NOT_OF_HEARTBEATS = ("severity", "owners")


def notified(stack: Resolution) -> list[tuple[int, Receiver]]:
    """Receivers that get alerts, with their places in the list: all but heartbeats."""
    receivers = stack.settings.observability.receivers
    return [(index, receiver) for index, receiver in enumerate(receivers) if receiver.kind != "heartbeat"]


@stack_rule(
    "ALERT-UNSENT",
    "warning",
    prevents="Models fail, certificates end and GPUs break while alerts fire that nobody sees.",
    source=_ALERTMANAGER,
    reads=(_RECEIVERS, "platform.environment"),
)
def somebody_is_notified(stack: Resolution) -> Violations:
    """Outside production, the stack file names at least one receiver of alerts."""
    if not stack.settings.platform.is_production and not notified(stack):
        yield Violation(_RECEIVERS, _NOBODY, _ADD)


@stack_rule(
    "ALERT-UNSENT-PROD",
    "error",
    prevents="Production fails and nobody is notified: alerts fire, and Alertmanager sends them nowhere.",
    source=_ALERTMANAGER,
    reads=(_RECEIVERS, "platform.environment"),
)
def somebody_is_notified_in_production(stack: Resolution) -> Violations:
    """In production, the stack file names at least one receiver of alerts."""
    if stack.settings.platform.is_production and not notified(stack):
        yield Violation(_RECEIVERS, f"{_NOBODY}, and this is production", _ADD)


@stack_rule(
    "ALERT-RECEIVER",
    "error",
    prevents="No alert is sent: Alertmanager refuses its configuration, or the mail server answers `authentication "
    "failed`.",
    source=_ALERTMANAGER,
    reads=(_RECEIVERS,),
)
def receivers_are_complete(stack: Resolution) -> Violations:
    """Each receiver has what its kind needs: a secret, or for e-mail a server, and a password if it signs in."""
    for index, receiver in enumerate(stack.settings.observability.receivers):
        path = f"{_RECEIVERS}[{index}]"
        for key, message, fix in _incomplete(receiver):
            yield Violation(f"{path}.{key}", message, fix, (path,))


def _incomplete(receiver: Receiver) -> Iterator[tuple[str, str, str]]:
    yield from _without_use(receiver)
    email, kind = receiver.email, receiver.kind
    if kind != "email":
        if receiver.secret is None and receiver.url is None:
            holds = _HOLDS[kind]
            message = f"kind `{kind}` without `secret`: nothing can be sent without the {holds}"
            or_url = ", or url: https://… where the address is no secret" if kind == "webhook" else ""
            yield "secret", message, f"write the name of the vault's secret with the {holds}{or_url}"
    elif email is None:
        yield "email", "kind `email` without an address to write to", "add {to: […], sender: …, smarthost: host:587}"
    elif email.username is not None and receiver.secret is None:
        message = f"`email.username` is `{email.username}`, and no secret holds its password"
        yield "secret", message, "write the name of the vault's secret with the password, or leave email.username out"
    elif email.username is None and receiver.secret is not None:
        message = f"`{receiver.secret}` is the secret of a password, and email.username says nobody who signs in"
        yield "email.username", message, "add the name to sign in with, or leave secret out"


def _without_use(receiver: Receiver) -> Iterator[tuple[str, str, str]]:
    for key, kind in _KINDS_OF.items():
        if getattr(receiver, key) is not None and receiver.kind != kind:
            yield key, f"kind `{receiver.kind}` has no use for `{key}`", f"leave it out, or write kind: {kind}"
    if receiver.kind == "heartbeat":
        for key in _NOT_OF_HEARTBEATS:
            if key in receiver.model_fields_set:
                message = f"`{key}` of a heartbeat, which gets no alerts: it is called as long as alerting works"
                yield key, message, "leave it out; for alerts add a receiver of another kind"


@stack_rule(
    "ALERT-SEVERITY",
    "warning",
    prevents="What becomes critical tomorrow is a warning today, and nobody sees it.",
    source=_ALERTMANAGER,
    reads=(_RECEIVERS,),
)
def warnings_are_sent(stack: Resolution) -> Violations:
    """Where there are receivers, one of them gets warnings too."""
    receivers = notified(stack)
    if receivers and all(receiver.severity == "critical" for _, receiver in receivers):
        yield Violation(
            f"{_RECEIVERS}[{receivers[-1][0]}].severity",
            "every receiver gets critical alerts only: warnings reach nobody",
            "write `warning` for one receiver, or add one",
        )


@stack_rule(
    "ALERT-SMTP-PORT",
    "warning",
    prevents="No mail is sent: `dial tcp …:25: i/o timeout` in Alertmanager's log.",
    source="https://learn.microsoft.com/azure/virtual-network/troubleshoot-outbound-smtp-connectivity",
    reads=(_RECEIVERS,),
    needs="aks",
)
def mail_leaves_azure(stack: Resolution) -> Violations:
    """E-mail is not sent over port 25, which Azure blocks for most subscriptions."""
    for index, receiver in enumerate(stack.settings.observability.receivers):
        if receiver.email is not None and receiver.email.smarthost.rpartition(":")[2] == _SMTP_PORT:
            path = f"{_RECEIVERS}[{index}].email.smarthost"
            yield Violation(
                path,
                f"`{receiver.email.smarthost}`: Azure blocks outbound traffic to port 25 for most subscriptions",
                "write a server with port 587",
                (path,),
            )
