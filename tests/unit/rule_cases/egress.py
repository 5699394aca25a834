"""What breaks and what keeps each rule of planning/rules/egress.py."""

from rule_cases.case import Case, args
from rule_cases.media import SEES

BY_NAME = {"network.egress": "fqdn"}

CASES: dict[str, Case] = {
    "NET-EGRESS": Case(
        {**SEES, **BY_NAME},
        {**SEES, **args(allowed_media_domains=["images.example.com"]), **BY_NAME},
    ),
}
