"""What breaks and what keeps each rule of planning/rules/logs.py."""

from typing import Any

from rule_cases.case import Case
from rule_cases.production import PROD


def _logs(backend: str = "loki", audit: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {"observability.logs": {"backend": backend, **more}}
    return kept if audit is None else {**kept, "observability.audit": audit}


_TEXTS = {
    "models[0].engine.args.logging-config.formatter": "text",
}

CASES: dict[str, Case] = {
    "LOGS-BACKEND": Case(_logs("container_insights"), _logs("container_insights", {}, retention_days=90)),
    "LOGS-TWICE": Case(_logs(audit={}), _logs(audit={"container_logs": False})),
    # 64 GiB, of which 51.2 may be full.
    "LOGS-DISK": Case(_logs(daily_gib=1.71), _logs(daily_gib=1.70)),
    "LOGS-SHORT-PROD": Case({**PROD, **_logs(retention_days=6)}, {**PROD, **_logs(retention_days=7)}),
    "LOGS-ENGINE": Case({**_logs(), **_TEXTS}, _TEXTS),
}
