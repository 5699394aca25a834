"""What Prometheus scrapes by a configuration of its own is one that Prometheus takes."""

import json
import subprocess
from pathlib import Path

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.graph.stacks import ALL
from tests.graph.test_charts import releases
from tests.toolchains import PROMETHEUS


@pytest.mark.parametrize("stack", ALL)
def test_the_jobs_for_kubelets_and_api_server_are_valid(stack: str, tmp_path: Path) -> None:
    try:
        promtool = str(PROMETHEUS.binary("promtool"))
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))
    values = releases(stack)["kube-prometheus-stack"]["inputs"]["values"]
    jobs = values["prometheus"]["prometheusSpec"]["additionalScrapeConfigs"]
    assert jobs
    file = tmp_path / "prometheus.yaml"
    # YAML reads JSON. The files of the pod's token are not here.
    file.write_text(json.dumps({"scrape_configs": jobs}))
    command = [promtool, "check", "config", "--syntax-only", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
