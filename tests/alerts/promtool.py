"""Rules tried by Prometheus' own promtool: many test files in one run, each with rules of its own."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from tests.toolchains import PROMETHEUS

# Rules are evaluated often, so that a wait of a tenth is seen; series have a sample a minute.
EVALUATION: Final = "10s"
_SAMPLES: Final = "1m"


@dataclass(frozen=True)
class Expected:
    """What is firing under a name at a time: labels and annotations of each alert."""

    at: str
    alertname: str
    alerts: Sequence[tuple[Mapping[str, str], Mapping[str, str]]]


@dataclass(frozen=True)
class Trial:
    """Rules, series (name with labels → values in promtool's notation), and what fires when."""

    name: str
    rules: Sequence[Mapping[str, Any]]
    series: Mapping[str, str]
    expected: Sequence[Expected]
    every: str = EVALUATION

    def files(self, directory: Path, index: int) -> Path:
        """The test file, beside a file of its rules; YAML reads JSON."""
        rules = directory / f"rules-{index}.json"
        rules.write_text(json.dumps({"groups": [{"name": "tried", "rules": list(self.rules)}]}))
        test = {
            "interval": _SAMPLES,
            "input_series": [{"series": name, "values": values} for name, values in self.series.items()],
            "alert_rule_test": [
                {
                    "eval_time": expected.at,
                    "alertname": expected.alertname,
                    "exp_alerts": [
                        {"exp_labels": dict(labels), "exp_annotations": dict(annotations)}
                        for labels, annotations in expected.alerts
                    ],
                }
                for expected in self.expected
            ],
        }
        file = directory / f"test-{index}.json"
        file.write_text(json.dumps({"rule_files": [rules.name], "evaluation_interval": self.every, "tests": [test]}))
        return file


def failures(trials: Sequence[Trial], directory: Path) -> dict[str, str]:
    """Trials that did not give what was expected, each with promtool's report; all are one run."""
    files = {str(trial.files(directory, index)): trial.name for index, trial in enumerate(trials)}
    report = directory / "report.xml"
    command = [str(PROMETHEUS.binary("promtool")), "test", f"--junit={report}", "rules", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    suites = ET.parse(report).getroot().findall("testsuite")  # noqa: S314 - promtool's own report
    failed = {
        files[suite.attrib["name"]]: "\n".join(suite.itertext())
        for suite in suites
        if suite.attrib["failures"] != "0" or suite.attrib["errors"] != "0"
    }
    if len(suites) != len(files) or bool(failed) != bool(done.returncode):
        raise RuntimeError(done.stdout + done.stderr)
    return failed


def check(rules: Sequence[Mapping[str, Any]], directory: Path) -> None:
    """Promtool accepts the rules.

    Raises:
        subprocess.CalledProcessError: it does not; the output says why.

    """
    file = directory / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "checked", "rules": list(rules)}]}))
    subprocess.run([str(PROMETHEUS.binary("promtool")), "check", "rules", str(file)], check=True, capture_output=True)
