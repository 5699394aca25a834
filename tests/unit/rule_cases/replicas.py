"""What breaks and what keeps each rule of planning/rules/replicas.py."""

from planning_stacks import model, pool

from rule_cases.case import Case, second_model, second_pool

CASES: dict[str, Case] = {
    "AUTOSCALE-FIXED": Case(
        {"models[1].autoscaling": {"requests_per_replica": 4}},
        {"models[0].autoscaling": {"requests_per_replica": 4}},
    ),
    "REPLICAS-BURST": Case(
        {**second_pool(capacity="spot"), "models[2]": model("more", ["other", "other"])},
        {
            "pools[1]": pool("other"),
            "pools[2]": pool("burst", capacity="spot"),
            "models[2]": model("more", ["other", "burst"], replicas={"min": 1, "max": 2}),
        },
    ),
    "REPLICAS-ZERO": Case({"models[0].replicas.min": 0}, {"models[0].replicas.min": 1}),
    "SPOT-FLOOR": Case(
        second_model({}, capacity="spot"),
        {
            "pools[1]": pool("other"),
            "pools[2]": pool("burst", capacity="spot"),
            "models[2]": model("more", ["other", "burst"], replicas={"min": 1, "max": 2}),
        },
    ),
}
