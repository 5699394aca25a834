"""What breaks and what keeps each rule of planning/rules/objectives.py."""

from typing import Any

from rule_cases.case import Case, Changes

KEPT = {"observability.retention_days": 31}


def slo(**promised: Any) -> Changes:
    """What the first model promises, with metrics that are kept for long enough."""
    return {"models[0].slo": promised, **KEPT}


def busy(**differences: Any) -> Changes:
    """A replica that writes 800 tokens a second, 100 requests at once, each with 4,000 tokens of prompt of 5,000."""
    expected = {"input_tokens_per_second": 3200, "output_tokens_per_second": 800}
    return {"models[0].expected": expected, "models[0].typical_tokens": 5000, **differences}


def replicas(number: int, start_minutes: int) -> Changes:
    """Those of the first model."""
    return {"models[0].replicas": {"min": number, "max": 2}, "models[0].start_minutes": start_minutes}


CASES: dict[str, Case] = {
    "SLO-BUCKET": Case(slo(itl_p95_ms=80), slo(itl_p95_ms=75)),
    "SLO-TOKENS": Case(
        {"models[1].slo": {"ttft_p95_seconds": 2.5}, **KEPT}, {"models[1].slo": {"availability": 0.99}, **KEPT}
    ),
    "SLO-SPEED": Case({**slo(ttft_p95_seconds=1), **busy()}, {**slo(ttft_p95_seconds=2.5), **busy()}),
    "SLO-TIMEOUT": Case(
        {**slo(ttft_p95_seconds=640), "gateway.request_timeout_seconds": 640},
        {**slo(ttft_p95_seconds=640), "gateway.request_timeout_seconds": 641},
    ),
    "SLO-RETENTION": Case(
        {**slo(availability=0.999), "observability.retention_days": 29},
        {**slo(availability=0.999), "observability.retention_days": 30},
    ),
    "SLO-LOOSE": Case(slo(availability=0.93), slo(availability=0.94)),
    "SLO-PROOF": Case(slo(availability=0.999, requests_per_day=166), slo(availability=0.999, requests_per_day=167)),
    "SLO-SINGLE": Case(
        {**slo(availability=0.9995), **replicas(1, 22)}, {**slo(availability=0.9995), **replicas(1, 21)}
    ),
}
