"""Alertmanager's configuration: who gets which alerts, what is sent together, and how often it is repeated.

The receivers' secrets are files that Alertmanager reads each time it sends: a rotated one takes effect by itself, and
the configuration holds none. Source: prometheus/alertmanager 0.34, docs/configuration.md; the operator's check of it is
prometheus-operator 0.93 pkg/alertmanager/types.go.
"""

from components.cluster.alert_receivers import alertmanager_receiver
from observability.inhibitions import INHIBITIONS, Inhibition
from planning.plan import AlertingPlan, Json, ReceiverPlan
from planning.plan.alerting import OWNERS, SEVERITIES

# No receiver of a stack file can have this name.
_NOBODY = "NOBODY"
_HEARTBEAT = "Watchdog"
# Alerts that show that alerting works, and the one that only holds others back: their owners send them to nobody.
_TECHNICAL = f"{_HEARTBEAT}|InfoInhibitor"
# Of kube-prometheus-stack's own alerts.
_NO_SEVERITY = "none"
# Kube-prometheus-stack's own alerts name no owner: they are about the cluster.
_UNOWNED = "platform"


def alertmanager_values(plan: AlertingPlan) -> dict[str, Json]:
    """The chart's values `alertmanager`, without where its pods run."""
    spec: dict[str, Json] = {"replicas": plan.replicas}
    if plan.secret is not None:
        spec["secrets"] = [plan.secret]
    if not plan.receivers:
        return {"alertmanagerSpec": spec}
    return {"alertmanagerSpec": spec, "config": alertmanager_config(plan)}


def alertmanager_config(plan: AlertingPlan) -> dict[str, Json]:
    """The configuration; every key that the chart's own has is set, since Helm adds what is missing."""
    beats = [receiver for receiver in plan.receivers if receiver.minutes is not None]
    notified = [receiver for receiver in plan.receivers if receiver.minutes is None]
    first: list[Json] = [
        *(_heartbeat(receiver) for receiver in beats),
        {"receiver": _NOBODY, "matchers": [f'alertname =~ "{_TECHNICAL}"']},
    ]
    nobody: list[Json] = [{"name": _NOBODY}]
    return {
        "global": {"resolve_timeout": "5m"},
        # Files of the image, which the chart's own configuration reads as well.
        "templates": ["/etc/alertmanager/config/*.tmpl"],
        "inhibit_rules": [*_BY_SEVERITY, *(_inhibition(rule) for rule in INHIBITIONS)],
        "route": {
            # Alerts of no known severity, of a team's own rules for example, are not lost.
            "receiver": plan.fallback or _NOBODY,
            "group_by": ["alertname", "namespace", "severity"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": [*first, *(_route(receiver) for receiver in notified), *_unwanted(notified)],
        },
        "receivers": [*nobody, *(alertmanager_receiver(receiver, plan.secret) for receiver in plan.receivers)],
    }


def _heartbeat(receiver: ReceiverPlan) -> dict[str, Json]:
    return {
        "receiver": receiver.name,
        "matchers": [f'alertname = "{_HEARTBEAT}"'],
        "continue": True,
        "group_by": ["alertname"],
        "group_wait": "0s",
        # Whether it is time again is checked once an interval, and the last call was some milliseconds late: with both
        # alike every second call would be left out (notify/dedup_stage.go, `needsUpdate`).
        "group_interval": "30s",
        "repeat_interval": f"{receiver.minutes}m",
    }


def _route(receiver: ReceiverPlan) -> dict[str, Json]:
    matchers: list[Json] = [f'severity =~ "{"|".join(receiver.severities)}"']
    if receiver.owners:
        matchers.append(_owned(receiver.owners))
    return {
        "receiver": receiver.name,
        "matchers": matchers,
        # Every receiver of a severity gets the alert, not only the first.
        "continue": True,
        "routes": [{"matchers": ['severity = "critical"'], "repeat_interval": "4h"}],
    }


def _owned(owners: tuple[str, ...]) -> str:
    """The matcher of alerts of these owners; a label that isn't there matches as an empty one."""
    return f'owner =~ "{"|".join((*owners, *([""] if _UNOWNED in owners else [])))}"'


def _unwanted(notified: list[ReceiverPlan]) -> list[Json]:
    """Routes of what no receiver takes. Critical alerts are never among them: the fallback gets those of nobody."""
    routes: list[Json] = []
    for severity in (*SEVERITIES, _NO_SEVERITY):
        takers = [receiver for receiver in notified if severity in receiver.severities]
        if not takers:
            routes.append({"receiver": _NOBODY, "matchers": [f'severity = "{severity}"']})
            continue
        left = tuple(
            owner for owner in OWNERS if not any(not taker.owners or owner in taker.owners for taker in takers)
        )
        if left and severity != SEVERITIES[0]:
            routes.append({"receiver": _NOBODY, "matchers": [f'severity = "{severity}"', _owned(left)]})
    return routes


def _inhibition(rule: Inhibition) -> dict[str, Json]:
    return {
        "source_matchers": [f'alertname =~ "{"|".join(rule.causes)}"', *rule.when],
        "target_matchers": [f'alertname =~ "{"|".join(rule.effects)}"', *rule.only],
        **({"equal": list(rule.same)} if rule.same else {}),
    }


# The chart's own: the more urgent alert of a name and namespace holds back the less urgent ones.
_BY_SEVERITY: list[Json] = [
    {
        "source_matchers": ['severity = "critical"'],
        "target_matchers": ['severity =~ "warning|info"'],
        "equal": ["namespace", "alertname"],
    },
    {
        "source_matchers": ['severity = "warning"'],
        "target_matchers": ['severity = "info"'],
        "equal": ["namespace", "alertname"],
    },
    {
        # Of the chart's alerts alone: ours have an owner, who is notified of what he has chosen.
        "source_matchers": ['alertname = "InfoInhibitor"'],
        "target_matchers": ['severity = "info"', 'owner = ""'],
        "equal": ["namespace"],
    },
    {"target_matchers": ['alertname = "InfoInhibitor"']},
]
