"""What breaks and what keeps each rule of planning/rules/ids.py."""

from rule_cases.case import Case
from rule_cases.entra import GROUP, of, tokens

DIRECTORY = "00000000-0000-4000-8000-000000000001"

CASES: dict[str, Case] = {
    "ID-DIRECTORY": Case(tokens(of(groups=[GROUP]), audience=DIRECTORY), tokens(of(groups=[GROUP]))),
}
