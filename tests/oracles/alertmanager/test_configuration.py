"""Alertmanager of the chart's version accepts the configuration of every stack, and sends to whom it should."""

import subprocess
from pathlib import Path

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.graph.stacks import ALL, entries_of
from tests.graph.test_alerting import EVERY_KIND, alertmanager, check, notifying
from tests.oracles.alertmanager.toolchain import ALERTMANAGER


@pytest.fixture(scope="module")
def tool() -> str:
    try:
        return str(ALERTMANAGER.binary("amtool"))
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("stack", [*ALL, "every kind"])
def test_it_accepts_the_configuration(stack: str, tool: str, tmp_path: Path) -> None:
    entries = notifying(EVERY_KIND) if stack == "every kind" else entries_of(stack)
    check(tool, alertmanager(entries)["config"], tmp_path)


def test_a_critical_alert_reaches_everybody(tool: str, tmp_path: Path) -> None:
    file = check(tool, alertmanager(notifying(EVERY_KIND))["config"], tmp_path)
    command = [tool, "config", "routes", "test", f"--config.file={file}", "severity=critical"]
    routed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert routed == ",".join(receiver["name"] for receiver in EVERY_KIND)
