"""What breaks and what keeps each rule of planning/rules/ids.py."""

from rule_cases.case import Case
from rule_cases.entra import AUDIENCE, GROUP, of, tokens

GRAPH, ZEROS = "00000003-0000-0000-c000-000000000000", "00000000-0000-0000-0000-000000000000"
DIRECTORY = "00000000-0000-4000-8000-000000000001"

CASES: dict[str, Case] = {
    "ID-API": Case(tokens(of(groups=[GROUP]), audience=GRAPH), tokens(of(groups=[GROUP]))),
    "ID-NONE": Case(tokens(of(groups=[ZEROS])), tokens(of(groups=[GROUP]))),
    "ID-SELF": Case(tokens(of(applications=[AUDIENCE])), tokens(of(applications=[GROUP]))),
    "ID-DIRECTORY": Case(tokens(of(groups=[GROUP]), audience=DIRECTORY), tokens(of(groups=[GROUP]))),
}
