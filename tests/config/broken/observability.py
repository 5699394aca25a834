"""Receivers of alerts that can't work, and secrets of theirs in plain text."""

from broken.change import Broken, Change, drop, put

_HOOK = "https://hooks.slack.com/" + "services/T01234567/B01234567/AbCdEfGhIjKlMnOpQrStUvWx"
_TEAMS = "https://prod-42.westeurope.logic.azure.com:443/workflows/0a1b/" + "triggers/manual/paths/invoke?api-version=1"
_PAGER = "0123456789abcdef" + "0123456789abcdef"
_RELAY = "https://chat.acme.example/" + "hooks/abcdefgh"
_EMAIL = {"to": ["a@b.example"], "sender": "c@b.example"}


def _receiver(**keys: object) -> dict[str, object]:
    return {"name": "team", "kind": "slack", "secret": "slack-webhook", **keys}


def _receivers(*receivers: dict[str, object]) -> tuple[Change, ...]:
    return (put("observability.receivers", list(receivers)),)


TABLE = (
    Broken(
        "alerts go to nobody in production",
        (
            put("platform.environment", "prod"),
            put("platform.protect", value=False),
            put("observability.audit", {}),
            drop("observability.receivers"),
        ),
        {("ALERT-UNSENT-PROD", "observability.receivers"): ("`null`", "kind: pagerduty", "kind: email")},
    ),
    *(
        Broken(
            f"mail server at {host}",
            _receivers(_receiver(kind="email", email={**_EMAIL, "smarthost": host})),
            {("CFG-VALUE", "observability.receivers[0].email.smarthost"): (words, "smtp.azurecomm.net:587")},
        )
        for host, words in (
            ("169.254.169.254:80", "link-local"), ("localhost:25", "the machine itself"), ("127.1:25", "neither"),
            ("0.0.0.0:25", "no address of anybody"), ("224.0.0.1:25", "multicast"), ("168.63.129.16:25", "Azure's own"),
        )
    ),
    Broken(
        "nothing is recorded in production",
        (put("platform.environment", "prod"), put("platform.protect", value=False)),
        {("AUDIT-MISSING-PROD", "observability.audit"): ("this is production", "audit: {retention_days: 90}")},
    ),
    Broken(
        "records kept for less than Azure keeps them",
        (put("observability.audit", {"retention_days": 7}),),
        {("CFG-VALUE", "observability.audit.retention_days"): ("7 is below 30", "30 to 730")},
    ),
    Broken(
        "switch of the audit misspelt",
        (put("observability.audit", {"container_log": False}),),
        {("CFG-UNKNOWN-KEY", "observability.audit.container_log"): ("container_logs",)},
    ),
    Broken(
        "prompts in the logs that are recorded",
        (
            put("observability.audit", {}),
            put("models[0].engine.args.enable-log-requests", value=True),
            put("models[0].engine.unsafe", [{"flag": "enable-log-requests", "reason": "a trial"}]),
        ),
        {
            ("AUDIT-PROMPTS", "models[0].engine.args.enable-log-requests"): (
                "writes prompts into the logs", "container_logs: false"
            )
        },
    ),
    Broken(
        "address of a Slack webhook in the stack file",
        _receivers(_receiver(secret=_HOOK)),
        {("SEC-LITERAL", "observability.receivers[0].secret"): ("plain text", "observability.receivers[].secret")},
        hidden=(_HOOK,),
    ),
    Broken(
        "address of a Teams workflow in the stack file",
        _receivers(_receiver(kind="teams", secret=_TEAMS)),
        {("SEC-LITERAL", "observability.receivers[0].secret"): ("plain text",)},
        hidden=(_TEAMS,),
    ),
    Broken(
        "webhook's address under a key of its own",
        _receivers(_receiver(webhook_url=_HOOK)),
        {
            ("SEC-LITERAL", "observability.receivers[0].webhook_url"): ("plain text",),
            ("CFG-UNKNOWN-KEY", "observability.receivers[0].webhook_url"): ("unknown key", "`secret`"),
        },
        hidden=(_HOOK,),
    ),
    Broken(
        "address of a webhook on a company's own host in the stack file",
        _receivers(_receiver(secret=_RELAY)),
        {("SEC-LITERAL", "observability.receivers[0].secret"): ("plain text",)},
        hidden=(_RELAY,),
    ),
    Broken(
        "PagerDuty's integration key in the stack file",
        _receivers(_receiver(kind="pagerduty", secret=_PAGER)),
        {("SEC-LITERAL", "observability.receivers[0].secret"): ("plain text",)},
        hidden=(_PAGER,),
    ),
    Broken(
        "API key of a client in place of its name",
        (put("tenants[0].key_secret", _PAGER + _PAGER[:16]),),
        {("SEC-LITERAL", "tenants[0].key_secret"): ("plain text",)},
        hidden=(_PAGER,),
    ),
    Broken(
        "receiver of an unknown kind",
        _receivers(_receiver(kind="slak")),
        {("CFG-VALUE", "observability.receivers[0].kind"): ("slak", "`slack`")},
    ),
    Broken(
        "receiver of an unknown severity",
        _receivers(_receiver(severity="page")),
        {("CFG-VALUE", "observability.receivers[0].severity"): ("page", "`critical`", "`warning`", "`info`")},
    ),
    Broken(
        "receivers without what they need",
        _receivers(
            {"name": "team", "kind": "slack"},
            {"name": "mail", "kind": "email"},
            {
                "name": "other", "kind": "email",
                "email": {"to": ["a@acme.example"], "sender": "b@acme.example", "smarthost": "mx:587", "username": "b"},
            },
        ),
        {
            ("ALERT-RECEIVER", "observability.receivers[0].secret"): ("webhook's address",),
            ("ALERT-RECEIVER", "observability.receivers[1].email"): ("smarthost",),
            ("ALERT-RECEIVER", "observability.receivers[2].secret"): ("`b`", "password"),
        },
    ),
    Broken(
        "mail server without a port",
        _receivers(
            _receiver(
                kind="email", secret=None,
                email={"to": ["on-call"], "sender": "b@acme.example", "smarthost": "smtp.acme.example"},
            )
        ),
        {
            ("CFG-VALUE", "observability.receivers[0].email.smarthost"): ("wrong form", "smtp.azurecomm.net:587"),
            ("CFG-VALUE", "observability.receivers[0].email.to[0]"): ("on-call",),
        },
    ),
    Broken(
        "address of e-mail listed twice",
        _receivers(
            _receiver(
                kind="email", secret=None,
                email={"to": ["a@acme.example"] * 2, "sender": "b@acme.example", "smarthost": "smtp.acme.example:587"},
            )
        ),
        {("LIST-TWICE", "observability.receivers[0].email.to[1]"): ("`a@acme.example`", "leave it out")},
    ),
    Broken(
        "address of e-mail listed twice, once in capitals",
        _receivers(
            _receiver(
                kind="email", secret=None,
                email={
                    "to": ["a@acme.example", "A@ACME.example"], "sender": "b@acme.example",
                    "smarthost": "smtp.acme.example:587",
                },
            )
        ),
        {("LIST-TWICE", "observability.receivers[0].email.to[1]"): ("as `a@acme.example`", "leave it out")},
    ),
    *(
        Broken(
            f"e-mail to {address}",
            _receivers(
                _receiver(
                    kind="email", secret=None,
                    email={"to": [address], "sender": "b@acme.example", "smarthost": "smtp.acme.example:587"},
                )
            ),
            {("CFG-VALUE", "observability.receivers[0].email.to[0]"): words},
        )
        for address, words in (
            ("a@-acme.example", ("no host name", "on-call@acme.example")),
            ("a@acme..example", ("no host name", "on-call@acme.example")),
            (".a@acme.example", ("a dot too many", "on-call@acme.example")),
            ("a..b@acme.example", ("a dot too many", "on-call@acme.example")),
        )
    ),
    Broken(
        "a mail server without a host",
        _receivers(
            _receiver(
                kind="email", secret=None,
                email={"to": ["a@acme.example"], "sender": "b@acme.example", "smarthost": ":587"},
            )
        ),
        {("CFG-VALUE", "observability.receivers[0].email.smarthost"): ("wrong form", "smtp.azurecomm.net:587")},
    ),
    Broken(
        "two receivers of one name",
        _receivers(_receiver(), _receiver(secret="another")),
        {("NAME-COLLISION", "observability.receivers[1].name"): ("`team`", "observability.receivers[0]")},
    ),
    Broken(
        "one secret with two meanings",
        _receivers(_receiver(secret="key-playground"), _receiver(name="more", secret="gateway-certificate")),
        {
            ("SEC-SHARED-SECRET", "observability.receivers[0].secret"): ("tenants[0].key_secret",),
            ("SEC-SHARED-SECRET", "observability.receivers[1].secret"): (
                "`gateway-certificate`", "gateway.certificate"
            ),
        },
    ),
    Broken(
        "disk for metrics that Azure doesn't make",
        (put("observability.storage_gib", 40000),),
        {("CFG-VALUE", "observability.storage_gib"): ("40000", "8 to 32767")},
    ),
    Broken(
        "disk for metrics with no room",
        (put("observability.storage_gib", 1),),
        {("CFG-VALUE", "observability.storage_gib"): ("1 is below 8", "8 to 32767")},
    ),
    Broken(
        "port of the mail server that there is not",
        _receivers(
            _receiver(),
            {
                "name": "mail",
                "kind": "email",
                "email": {"to": ["a@acme.example"], "sender": "b@acme.example", "smarthost": "mx:99999"},
            },
        ),
        {("CFG-VALUE", "observability.receivers[1].email.smarthost"): ("mx:99999",)},
    ),
    Broken(
        "more proxies than the system pool holds",
        (put("gateway.replicas", {"min": 2, "max": 60}),),
        {("SYS-FIT", "cluster.system_pool.nodes.max"): ("60 proxies", "Standard_D4ds_v5", "gateway.replicas.max")},
    ),
    Broken(
        "system pool with fewer pods per node than run there",
        (put("cluster.max_pods", 30), put("cluster.system_pool.nodes", {"min": 1, "max": 1})),
        {("SYS-FIT", "cluster.system_pool.nodes.max"): ("25 pods",)},
    ),
)  # fmt: skip
