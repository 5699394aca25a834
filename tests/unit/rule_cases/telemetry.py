"""What breaks and what keeps each rule of planning/rules/telemetry.py."""

from typing import Any

from rule_cases.case import Case
from rule_cases.production import PROD

_OUTSIDE = "https://traces.acme.example"


def _traces(backend: str = "tempo", **more: Any) -> dict[str, Any]:
    return {"observability.traces": {"backend": backend, **more}}


def _tenant(**more: Any) -> dict[str, Any]:
    return {"tenants": [{"name": "team-a", "key_secret": "key-team-a", **more}]}


_ELSEWHERE = {
    "models[0].engine.args.otlp-traces-endpoint": "http://elsewhere:4317",
    "models[0].engine.unsafe": [{"flag": "otlp-traces-endpoint", "reason": "our own collector"}],
}

CASES: dict[str, Case] = {
    "TRACE-BACKEND": Case(_traces("jaeger", retention_days=7), _traces("tempo", retention_days=7)),
    # 32 GiB, of which 25.6 may be full, for 7 days.
    "TRACE-DISK": Case(_traces(daily_gib=3.66), _traces(daily_gib=3.65)),
    # As much for a day as the usual disk has for the usual days.
    "TRACE-UNMEASURED": Case(_traces(retention_days=8), _traces(retention_days=14, storage_gib=64)),
    "TRACE-CLEARTEXT": Case(
        _traces("otlp", endpoint="http://traces.acme.example:4318"),
        _traces("otlp", endpoint="http://traces.observability.svc.cluster.local:4318"),
    ),
    "TRACE-JAEGER-PROD": Case({**PROD, **_traces("jaeger")}, {**PROD, **_traces()}),
    "TRACE-ALL-PROD": Case({**PROD, **_traces(sampling=1.0)}, {**PROD, **_traces(sampling=0.99)}),
    "TRACE-PROMPTS": Case(
        {**_traces(), **_tenant(record_prompts=True)},
        {**_traces(capture_prompts=True), **_tenant(record_prompts=True)},
    ),
    "TRACE-PROMPTS-PROD": Case(
        {**PROD, **_traces(capture_prompts=True), **_tenant(record_prompts=True)},
        {**PROD, **_traces(capture_prompts=True), **_tenant()},
    ),
    "TRACE-RESIDENCY": Case(
        {
            **_traces("otlp", endpoint=_OUTSIDE, capture_prompts=True),
            **_tenant(record_prompts=True, data_residency="cluster"),
        },
        {**_traces(capture_prompts=True), **_tenant(record_prompts=True, data_residency="cluster")},
    ),
    "TRACE-ENGINE": Case({**_traces(), **_ELSEWHERE}, _ELSEWHERE),
}
