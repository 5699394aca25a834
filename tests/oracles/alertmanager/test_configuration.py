"""Alertmanager of the chart's version accepts the configuration of every stack, and sends to whom it should."""

from pathlib import Path

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.graph.stacks import ALL, entries_of
from tests.graph.test_alerting import (
    BY_OWNER,
    EVERY_KIND,
    OTHERS,
    ROUTED_BY_OWNER,
    alertmanager,
    check,
    notifying,
    routed,
)
from tests.oracles.alertmanager.toolchain import ALERTMANAGER


@pytest.fixture(scope="module")
def tool() -> str:
    try:
        return str(ALERTMANAGER.binary("amtool"))
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("stack", [*ALL, *OTHERS])
def test_it_accepts_the_configuration(stack: str, tool: str, tmp_path: Path) -> None:
    entries = notifying(OTHERS[stack]) if stack in OTHERS else entries_of(stack)
    check(tool, alertmanager(entries)["config"], tmp_path)


def test_a_critical_alert_reaches_everybody(tool: str, tmp_path: Path) -> None:
    file = check(tool, alertmanager(notifying(EVERY_KIND))["config"], tmp_path)
    assert routed(tool, file, "severity=critical") == ",".join(receiver["name"] for receiver in EVERY_KIND)


@pytest.mark.parametrize(("labels", "receivers"), ROUTED_BY_OWNER)
def test_an_alert_reaches_those_who_act(labels: str, receivers: str, tool: str, tmp_path: Path) -> None:
    file = check(tool, alertmanager(notifying(BY_OWNER))["config"], tmp_path)
    assert routed(tool, file, labels) == receivers
