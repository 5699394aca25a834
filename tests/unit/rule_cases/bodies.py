"""What breaks and what keeps each rule of planning/rules/bodies.py."""

from rule_cases.case import Case

_BODY = "gateway.request_body_mib"
# 3 replicas with 22 requests and one with 8, of 50 MiB each: 3700 MiB; a proxy with its processor holds 546 MiB.
_IMAGES = {_BODY: 50, "models[0].concurrency": 22, "models[0].typical_tokens": 8000}

CASES: dict[str, Case] = {
    "PATH-BODY": Case(
        {_BODY: 1, "models[0].context": 2_000_000},
        {_BODY: 16, "models[0].context": 2_000_000},
    ),
    # 32 bodies of 17 MiB are 544 MiB.
    "PATH-CLIENT": Case({_BODY: 18}, {_BODY: 17}),
    "PATH-MEMORY": Case(_IMAGES, {**_IMAGES, "gateway.replicas": {"min": 7, "max": 8}}),
}
