"""What breaks and what keeps each rule of planning/rules/entra.py."""

from typing import Any

from rule_cases.api_management import front
from rule_cases.case import Case, Changes

AUDIENCE, GROUP, OTHER = (f"00000000-0000-4000-8000-0000000000e{number}" for number in "123")
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


def tokens(*tenants: dict[str, Any], **more: Any) -> Changes:
    """A gateway that takes tokens, and tenants with these identities."""
    entra: dict[str, Any] = {} if more.pop("closed", False) else {"gateway.entra": {"audience": AUDIENCE} | more}
    every = [{"name": f"team-{index}", **tenant} for index, tenant in enumerate(tenants)]
    return {**entra, "gateway.prefix_cache": "shared", "tenants": every}


def of(**identities: list[str]) -> dict[str, Any]:
    return {"entra": identities}


KEYLESS = {"api_keys": False, **of(groups=[GROUP])}
CASES: dict[str, Case] = {
    "ENTRA-LISTENER": Case(tokens(of(groups=[GROUP]), closed=True), tokens(of(groups=[GROUP]))),
    "ENTRA-NOBODY": Case(tokens({}), tokens({}, of(roles=["Models.TeamA"]))),
    "ENTRA-TWICE": Case(
        tokens(of(groups=[GROUP]), of(groups=[OTHER, GROUP])),
        # The same value in claims of two kinds is no collision.
        tokens(of(groups=[GROUP]), of(groups=[OTHER], applications=[GROUP])),
    ),
    "ENTRA-EVERYBODY": Case(tokens(of(applications=[AZURE_CLI])), tokens(of(applications=[OTHER]))),
    "ENTRA-KEY": Case({**tokens({}, KEYLESS), **front()}, {**tokens({}, of(groups=[GROUP])), **front()}),
    "ENTRA-PORT-TAKEN": Case(tokens(KEYLESS, {}, port=1064), tokens(KEYLESS, {}, port=1065)),
    "ENTRA-PORT": Case(tokens(KEYLESS, port=8443), tokens(KEYLESS, {}, port=8443)),
}
