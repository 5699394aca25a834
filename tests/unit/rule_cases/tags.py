"""What breaks and what keeps each rule of planning/rules/tags.py."""

from rule_cases.case import Case


def tags(count: int, length: int = 1) -> dict[str, str]:
    return {f"k{number}": "v" * length for number in range(count)}


CASES: dict[str, Case] = {
    "TAG-CASE": Case({"platform.tags": {"Environment": "x"}}, {"platform.tags": {"environments": "x"}}),
    # Three are the platform's own.
    "TAG-COUNT": Case({"platform.tags": tags(13)}, {"platform.tags": tags(12)}),
    "TAG-KEY": Case({"platform.tags": {"cost/center": "1"}}, {"platform.tags": {"cost.center_of-1": "1"}}),
    "TAG-OWN": Case({"platform.tags": {"managed-by": "us"}}, {"platform.tags": {"managed-by": "pulumi"}}),
    "TAG-VALUE": Case({"platform.tags": {"note": "x" * 257}}, {"platform.tags": {"note": "x" * 256}}),
}
