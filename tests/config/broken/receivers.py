"""Receivers that get the wrong alerts or none, heartbeats that say nothing, and runbooks that nobody can open."""

from broken.change import Broken, Change, put

_TOKEN = "0123456789abcdef" + "0123456789abcdef"
_WITH_TOKEN = "https://tickets.acme.example/" + f"alerts?token={_TOKEN}"


def _receivers(*receivers: dict[str, object]) -> tuple[Change, ...]:
    return (put("observability.receivers", list(receivers)),)


TEAM: dict[str, object] = {"name": "team", "kind": "slack", "secret": "slack-webhook"}
TABLE = (
    Broken(
        "webhook that is nowhere",
        _receivers({"name": "tickets", "kind": "webhook"}),
        {("ALERT-RECEIVER", "observability.receivers[0].secret"): ("without the address", "or url: https://")},
    ),
    Broken(
        "webhook without TLS",
        _receivers({"name": "tickets", "kind": "webhook", "url": "http://tickets.acme.example/alerts"}),
        {("CFG-VALUE", "observability.receivers[0].url"): ("wrong form", "https://HOST/PATH")},
    ),
    Broken(
        "webhook that is called with its token in the address",
        _receivers({"name": "tickets", "kind": "webhook", "url": _WITH_TOKEN}),
        {("SEC-LITERAL", "observability.receivers[0].url"): ("plain text",)},
        hidden=(_TOKEN,),
    ),
    Broken(
        "webhook on the machine itself",
        _receivers({"name": "tickets", "kind": "webhook", "url": "https://127.0.0.1:8443/alerts"}),
        {("CFG-VALUE", "observability.receivers[0].url"): ("the machine itself", "tickets.acme.example")},
    ),
    Broken(
        "a webhook at a Service, without TLS and without a port",
        _receivers({"name": "tickets", "kind": "webhook", "url": "http://tickets.svc"}),
        {("CFG-VALUE", "observability.receivers[0].url"): ("wrong form", "https://HOST/PATH")},
    ),
    Broken(
        "the same with TLS",
        _receivers({"name": "tickets", "kind": "webhook", "url": "https://tickets.svc"}),
        {("CFG-VALUE", "observability.receivers[0].url"): ("a Service of the cluster", "tickets.acme.example")},
    ),
    *(
        Broken(
            f"a webhook at the Service {host}",
            _receivers({"name": "tickets", "kind": "webhook", "url": f"https://{host}:8443/alerts"}),
            {("CFG-VALUE", "observability.receivers[0].url"): ("a Service of the cluster", "tickets.acme.example")},
        )
        for host in ("tickets.ops.svc", "Tickets.ops.SVC.cluster.local", "tickets.ops.svc.k8s.acme.example")
    ),
    Broken(
        "a mail server in the cluster",
        _receivers(
            {
                "name": "mail", "kind": "email",
                "email": {"to": ["a@acme.example"], "sender": "b@acme.example", "smarthost": "relay.mail.svc:587"},
            }
        ),
        {("CFG-VALUE", "observability.receivers[0].email.smarthost"): ("a Service of the cluster", "smtp.azurecomm")},
    ),
    Broken(
        "address, pause and mail of receivers of other kinds",
        _receivers(
            {**TEAM, "url": "https://tickets.acme.example/alerts", "minutes": 5},
            {
                "name": "beat", "kind": "heartbeat", "secret": "dead-man",
                "email": {"to": ["a@acme.example"], "sender": "b@acme.example", "smarthost": "mx:587"},
            },
        ),
        {
            ("ALERT-RECEIVER", "observability.receivers[0].url"): ("no use for `url`", "kind: webhook"),
            ("ALERT-RECEIVER", "observability.receivers[0].minutes"): ("no use for `minutes`", "kind: heartbeat"),
            ("ALERT-RECEIVER", "observability.receivers[1].email"): ("no use for `email`", "kind: email"),
        },
    ),
    Broken(
        "heartbeat that is to get alerts",
        _receivers(
            TEAM,
            {"name": "beat", "kind": "heartbeat", "secret": "dead-man", "severity": "critical", "owners": ["gpus"]},
        ),
        {
            ("ALERT-RECEIVER", "observability.receivers[1].severity"): ("gets no alerts", "another kind"),
            ("ALERT-RECEIVER", "observability.receivers[1].owners"): ("gets no alerts", "another kind"),
        },
    ),
    Broken(
        "heartbeat without an address",
        _receivers(TEAM, {"name": "beat", "kind": "heartbeat"}),
        {("ALERT-RECEIVER", "observability.receivers[1].secret"): ("without the address", "vault's secret")},
    ),
    Broken(
        "heartbeat once a day",
        _receivers(TEAM, {"name": "beat", "kind": "heartbeat", "secret": "dead-man", "minutes": 1440}),
        {("CFG-VALUE", "observability.receivers[1].minutes"): ("1440 is above 60", "1 to 60")},
    ),
    Broken(
        "heartbeat as the only receiver in production",
        (
            put("platform.environment", "prod"),
            put("platform.protect", value=False),
            put("observability.audit", {}),
            *_receivers({"name": "beat", "kind": "heartbeat", "secret": "dead-man"}),
        ),
        {("ALERT-UNSENT-PROD", "observability.receivers"): ("nobody is notified", "kind: pagerduty")},
    ),
    Broken(
        "owner that there is not",
        _receivers({**TEAM, "owners": ["gpu"]}),
        {("CFG-VALUE", "observability.receivers[0].owners[0]"): ("gpu", "`gpus`")},
    ),
    Broken(
        "alerts of no owner",
        _receivers({**TEAM, "owners": []}),
        {("CFG-VALUE", "observability.receivers[0].owners"): ("no items", "left out: everybody's")},
    ),
    Broken(
        "runbooks in a folder of the machine",
        (put("observability.runbooks", "docs/runbooks"),),
        {("CFG-VALUE", "observability.runbooks"): ("wrong form", "https://git.acme.example")},
    ),
    Broken(
        "pause between tokens in milliseconds",
        (put("observability.alerts", {"next_token_seconds": 250}),),
        {("CFG-VALUE", "observability.alerts.next_token_seconds"): ("250", "in seconds up to 60")},
    ),
)  # fmt: skip
