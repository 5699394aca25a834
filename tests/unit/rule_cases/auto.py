"""What breaks and what keeps each rule of planning/rules/auto.py."""

from planning_stacks import model, pool

from rule_cases.case import Case, second_model

CASES: dict[str, Case] = {
    "POOL-AUTO": Case(second_model({"pool": "auto"}), second_model({})),
    "POOL-AUTO-NAME": Case(
        {"pools[1]": pool("auto"), "models[2]": model("more", "auto")},
        {"pools[1]": pool("auto2"), "models[2]": model("more", "auto2")},
    ),
    "POOL-AUTO-NONE": Case(
        {"models[2]": model("more", "auto", engine={"tensor_parallel": 2})},
        second_model({"pool": "auto", "engine": {"tensor_parallel": 2}}),
    ),
}
