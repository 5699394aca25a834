"""What breaks and what keeps each rule of planning/rules/placement.py."""

from rule_cases.case import Case, many_sizes, pair_and_singles, second_model

CASES: dict[str, Case] = {
    "PLACE-CAPACITY": Case({"models[0].replicas.max": 6}, {"models[0].replicas.max": 5}),
    "PLACE-FEWEST": Case(
        second_model({"replicas": {"min": 2, "max": 2}, "engine": {"tensor_parallel": 2}}),
        second_model({"replicas": {"min": 2, "max": 2}, "engine": {"tensor_parallel": 2}}, nodes={"min": 2, "max": 2}),
    ),
    "PLACE-FRAGMENT": Case(pair_and_singles(nodes=2), pair_and_singles(nodes=3)),
    "PLACE-HOST-MEMORY": Case(
        {"models[0].resources": {"cpu": 8, "memory_gib": 9}},
        {"models[0].resources": {"cpu": 8, "memory_gib": 10}},
    ),
    "PLACE-NODE": Case(
        {"models[0].resources": {"cpu": 40, "memory_gib": 32}},
        {"models[0].resources": {"cpu": 20, "memory_gib": 32}},
    ),
    "PLACE-SPREAD": Case(
        second_model({"replicas": {"min": 2, "max": 2}}, nodes={"min": 1, "max": 1}),
        second_model({"replicas": {"min": 2, "max": 2}}, nodes={"min": 1, "max": 2}),
    ),
    "PLACE-UNDECIDED": Case(many_sizes(27), many_sizes(2)),
}
