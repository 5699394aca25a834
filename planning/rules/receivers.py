"""Rules about who gets which alerts, and about alerting that is itself down."""

from planning.plan.alerting import OWNERS
from planning.resolving.resolution import Resolution
from planning.rules.observability import notified
from planning.rules.register import Violation, Violations, stack_rule

_RECEIVERS = "observability.receivers"
_SLOW_ANSWERS = "observability.alerts.first_token_seconds"


@stack_rule(
    "ALERT-HEARTBEAT",
    "warning",
    prevents="Prometheus or Alertmanager is down, or can't reach the internet: no alert fires, and all looks well.",
    source="https://prometheus.io/docs/practices/alerting/#metamonitoring",
    reads=(_RECEIVERS, "platform.environment"),
)
def silence_is_noticed_in_production(stack: Resolution) -> Violations:
    """In production, a service outside is called as long as alerting works, and reports when it is not."""
    receivers = stack.settings.observability.receivers
    if stack.settings.platform.is_production and notified(stack) and len(notified(stack)) == len(receivers):
        yield Violation(
            _RECEIVERS,
            "nobody notices when alerting itself is down: no receiver of kind `heartbeat`, and this is production",
            "add {name: dead-man, kind: heartbeat, secret: NAME}, whose secret is the address of a check of "
            "healthchecks.io, Better Stack, Cronitor or the like",
        )


@stack_rule(
    "ALERT-OWNERS",
    "warning",
    prevents="A GPU breaks, and everybody who is notified gets alerts of other owners only.",
    source="https://prometheus.io/docs/alerting/latest/configuration/#route",
    reads=(_RECEIVERS,),
)
def every_owner_is_notified(stack: Resolution) -> Violations:
    """Where there are receivers, one of them gets the alerts of each owner."""
    receivers = notified(stack)
    wanted = {owner for _, receiver in receivers for owner in receiver.owners or OWNERS}
    left = [owner for owner in OWNERS if owner not in wanted]
    if receivers and left:
        named = ", ".join(f"`{owner}`" for owner in left)
        yield Violation(
            f"{_RECEIVERS}[{receivers[-1][0]}].owners",
            f"no receiver gets the alerts of {named}: critical ones go to whoever gets the most, others to nobody",
            f"add {', '.join(left)} to the owners of one receiver, or leave its owners out",
        )


@stack_rule(
    "ALERT-NEVER",
    "error",
    prevents="Answers are far too slow, or were meant in milliseconds, and nobody is notified: the alert can't fire.",
    source="this program: the gateway ends a request after gateway.request_timeout_seconds",
    reads=(_SLOW_ANSWERS, "gateway.request_timeout_seconds"),
)
def an_alert_fires_before_a_request_ends(stack: Resolution) -> Violations:
    """The time to the first token at which an alert fires is shorter than the longest request."""
    seconds = stack.settings.observability.alerts.first_token_seconds
    longest = stack.settings.gateway.request_timeout_seconds
    if seconds >= longest:
        yield Violation(
            _SLOW_ANSWERS,
            f"{seconds:g} s, but the gateway ends every request after {longest} s",
            f"write seconds, less than {longest}",
        )
