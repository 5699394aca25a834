"""What breaks and what keeps each rule of planning/rules/sharing.py."""

from planning_stacks import pool

from rule_cases.case import H100, TURNS, Case, engine, second_model

CASES: dict[str, Case] = {
    "SHARE-GPU": Case(
        {"pools[1]": pool("other", **{"class": "background"}, vm_size="Standard_D8ds_v5", gpu=TURNS)},
        second_model({}, vm_size=H100, gpu=TURNS),
    ),
    "SHARE-ISOLATION": Case(second_model({}, vm_size=H100, gpu=TURNS), second_model({}, vm_size=H100)),
    "SHARE-MEMORY": Case(
        second_model(
            {"engine": {"gpu_memory_utilization": 0.48}, "replicas": {"min": 2, "max": 2}}, vm_size=H100, gpu=TURNS
        ),
        second_model(
            {"engine": {"gpu_memory_utilization": 0.475}, "replicas": {"min": 2, "max": 2}}, vm_size=H100, gpu=TURNS
        ),
    ),
    "SHARE-REPLICAS": Case(
        {"pools[1]": pool("other", gpu={"sharing": "mps", "replicas": 49})},
        {"pools[1]": pool("other", gpu={"sharing": "mps", "replicas": 48})},
    ),
    "SHARE-TP": Case(second_model(engine(tensor_parallel=2), gpu=TURNS), second_model(engine(tensor_parallel=2))),
}
