"""What breaks and what keeps each rule of planning/rules/audit.py."""

from rule_cases.case import Case, Changes, argument

PROD = {"platform.environment": "prod"}
PROMPTS = {
    **argument("enable-log-requests", value=True),
    "models[0].engine.unsafe": [{"flag": "enable-log-requests", "reason": "a trial"}],
}


def audit(**keys: object) -> Changes:
    return {"observability.audit": keys}


CASES: dict[str, Case] = {
    "AUDIT-CONTAINERS": Case({**PROD, **audit(container_logs=False)}, {**PROD, **audit(container_logs=True)}),
    "AUDIT-LIMIT": Case({**PROD, **audit(daily_gb=1)}, {**PROD, **audit()}),
    "AUDIT-MISSING-PROD": Case(PROD, {**PROD, **audit()}),
    "AUDIT-PROMPTS": Case({**PROMPTS, **audit()}, {**PROMPTS, **audit(container_logs=False)}),
}
