"""What breaks and what keeps each rule of planning/rules/observability.py."""

from rule_cases.case import Case, Changes

PAGER = {"name": "on-call", "kind": "pagerduty", "secret": "pagerduty"}
TEAM = {"name": "team", "kind": "slack", "secret": "slack"}


def receivers(*items: Changes) -> Changes:
    return {"observability.receivers": list(items)}


def mail(port: int, **more: object) -> Changes:
    address = "on-call@acme.example"
    return {
        "name": "mail",
        "kind": "email",
        "email": {"to": [address], "sender": address, "smarthost": f"smtp.acme.example:{port}"},
        **more,
    }


def mail_with_password(name: str) -> Changes:
    signed_in = mail(587, name=name, secret="smtp")
    return {**signed_in, "email": {**signed_in["email"], "username": "alerts"}}


CASES: dict[str, Case] = {
    "ALERT-RECEIVER": Case(receivers({"name": "team", "kind": "slack"}), receivers(TEAM, mail(587))),
    "ALERT-SEVERITY": Case(receivers({**PAGER, "severity": "critical"}), receivers({**PAGER, "severity": "warning"})),
    "ALERT-SMTP-PORT": Case(receivers(mail(25)), receivers(mail(587))),
    "ALERT-UNSENT": Case(receivers(), receivers(PAGER)),
    "ALERT-UNSENT-PROD": Case(
        {"platform.environment": "prod", **receivers()}, {"platform.environment": "prod", **receivers(PAGER)}
    ),
}
