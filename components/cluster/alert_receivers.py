"""Receivers as Alertmanager has them: where each kind reads its secret, and what a message says.

Source: prometheus/alertmanager 0.34, docs/configuration.md and template/default.tmpl. The default texts of e-mail,
Teams and PagerDuty list every label and annotation, and a webhook gets them all: only Slack's shows none.
"""

from planning.plan import EmailPlan, Json, ReceiverPlan

# Where the operator mounts a Secret that `alertmanagerSpec.secrets` names.
_SECRETS = "/etc/alertmanager/secrets"
# What is wrong, what it means, who acts and what they do, of each alert; alerts of the chart have some of it.
_EACH = (
    "{{ range .Alerts }}{{ .Annotations.summary }}{{ .Annotations.description }}\n"
    "{{ with .Annotations.impact }}Impact: {{ . }}\n{{ end }}"
    "{{ with .Labels.owner }}Owner: {{ . }}\n{{ end }}"
    "{{ with .Annotations.runbook_url }}Runbook: {{ . }}\n{{ end }}\n{{ end }}"
)
# Teams takes the address of a workflow; the older connectors (msteams_configs) have been switched off by Microsoft.
_KINDS = {
    "slack": "slack_configs",
    "teams": "msteamsv2_configs",
    "pagerduty": "pagerduty_configs",
    "email": "email_configs",
    "webhook": "webhook_configs",
    "heartbeat": "webhook_configs",
}
# PagerDuty takes these words only, and no empty one.
_PAGERDUTY_SEVERITY = (
    '{{ if eq .CommonLabels.severity "critical" }}critical{{ else if eq .CommonLabels.severity "info" }}info'
    "{{ else }}warning{{ end }}"
)


def alertmanager_receiver(receiver: ReceiverPlan, secret: str | None) -> dict[str, Json]:
    """One receiver; `secret` is the Secret that is mounted, None where nobody has one."""
    file = f"{_SECRETS}/{secret}/{receiver.name}"
    config: dict[str, Json]
    match receiver.kind:
        case "slack":
            config = {"api_url_file": file, "text": _EACH}
        case "teams":
            config = {"webhook_url_file": file}
        case "pagerduty":
            config = {"routing_key_file": file, "severity": _PAGERDUTY_SEVERITY}
        case "webhook":
            config = _webhook(receiver, file)
        case "heartbeat":
            # That Watchdog is over would be a call like any other: the service would take it for a sign of life.
            config = {"url_file": file, "send_resolved": False}
        case "email":
            config = _email(receiver.email, file if receiver.secret is not None else None)
    return {"name": receiver.name, _KINDS[receiver.kind]: [{"send_resolved": True, **config}]}


def _webhook(receiver: ReceiverPlan, file: str) -> dict[str, Json]:
    if receiver.url is None:
        return {"url_file": file}
    if receiver.secret is None:
        return {"url": receiver.url}
    return {"url": receiver.url, "http_config": {"authorization": {"type": "Bearer", "credentials_file": file}}}


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
