"""Usage as Prometheus records it: both keys of a tenant are one, by the model's name in the request."""

import json
import subprocess
from pathlib import Path

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.alerts.expositions import LIMITED, watched
from tests.toolchains import PROMETHEUS
from tests.usage_history import JOB

_TOKENS = "tenant_model_type:llm_tokens:rate5m"
_REQUESTS = "tenant_model:llm_requests:rate5m"


def _series(metric: str, pod: str, tenant: str, model: str, answered: str, more: str = "") -> str:
    names = f'gen_ai_original_model="{model}",gen_ai_request_model="{answered}"'
    return f'{metric}{{job="{JOB}",pod="{pod}",tenant="{tenant}",{names}{more}}}'


def test_rates_are_by_tenant_and_model(tmp_path: Path) -> None:
    try:
        promtool = PROMETHEUS.binary("promtool")
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))
    (rules,) = [entry["inputs"]["spec"] for entry in watched(LIMITED) if entry["type"].endswith(":PrometheusRule")]
    recorded = [rule for group in rules["groups"] for rule in group["rules"] if "record" in rule]
    (tmp_path / "rules.json").write_text(json.dumps({"groups": [{"name": "usage", "rules": recorded}]}))
    tokens, requests = "gen_ai_client_token_usage_sum", "gen_ai_server_request_duration_seconds_count"
    read = ',gen_ai_token_type="input"'
    test = {
        "interval": "30s",
        "input_series": [
            {"series": _series(tokens, "envoy-a", "team-a", "chat", "chat", read), "values": "0+30x40"},
            {"series": _series(tokens, "envoy-b", "team-a.2", "chat", "gpt-5-mini", read), "values": "0+60x40"},
            {"series": _series(tokens, "envoy-b", "team-a-2", "chat", "chat", read), "values": "0+90x40"},
            {"series": _series(requests, "envoy-a", "team-a", "chat", "chat"), "values": "0+15x40"},
            {"series": _series(requests, "envoy-b", "team-a.2", "chat", "gpt-5-mini"), "values": "0+15x40"},
        ],
        "promql_expr_test": [
            {
                "expr": _TOKENS,
                "eval_time": "15m",
                "exp_samples": [
                    {"labels": f'{_TOKENS}{{gen_ai_token_type="input",model="chat",tenant="team-a"}}', "value": 3},
                    {"labels": f'{_TOKENS}{{gen_ai_token_type="input",model="chat",tenant="team-a-2"}}', "value": 3},
                ],
            },
            {
                "expr": _REQUESTS,
                "eval_time": "15m",
                "exp_samples": [{"labels": f'{_REQUESTS}{{model="chat",tenant="team-a"}}', "value": 1}],
            },
        ],
    }
    file = tmp_path / "test.json"
    file.write_text(json.dumps({"rule_files": ["rules.json"], "evaluation_interval": "30s", "tests": [test]}))
    done = subprocess.run([str(promtool), "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
