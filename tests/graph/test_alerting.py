"""Alerts reach somebody: receivers of the stack file, their secrets, the configuration by Alertmanager's own tool."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.stackfile import parse
from tests.graph.stacks import ALL, Entry, Sections, entries_of, graph_of, sections_of, stack_file

KINDS = {
    "slack": "slack_configs", "teams": "msteamsv2_configs", "pagerduty": "pagerduty_configs", "email": "email_configs",
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
        assert item["send_resolved"] is True
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


@pytest.mark.parametrize("stack", [*ALL, "every kind"])
def test_alertmanager_accepts_the_configuration(stack: str, amtool: str, tmp_path: Path) -> None:
    entries = notifying(EVERY_KIND) if stack == "every kind" else entries_of(stack)
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
    command = [amtool, "config", "routes", "test", f"--config.file={file}", *labels.split()]
    routed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert routed == receivers


def test_no_stack_file_holds_a_webhook() -> None:
    for stack in ALL:
        assert "://" not in str(parse(stack_file(stack).read_text(encoding="utf-8")).sections.get("observability"))
