"""The real Loki takes its configuration and what the real collector sends, and gives it back as the page says."""

import json
import subprocess
import sys
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from planning import Plan
from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.log_collector import recorded
from tests.oracles.log_collector.node import SERVER_ADDRESS, Node, plan_of
from tests.oracles.log_store.toolchain import COLLECTOR, LOKI

_READ: Final = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
_POST: Final = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], data=b'')"
_LIMIT_SECONDS: Final = 120


def _settings(plan: Plan, data: Path) -> str:
    assert plan.logs is not None
    assert "/var/loki" in plan.logs.store.settings
    return plan.logs.store.settings.replace("/var/loki", str(data))


class Store:
    """A node whose collector sends to the real Loki."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        # Within the two hours that the queries look back.
        self.node = Node(directory, plan, datetime.now(UTC) - timedelta(minutes=30))
        file = directory / "loki.yaml"
        file.write_text(_settings(plan, directory / "loki"))
        self._loki = self.node.sandbox.start("loki", LOKI.binary("loki"), f"-config.file={file}")
        self._until(lambda: self._get("/ready").strip() == "ready")

    def lines(self, query: str, count: int) -> list[tuple[dict[str, str], str]]:
        """Labels and texts of the lines that a query finds, as soon as there are `count` of them."""
        path = f"/loki/api/v1/query_range?limit=1000&since=2h&direction=forward&query={query}"
        found: list[tuple[dict[str, str], str]] = []

        def arrived() -> bool:
            answer = json.loads(self._get(path) or "{}")
            found[:] = [
                (stream["stream"], line)
                for stream in answer.get("data", {}).get("result", [])
                for _, line in stream["values"]
            ]
            return len(found) >= count

        self._until(arrived)
        return found

    def refuses(self, request: str) -> bool:
        """Whether a POST to this path, which needs no sign-in, is answered with an error."""
        try:
            self.node.sandbox.check(sys.executable, "-c", _POST, f"http://{SERVER_ADDRESS}:3100{request}")
        except ToolUnavailableError:
            return self._get("/ready").strip() == "ready"
        return False

    def _get(self, path: str) -> str:
        try:
            return self.node.sandbox.check(sys.executable, "-c", _READ, f"http://{SERVER_ADDRESS}:3100{path}")
        except ToolUnavailableError:
            return ""

    def _until(self, holds: Any) -> None:
        limit = time.monotonic() + _LIMIT_SECONDS
        while not holds():
            assert time.monotonic() < limit, f"it took too long:\n{self._loki.tail(30)}"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Generator[Store]:
    try:
        COLLECTOR.binary("otelcol")
        LOKI.binary("loki")
        made = Store(Path(tmp_path_factory.mktemp("store")), plan_of())
    except ToolUnavailableError as error:
        pytest.skip(str(error))
    made.node.write("llm", "chat-6f7d9", "vllm", [*recorded.VLLM, *recorded.TEXTS])
    made.node.write("envoy-gateway-system", "envoy-1", "envoy", recorded.GATEWAY)
    made.node.start_collector()
    yield made
    made.node.end()


@pytest.mark.parametrize("logs", [{}, {"retention_days": 1, "storage_gib": 8}, {"retention_days": 730}])
def test_loki_takes_the_configuration(logs: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "loki.yaml"
    file.write_text(_settings(plan_of(**logs), tmp_path / "loki"))
    try:
        program = LOKI.binary("loki")
    except ToolUnavailableError as error:
        pytest.skip(str(error))

    done = subprocess.run(
        [program, "-verify-config", f"-config.file={file}"], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_a_line_of_json_is_found_by_its_fields(store: Store) -> None:
    query = "%7Bk8s_namespace_name%3D%22envoy-gateway-system%22%7D%7Cjson%7Cclient%3D%60team-a%60"

    [(labels, first), (_, second)] = store.lines(query, 2)

    assert json.loads(first) == json.loads(second) == recorded.ACCESS
    assert labels["k8s_container_name"] == "envoy"
    assert (labels["code"], labels["model"]) == ("200", "chat")


def test_every_line_is_there_in_its_order_and_without_prompts_and_keys(store: Store) -> None:
    expected = len(recorded.VLLM) + len(recorded.TEXTS)

    found = store.lines("%7Bk8s_namespace_name%3D%22llm%22%7D", expected)

    assert len(found) == expected
    assert [word for word in ("Ada", recorded.KEY, recorded.TOKEN) if word in str(found)] == []
    assert {labels["k8s_pod_name"] for labels, _ in found} == {"chat-6f7d9"}
    assert any(text == recorded.TEXTS[-1] for _, text in found)


def test_nobody_deletes_lines(store: Store) -> None:
    """Who may read, as Grafana may, must not take away what was done."""
    assert store.refuses("/loki/api/v1/delete?query=%7Bk8s_namespace_name%3D%22llm%22%7D&start=0")
