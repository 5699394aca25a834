"""Alerts reach somebody: receivers of the stack file, their secrets, the configuration by Alertmanager's own tool."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import catalog
import config
from config.stackfile import parse
from planning.planner import decide
from preview.describe import DESCRIPTIONS
from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, sections_of, stack_file

KINDS = {
    "slack": "slack_configs", "teams": "msteamsv2_configs", "pagerduty": "pagerduty_configs", "email": "email_configs",
    "webhook": "webhook_configs", "heartbeat": "webhook_configs",
}  # fmt: skip
MAIL: dict[str, Any] = {
    "name": "mail", "kind": "email", "severity": "info", "secret": "smtp",
    "email": {
        "to": ["a@acme.example", "b@acme.example"], "sender": "alerts@acme.example",
        "smarthost": "smtp.acme.example:587", "username": "alerts",
    },
}  # fmt: skip
EVERY_KIND = [
    {"name": "on-call", "kind": "pagerduty", "secret": "pagerduty", "severity": "critical"},
    {"name": "team", "kind": "slack", "secret": "slack"},
    {"name": "office", "kind": "teams", "secret": "teams"},
    MAIL,
]
# Alerts of the GPU nodes to some, of everybody to others, and a service that is called as long as alerting works.
BY_OWNER = [
    {"name": "on-call", "kind": "pagerduty", "secret": "pagerduty", "severity": "critical"},
    {"name": "nodes", "kind": "webhook", "secret": "nodes", "owners": ["gpus", "platform"]},
    {
        "name": "tickets", "kind": "webhook", "secret": "token", "owners": ["security"], "severity": "info",
        "url": "https://tickets.acme.example:8443/alerts",
    },
    {"name": "dead-man", "kind": "heartbeat", "secret": "dead-man"},
]  # fmt: skip


ROUTED_BY_OWNER = [
    ("severity=critical owner=gpus", "on-call,nodes"),
    ("severity=warning owner=gpus", "nodes"),
    ("severity=critical owner=models", "on-call"),
    ("severity=warning owner=models", "NOBODY"),
    ("severity=warning owner=security", "tickets"),
    ("severity=info owner=security", "tickets"),
    ("severity=info owner=gpus", "NOBODY"),
    # The chart's own name no owner: they are about the cluster.
    ("severity=warning alertname=KubeNodeNotReady", "nodes"),
    ("severity=page owner=models", "on-call"),
    ("alertname=Watchdog severity=none", "dead-man,NOBODY"),
    ("alertname=InfoInhibitor severity=none", "NOBODY"),
]
OTHERS = {"every kind": EVERY_KIND, "by owner": BY_OWNER}


def chart(entries: Any) -> Entry:
    (found,) = (entry for entry in entries if entry["inputs"].get("chart") == "kube-prometheus-stack")
    return found


def alertmanager(entries: Any) -> dict[str, Any]:
    return chart(entries)["inputs"]["values"]["alertmanager"]


def secret(entries: Any) -> Entry:
    (found,) = (
        entry
        for entry in entries
        if entry["type"].endswith(":ExternalSecret") and entry["inputs"]["metadata"]["namespace"] == "monitoring"
    )
    return found


def notifying(receivers: list[Any]) -> Any:
    def change(sections: Sections) -> None:
        sections.setdefault("observability", {})["receivers"] = receivers

    return graph_of("dev", change).to_json()


def files(config: dict[str, Any]) -> set[str]:
    """Files that the receivers' secrets are read from."""
    return {
        value
        for receiver in config["receivers"]
        for kind in KINDS.values()
        for item in receiver.get(kind, [])
        for key, value in item.items()
        if key.endswith("_file")
    }


@pytest.mark.parametrize("stack", ALL)
def test_every_receiver_of_a_stack_file_is_one_of_alertmanager_with_its_secret(stack: str) -> None:
    entries = entries_of(stack)
    receivers = sections_of(stack)["observability"]["receivers"]
    config, spec = alertmanager(entries)["config"], alertmanager(entries)["alertmanagerSpec"]
    made = {receiver["name"]: receiver for receiver in config["receivers"]}
    for receiver in receivers:
        (item,) = made[receiver["name"]][KINDS[receiver["kind"]]]
        # A heartbeat is no news: its end says nothing.
        assert item["send_resolved"] is (receiver["kind"] != "heartbeat")
    held = secret(entries)
    keys = {data["secretKey"]: data["remoteRef"]["key"] for data in held["inputs"]["spec"]["data"]}
    assert keys == {receiver["name"]: receiver["secret"] for receiver in receivers if "secret" in receiver}
    name = held["inputs"]["spec"]["target"]["name"]
    assert spec["secrets"] == [name]
    assert files(config) == {f"/etc/alertmanager/secrets/{name}/{key}" for key in keys}
    assert held["urn"] in chart(entries)["options"]["depends_on"]


@pytest.mark.parametrize("stack", ALL)
def test_the_first_route_leads_to_somebody(stack: str) -> None:
    config = alertmanager(entries_of(stack))["config"]
    made = {receiver["name"]: set(receiver) - {"name"} for receiver in config["receivers"]}
    assert made[config["route"]["receiver"]]
    assert "null" not in made


def test_without_receivers_nothing_of_alertmanager_is_configured() -> None:
    entries = notifying([])
    assert set(alertmanager(entries)) == {"alertmanagerSpec"}
    assert "secrets" not in alertmanager(entries)["alertmanagerSpec"]
    stores = (entry["inputs"]["metadata"]["namespace"] for entry in entries if entry["type"].endswith(":SecretStore"))
    assert "monitoring" not in stores


def test_mail_without_signing_in_needs_no_secret() -> None:
    plain = {**MAIL, "email": {key: value for key, value in MAIL["email"].items() if key != "username"}}
    entries = notifying([{key: value for key, value in plain.items() if key != "secret"}])
    (item,) = alertmanager(entries)["config"]["receivers"][1]["email_configs"]
    assert item["to"] == "a@acme.example, b@acme.example"
    assert item["require_tls"] is True
    assert not {"auth_username", "auth_password_file"} & set(item)
    assert "secrets" not in alertmanager(entries)["alertmanagerSpec"]


def test_production_has_as_many_alertmanagers_as_prometheus_servers() -> None:
    assert alertmanager(entries_of("prod"))["alertmanagerSpec"]["replicas"] == 2


@pytest.fixture(scope="module")
def amtool() -> str:
    """Alertmanager's own tool, of Debian's prometheus-alertmanager or any newer one; AMTOOL names another."""
    found = os.environ.get("AMTOOL") or shutil.which("amtool")
    if found is None:
        pytest.skip("amtool is not installed (Debian: prometheus-alertmanager), and AMTOOL names none")
    return found


def check(amtool: str, config: dict[str, Any], directory: Path) -> Path:
    """The file of a configuration that the tool accepts; skips where the tool is older than one of its kinds."""
    file = directory / "alertmanager.yaml"
    file.write_text(yaml.safe_dump(config))
    done = subprocess.run([amtool, "check-config", str(file)], check=False, capture_output=True, text=True)
    if "field msteamsv2_configs not found" in done.stdout + done.stderr:
        pytest.skip("this amtool is older than 0.28, which is the first to know msteamsv2_configs")
    assert done.returncode == 0, done.stdout + done.stderr
    return file


@pytest.mark.parametrize("stack", [*ALL, "every kind", "by owner"])
def test_alertmanager_accepts_the_configuration(stack: str, amtool: str, tmp_path: Path) -> None:
    entries = notifying(OTHERS[stack]) if stack in OTHERS else entries_of(stack)
    check(amtool, alertmanager(entries)["config"], tmp_path)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("severity=critical", "on-call,team,office,mail"),
        ("severity=warning", "team,office,mail"),
        ("severity=info", "mail"),
        ("severity=page", "mail"),
        ("team=search", "mail"),
        ("alertname=Watchdog severity=none", "NOBODY"),
        ("alertname=InfoInhibitor severity=none", "NOBODY"),
    ],
)
def test_alerts_go_to_those_who_want_their_severity(labels: str, receivers: str, amtool: str, tmp_path: Path) -> None:
    file = check(amtool, alertmanager(notifying(EVERY_KIND))["config"], tmp_path)
    assert routed(amtool, file, labels) == receivers


def routed(amtool: str, file: Path, labels: str) -> str:
    """Who gets an alert with these labels."""
    command = [amtool, "config", "routes", "test", f"--config.file={file}", *labels.split()]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(("labels", "receivers"), ROUTED_BY_OWNER)
def test_alerts_go_to_those_who_act(labels: str, receivers: str, amtool: str, tmp_path: Path) -> None:
    file = check(amtool, alertmanager(notifying(BY_OWNER))["config"], tmp_path)
    assert routed(amtool, file, labels) == receivers


def test_a_webhook_is_reached_where_it_is_and_a_heartbeat_says_nothing_of_an_end() -> None:
    entries = notifying(BY_OWNER)
    made = {receiver["name"]: receiver for receiver in alertmanager(entries)["config"]["receivers"]}
    (tickets,), (beat,) = made["tickets"]["webhook_configs"], made["dead-man"]["webhook_configs"]
    file = "/etc/alertmanager/secrets/alert-receivers/tickets"
    assert tickets["http_config"]["authorization"] == {"type": "Bearer", "credentials_file": file}
    assert beat["send_resolved"] is False
    (policy,) = (
        entry["inputs"]["spec"]
        for entry in entries
        if entry["type"].endswith(":NetworkPolicy")
        and (entry["inputs"]["metadata"]["namespace"], entry["inputs"]["metadata"]["name"])
        == ("monitoring", "alertmanager")
    )
    open_ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert {443, 8443} <= open_ports


def test_the_preview_shows_who_gets_whose_alerts_and_who_is_called() -> None:
    sections = sections_of("dev")
    sections["observability"]["receivers"] = BY_OWNER
    plan = decide(config.load(sections), catalog.load())
    shown = [leaf.text for leaf in DESCRIPTIONS["Monitoring"].leaves(plan, {})]
    assert "alerts go to on-call (pagerduty), nodes (webhook, gpus, platform) and tickets (webhook, security)" in shown
    assert "as long as alerting works it calls dead-man every 5 minutes" in shown


def test_with_heartbeats_alone_nobody_is_notified_and_they_are_called() -> None:
    config = alertmanager(notifying(BY_OWNER[-1:]))["config"]
    assert config["route"]["receiver"] == "NOBODY"
    assert config["route"]["routes"][0]["receiver"] == "dead-man"


def test_runbooks_are_found_where_a_team_publishes_them() -> None:
    def change(sections: Sections) -> None:
        sections.setdefault("observability", {})["runbooks"] = "https://git.acme.example/platform/runbooks/"

    published = graph_of("dev", change).to_json()
    assert set(runbooks(published)) == {"https://git.acme.example/platform/runbooks"}
    assert set(runbooks(entries_of("dev"))) == {"docs/runbooks"}


def runbooks(entries: Any) -> Iterator[str]:
    """Where the alerts say that their runbooks are, each a file of its name."""
    (rules,) = (entry["inputs"]["spec"] for entry in entries if entry["type"].endswith(":PrometheusRule"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                place, _, file = rule["annotations"]["runbook_url"].rpartition("/")
                assert file == f"{rule['alert']}.md"
                yield place


def test_no_stack_file_holds_a_webhook() -> None:
    for stack in ALL:
        assert "://" not in str(parse(stack_file(stack).read_text(encoding="utf-8")).sections.get("observability"))
