"""What breaks and what keeps each rule of planning/rules/buckets.py."""

from rule_cases.case import Case, Changes, argument


def _replaced(**families: object) -> Changes:
    return argument("custom-histogram-buckets", families)


CASES: dict[str, Case] = {
    "ENGINE-BUCKETS": Case(_replaced(request_tokens=[1, 10, 10]), _replaced(request_tokens=[1, 10, 11])),
    # A percentile is at most the last bound: one at the limit is never above it.
    "ALERT-BUCKETS": Case(_replaced(time_to_first_token=[1, 5]), _replaced(time_to_first_token=[1, 5.5])),
}
