"""Rules about alerts: that they reach somebody, and that each receiver can be reached."""

from collections.abc import Iterator

from config.observability import Receiver
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
_HOLDS = {"slack": "webhook's address", "teams": "webhook's address", "pagerduty": "integration key"}


@stack_rule(
    "ALERT-UNSENT",
    "warning",
    prevents="Models fail, certificates end and GPUs break while alerts fire that nobody sees.",
    source=_ALERTMANAGER,
    reads=(_RECEIVERS, "platform.environment"),
)
def somebody_is_notified(stack: Resolution) -> Violations:
    """Outside production, the stack file names at least one receiver of alerts."""
    if not stack.settings.platform.is_production and not stack.settings.observability.receivers:
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
    if stack.settings.platform.is_production and not stack.settings.observability.receivers:
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
    email, kind = receiver.email, receiver.kind
    if kind != "email":
        if receiver.secret is None:
            holds = _HOLDS[kind]
            message = f"kind `{kind}` without `secret`: nothing can be sent without the {holds}"
            yield "secret", message, f"write the name of the vault's secret with the {holds}"
        if email is not None:
            yield "email", f"kind `{kind}` has no use for `email`", "leave it out, or write kind: email"
    elif email is None:
        yield "email", "kind `email` without an address to write to", "add {to: […], sender: …, smarthost: host:587}"
    elif email.username is not None and receiver.secret is None:
        message = f"`email.username` is `{email.username}`, and no secret holds its password"
        yield "secret", message, "write the name of the vault's secret with the password, or leave email.username out"
    elif email.username is None and receiver.secret is not None:
        message = f"`{receiver.secret}` is the secret of a password, and email.username says nobody who signs in"
        yield "email.username", message, "add the name to sign in with, or leave secret out"


@stack_rule(
    "ALERT-SEVERITY",
    "warning",
    prevents="What becomes critical tomorrow is a warning today, and nobody sees it.",
    source=_ALERTMANAGER,
    reads=(_RECEIVERS,),
)
def warnings_are_sent(stack: Resolution) -> Violations:
    """Where there are receivers, one of them gets warnings too."""
    receivers = stack.settings.observability.receivers
    if receivers and all(receiver.severity == "critical" for receiver in receivers):
        yield Violation(
            f"{_RECEIVERS}[{len(receivers) - 1}].severity",
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
