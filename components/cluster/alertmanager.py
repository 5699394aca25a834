"""Alertmanager's configuration: who gets which alerts, what is sent together, and how often it is repeated.

The receivers' secrets are files that Alertmanager reads each time it sends: a rotated one takes effect by itself, and
the configuration holds none. Source: prometheus/alertmanager 0.34, docs/configuration.md; the operator's check of it is
prometheus-operator 0.93 pkg/alertmanager/types.go.
"""

from planning.plan import AlertingPlan, EmailPlan, Json, ReceiverPlan

# Where the operator mounts a Secret that `alertmanagerSpec.secrets` names.
_SECRETS = "/etc/alertmanager/secrets"
# No receiver of a stack file can have this name.
_NOBODY = "NOBODY"
# Alerts that show that alerting works, and the one that only holds others back: their owners send them to nobody.
_TECHNICAL = "Watchdog|InfoInhibitor"
_EACH = "{{ range .Alerts }}{{ .Annotations.summary }}{{ .Annotations.description }}\n{{ end }}"


def alertmanager_values(plan: AlertingPlan) -> dict[str, Json]:
    """The chart's values `alertmanager`, without where its pods run."""
    spec: dict[str, Json] = {"replicas": plan.replicas}
    if plan.secret is not None:
        spec["secrets"] = [plan.secret]
    if plan.fallback is None:
        return {"alertmanagerSpec": spec}
    return {"alertmanagerSpec": spec, "config": alertmanager_config(plan)}


def alertmanager_config(plan: AlertingPlan) -> dict[str, Json]:
    """The configuration; every key that the chart's own has is set, since Helm adds what is missing."""
    known = {severity for receiver in plan.receivers for severity in receiver.severities}
    first: list[Json] = [{"receiver": _NOBODY, "matchers": [f'alertname =~ "{_TECHNICAL}"']}]
    # What is left of these severities is what no receiver takes.
    last: list[Json] = [
        {"receiver": _NOBODY, "matchers": [f'severity = "{severity}"']}
        for severity in ("critical", "warning", "info", "none")
        if severity not in known
    ]
    nobody: list[Json] = [{"name": _NOBODY}]
    return {
        "global": {"resolve_timeout": "5m"},
        # Files of the image, which the chart's own configuration reads as well.
        "templates": ["/etc/alertmanager/config/*.tmpl"],
        "inhibit_rules": _INHIBITIONS,
        "route": {
            # Alerts of no known severity, of a team's own rules for example, are not lost.
            "receiver": plan.fallback,
            "group_by": ["alertname", "namespace", "severity"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": [*first, *(_route(receiver) for receiver in plan.receivers), *last],
        },
        "receivers": [*nobody, *(_receiver(receiver, plan.secret) for receiver in plan.receivers)],
    }


def _route(receiver: ReceiverPlan) -> dict[str, Json]:
    return {
        "receiver": receiver.name,
        "matchers": [f'severity =~ "{"|".join(receiver.severities)}"'],
        # Every receiver of a severity gets the alert, not only the first.
        "continue": True,
        "routes": [{"matchers": ['severity = "critical"'], "repeat_interval": "4h"}],
    }


def _receiver(receiver: ReceiverPlan, secret: str | None) -> dict[str, Json]:
    file = f"{_SECRETS}/{secret}/{receiver.name}"
    match receiver.kind:
        case "slack":
            config: dict[str, Json] = {"api_url_file": file, "text": _EACH}
        case "teams":
            config = {"webhook_url_file": file}
        case "pagerduty":
            config = {"routing_key_file": file, "severity": _PAGERDUTY_SEVERITY}
        case "email":
            config = _email(receiver.email, file if receiver.secret is not None else None)
    return {"name": receiver.name, _KINDS[receiver.kind]: [{"send_resolved": True, **config}]}


def _email(plan: EmailPlan | None, password: str | None) -> dict[str, Json]:
    if plan is None:
        raise TypeError(plan)
    config: dict[str, Json] = {
        "to": ", ".join(plan.to),
        "from": plan.sender,
        "smarthost": plan.smarthost,
        "require_tls": True,
    }
    if plan.username is not None and password is not None:
        config |= {"auth_username": plan.username, "auth_password_file": password}
    return config


# Teams takes the address of a workflow; the older connectors (msteams_configs) have been switched off by Microsoft.
_KINDS = {
    "slack": "slack_configs",
    "teams": "msteamsv2_configs",
    "pagerduty": "pagerduty_configs",
    "email": "email_configs",
}
# PagerDuty takes these words only, and no empty one.
_PAGERDUTY_SEVERITY = (
    '{{ if eq .CommonLabels.severity "critical" }}critical{{ else if eq .CommonLabels.severity "info" }}info'
    "{{ else }}warning{{ end }}"
)
# The chart's own: the more urgent alert of a name and namespace holds back the less urgent ones.
_INHIBITIONS: list[Json] = [
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
        "source_matchers": ['alertname = "InfoInhibitor"'],
        "target_matchers": ['severity = "info"'],
        "equal": ["namespace"],
    },
    {"target_matchers": ['alertname = "InfoInhibitor"']},
]
