"""What breaks and what keeps each rule of planning/rules/updates.py."""

from msgspec.structs import replace
from planning_stacks import CATALOG

from rule_cases.case import Case

# The cluster alone may take longer than a token lasts.
_LASTING = replace(CATALOG, azure=replace(CATALOG.azure, sign_in_minutes=24 * 60))

CASES: dict[str, Case] = {"UP-SIGN-IN": Case({}, {}, knowing=(CATALOG, _LASTING))}
