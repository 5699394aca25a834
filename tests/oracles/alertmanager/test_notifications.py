"""Alerts reach those whom they are for, by the real Prometheus and the real Alertmanager, and nobody else."""

import http.server
import json
import re
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from observability.inhibitions import INHIBITIONS, Inhibition
from rehearsal.toolchain import ToolUnavailableError
from simulators.api_server.waiting import eventually
from tests.alerts.cases import values
from tests.alerts.expositions import scraped
from tests.graph.stacks import entries_of
from tests.graph.test_alerting import alertmanager as alertmanager_values
from tests.graph.test_alerting import notifying
from tests.oracles.alertmanager.doubles import Mail, Web
from tests.oracles.alertmanager.running import alertmanager, hurried, prometheus
from tests.oracles.alertmanager.toolchain import ALERTMANAGER, PROMETHEUS_SERVER
from tests.oracles.certificates import issue

PASSWORD, TOKEN, ROUTING_KEY = "a-password", "a-token", "R" + "0123456789ABCDEF" * 2
SECRETS: Final = {"on-call": ROUTING_KEY[:32], "models": PASSWORD, "tickets": TOKEN}
ADDRESSES: Final = ("team", "office", "everything", "dead-man")
RECEIVERS: Final = [
    {"name": "on-call", "kind": "pagerduty", "secret": "pagerduty", "severity": "critical", "owners": ["gpus"]},
    {
        "name": "models", "kind": "email", "secret": "smtp", "severity": "info", "owners": ["models"],
        "email": {
            "to": ["a@acme.example", "b@acme.example"], "sender": "alerts@acme.example",
            "smarthost": "smtp.acme.example:587", "username": "alerts",
        },
    },
    {"name": "team", "kind": "slack", "secret": "slack"},
    {"name": "office", "kind": "teams", "secret": "teams", "severity": "critical"},
    {
        "name": "tickets", "kind": "webhook", "secret": "tickets", "url": "https://tickets.acme.example/alerts",
        "owners": ["security"],
    },
    {"name": "everything", "kind": "webhook", "secret": "everything", "severity": "info"},
    {"name": "dead-man", "kind": "heartbeat", "secret": "dead-man", "minutes": 1},
]  # fmt: skip
TRIED: Final = {"ModelUnavailable", "RequestsWaiting", "GPURowRemapFailure", "SecretNotSynced"}
# As the chart has it: templates/prometheus/rules-1.14/general.rules.yaml.
WATCHDOG: Final = {"alert": "Watchdog", "expr": "vector(1)", "labels": {"severity": "none"}}
HEALTHY: Final = {str(series): values(series.value).partition("x")[0] for series in scraped("dev")}
_QUIET_SECONDS: Final = 12


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        ALERTMANAGER.binary("alertmanager")
        PROMETHEUS_SERVER.binary("prometheus")
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


class Metrics:
    """What exporters answer: the recorded series, some of them with another value. Used as a context."""

    def __init__(self) -> None:
        self.changed: dict[str, float] = {}

    def set(self, metric: str, value: float, **labels: str) -> None:
        """Give every recorded series of a metric with these labels a value."""
        for series in scraped("dev"):
            if series.metric == metric and labels.items() <= series.labels.items():
                self.changed[str(series)] = value

    def text(self) -> str:
        """The exposition."""
        return "".join(f"{name} {value}\n" for name, value in {**HEALTHY, **self.changed}.items())

    def __enter__(self) -> str:
        metrics = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = metrics.text().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the overridden method's
                del format, args

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"127.0.0.1:{self._server.server_port}"

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def rules() -> list[dict[str, Any]]:
    """The rules of the development stack that are tried here; their waits are tried by promtool."""
    (found,) = (entry for entry in entries_of("dev") if entry["type"].endswith(":PrometheusRule"))
    chosen = [rule for group in found["inputs"]["spec"]["groups"] for rule in group["rules"] if rule["alert"] in TRIED]
    return [WATCHDOG, *({key: value for key, value in rule.items() if key != "for"} for rule in chosen)]


def redirected(directory: Path, web: Web, mail: Mail) -> dict[str, Any]:
    """The stack's configuration, to the doubles instead of the internet, with its secrets in a folder of the test."""
    secrets = directory / "secrets"
    secrets.mkdir()
    for name in ADDRESSES:
        (secrets / name).write_text(f"{web.address}/{name}")
    for name, secret in SECRETS.items():
        (secrets / name).write_text(secret)
    text = json.dumps(hurried(alertmanager_values(notifying(RECEIVERS))["config"]))
    for real, double in (
        ("/etc/alertmanager/secrets/alert-receivers", str(secrets)),
        ("https://tickets.acme.example", web.address),
        ("smtp.acme.example:587", f"localhost:{mail.port}"),
    ):
        assert real in text
        text = text.replace(real, double)
    config = json.loads(text)
    config["global"]["pagerduty_url"] = f"{web.address}/v2/enqueue"
    return config


def alerts(web: Web, name: str, status: str = "firing") -> set[str]:
    """Names of the alerts that a webhook has got."""
    return {
        alert["labels"]["alertname"]
        for call in web.at(f"/{name}")
        for alert in call.body["alerts"]
        if alert["status"] == status
    }


def in_texts(found: list[Any]) -> set[str]:
    """Names of the alerts that appear in messages."""
    return set(re.findall("|".join([*TRIED, "Watchdog"]), json.dumps(found)))


def test_each_alert_reaches_those_whom_it_is_for_and_no_others(tmp_path: Path) -> None:
    certificate = issue(tmp_path / "tls", "localhost", "subjectAltName=DNS:localhost")
    metrics = Metrics()
    metrics.set("DCGM_FI_DEV_ROW_REMAP_FAILURE", 1, gpu="0")
    metrics.set("llm_platform_object_condition", 0, customresource_kind="ExternalSecret", condition="Ready")
    metrics.set("kube_deployment_status_replicas_available", 0, namespace="llm")
    with Web() as web, Mail(certificate, "alerts", PASSWORD) as mail, metrics as target:
        config = redirected(tmp_path, web, mail)
        with alertmanager(tmp_path, config, certificate) as server, prometheus(tmp_path, rules(), target, server):
            expected = {"GPURowRemapFailure", "SecretNotSynced", "ModelUnavailable"}
            eventually(lambda: alerts(web, "everything") >= expected, "all three are sent", last=lambda: web.calls)
            # The model's requests wait as well: that is no news to anybody.
            metrics.set("vllm:num_requests_waiting", 25)
            eventually(lambda: suppressed(server, "RequestsWaiting"), "its effect is held back")
            eventually(lambda: web.events() and mail.messages, "PagerDuty and the mail server have theirs")
            eventually(lambda: len(web.at("/dead-man")) > 2, "the heartbeat goes on")
            assert alerts(web, "everything") == expected
            assert alerts(web, "alerts") == {"SecretNotSynced"}
            assert {call.authorization for call in web.at("/alerts")} == {f"Bearer {TOKEN}"}
            assert in_texts(web.events()) == {"GPURowRemapFailure"}
            assert in_texts([call.body for call in web.at("/office")]) == {"GPURowRemapFailure", "ModelUnavailable"}
            assert in_texts([str(message) for message in mail.messages]) == {"ModelUnavailable"}
            assert set(mail.recipients) == {"a@acme.example", "b@acme.example"}
            assert alerts(web, "dead-man") == {"Watchdog"}
            assert not web.refused
            assert not mail.refused
            _each_says_what_it_means(web, mail)
            metrics.changed.clear()
            eventually(lambda: alerts(web, "everything", "resolved") >= expected, "the end is sent as well")
            eventually(lambda: web.events()[-1]["event_action"] == "resolve", "and so is PagerDuty")


def _each_says_what_it_means(web: Web, mail: Mail) -> None:
    """Whoever is called at night has the impact, the owner and the runbook before them."""
    impact = "every request for the model fails, or goes to its fallback where it has one"
    slack = next(call.body for call in web.at("/team") if "chat has no ready replica" in json.dumps(call.body))
    (attachment,) = slack["attachments"]
    for text in (f"Impact: {impact}", "Owner: models", "Runbook: docs/runbooks/ModelUnavailable.md"):
        assert text in attachment["text"]
    body = mail.messages[0].get_body(("html",))
    assert body is not None
    assert impact in body.get_content()
    assert "docs/runbooks/ModelUnavailable.md" in body.get_content()
    event = web.events()[0]
    assert event["payload"]["severity"] == "critical"
    assert "docs/runbooks/GPURowRemapFailure.md" in json.dumps(event)


def test_the_heartbeat_ends_with_prometheus(tmp_path: Path) -> None:
    certificate = issue(tmp_path / "tls", "localhost", "subjectAltName=DNS:localhost")
    with Web() as web, Mail(certificate, "alerts", PASSWORD) as mail, Metrics() as target:
        config = redirected(tmp_path, web, mail)
        with alertmanager(tmp_path, config, certificate) as server:
            with prometheus(tmp_path, [WATCHDOG], target, server):
                eventually(lambda: len(web.at("/dead-man")) > 2, "it beats")
            eventually(lambda: _is_quiet(web), "it beats no more")
            # What is over is no sign of life.
            assert alerts(web, "dead-man", "resolved") == set()


def _is_quiet(web: Web) -> bool:
    before = len(web.at("/dead-man"))
    time.sleep(_QUIET_SECONDS)
    return len(web.at("/dead-man")) == before


def suppressed(server: Any, name: str) -> bool:
    """Whether all alerts of a name are held back by another one."""
    found = [alert["status"] for alert in server.get("/api/v2/alerts") if alert["labels"]["alertname"] == name]
    return bool(found) and all(status["state"] == "suppressed" and status["inhibitedBy"] for status in found)


@contextmanager
def _silent(directory: Path) -> Generator[Any]:
    """Alertmanager with the configuration of a stack; what it would send reaches nobody."""
    config = json.loads(json.dumps(hurried(alertmanager_values(entries_of("dev"))["config"])))
    config["receivers"] = [{"name": receiver["name"]} for receiver in config["receivers"]]
    with alertmanager(directory, config) as server:
        yield server


def _labels(matchers: tuple[str, ...]) -> dict[str, str]:
    """Labels that meet matchers such as `controller = "keda"`, or a pattern of which a metric's name is one."""
    found = {}
    for matcher in matchers:
        ((label, operator, value),) = re.findall(r'^(\w+) (=~?) "(.*)"$', matcher)
        found[label] = value if operator == "=" else value.replace(".*", "anything")
    return found


@pytest.mark.parametrize("rule", INHIBITIONS, ids=lambda rule: "+".join((*rule.causes, *rule.when)))
def test_what_a_cause_explains_is_held_back_and_nothing_else(rule: Inhibition, tmp_path: Path) -> None:
    here, elsewhere = dict.fromkeys(rule.same, "here"), dict.fromkeys(rule.same, "there")
    effects = [{"alertname": name, "severity": "warning", **_labels(rule.only)} for name in rule.effects]
    for number, name in enumerate(rule.causes):
        directory = tmp_path / str(number)
        directory.mkdir()
        with _silent(directory) as server:
            server.post("/api/v2/alerts", [{"labels": {**effect, **here}} for effect in effects])
            eventually(lambda: len(_states(server)) == len(effects), "they are there")
            place, names = "here" if rule.same else "", set(rule.effects)
            explained = _explained(names)
            assert _by_state(server, rule, "active") == {(effect, place) for effect in names - explained}
            cause = {"alertname": name, "severity": "critical", **_labels(rule.when), **here}
            others = [{"labels": {**effect, **elsewhere}} for effect in effects] if rule.same else []
            server.post("/api/v2/alerts", [{"labels": cause}, *others])
            held = {(effect, place) for effect in names} | {(effect, "there") for effect in explained if others}
            free = {(name, place)} | {(effect, "there") for effect in names - explained if others}
            eventually(
                lambda: _by_state(server, rule, "suppressed") == held,  # noqa: B023 - at once
                "its effects are held back",
                timeout_seconds=30,
                last=lambda: server.get("/api/v2/alerts"),
            )
            assert _by_state(server, rule, "active") == free


def _explained(names: set[str]) -> set[str]:
    """Those of some alerts that another one of them holds back."""
    return {effect for rule in INHIBITIONS if names & set(rule.causes) for effect in rule.effects if effect in names}


def _states(server: Any) -> dict[str, str]:
    return {json.dumps(alert["labels"]): alert["status"]["state"] for alert in server.get("/api/v2/alerts")}


def _by_state(server: Any, rule: Inhibition, state: str) -> set[tuple[str, str]]:
    return {
        (alert["labels"]["alertname"], alert["labels"][rule.same[0]] if rule.same else "")
        for alert in server.get("/api/v2/alerts")
        if alert["status"]["state"] == state
    }


def test_news_of_the_platform_are_not_held_back_by_the_chart_s_own_rule(tmp_path: Path) -> None:
    """kube-prometheus' InfoInhibitor fires beside every alert of severity info that has no worse one beside it."""
    common = {"severity": "info", "namespace": "llm"}
    found = [
        {"alertname": "InfoInhibitor", "severity": "none", "namespace": "llm"},
        {"alertname": "GPUIdle", "owner": "gpus", **common},
        {"alertname": "CPUThrottlingHigh", **common},
    ]
    with _silent(tmp_path) as server:
        server.post("/api/v2/alerts", [{"labels": labels} for labels in found])
        eventually(lambda: suppressed(server, "CPUThrottlingHigh"), "the chart's own news are held back")
        states = {alert["labels"]["alertname"]: alert["status"]["state"] for alert in server.get("/api/v2/alerts")}
        assert states["GPUIdle"] == "active"
