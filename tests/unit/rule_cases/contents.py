"""What breaks and what keeps each rule of planning/rules/contents.py."""

from rule_cases.case import Case

CASES: dict[str, Case] = {
    "STORE-WEIGHTS": Case({"models[0].source": {"blob": "qwen3-8b/1", "model": "Qwen/Qwen3-8B"}}, {}),
    # All but one of the stack's secrets, and all of them.
    "VAULT-SECRETS": Case(
        {},
        {
            "gateway.certificate": "only",
            "tenants": [{"name": "playground", "key_secret": "only"}],
            "observability.receivers": [],
            "registry": {"images": "upstream"},
        },
        bootstrap=("", "only"),
    ),
}
