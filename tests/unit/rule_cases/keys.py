"""What breaks and what keeps each rule of planning/rules/keys.py."""

from rule_cases.case import Case

KEYS = {"security.keys": {"store": True}}

CASES: dict[str, Case] = {
    "KEYS-PRICE": Case({**KEYS, "security.vault.purge_protection": True}, {"security.keys": {"store": False}}),
    "KEYS-PURGE": Case(
        {**KEYS, "security.vault.purge_protection": False}, {**KEYS, "security.vault.purge_protection": True}
    ),
}
