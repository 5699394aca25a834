"""What breaks and what keeps each rule of planning/rules/registry.py."""

from rule_cases.case import Case

ACCOUNT = {"username_secret": "docker-hub-name", "token_secret": "docker-hub-token"}

CASES: dict[str, Case] = {
    "REGISTRY-ANONYMOUS": Case(
        {"registry": {"images": "upstream"}}, {"registry": {"images": "cached", "docker_hub": ACCOUNT}}
    ),
    "REGISTRY-OWN": Case({"registry": {"images": "upstream"}}, {"registry": {"images": "cached"}}),
    "REGISTRY-IMPORTED": Case({"registry": {"imported": ["gcr.io"]}}, {"registry": {"imported": ["nvcr.io"]}}),
}
