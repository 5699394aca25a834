"""What breaks and what keeps each rule of planning/rules/platform.py."""

from planning_stacks import model

from rule_cases.case import Case, second_pool

CASES: dict[str, Case] = {
    "NAME-COLLISION": Case(
        {
            **second_pool(capacity="spot"),
            "models[0]": model("chat", ["h100", "other"], slice=None, replicas={"min": 1, "max": 2}),
            "models[1].name": "chat-burst",
        },
        {"models[1].name": "chat-burst"},
    ),
    "NAME-ILLEGAL": Case({"platform.name": "acme-lang-aixy"}, {"platform.name": "acme-lang-aix"}),
    "NAME-SERVICE": Case({"models[0].name": "vllm"}, {"models[0].name": "vllm-chat"}),
    "REGION-UNKNOWN": Case({"platform.region": "eastus9"}, {"platform.region": "eastus2"}),
}
