"""What breaks and what keeps each rule of planning/rules/pools.py."""

from planning_stacks import model, pool

from rule_cases.case import H100_FAMILY, Case, second_model, second_pool

CASES: dict[str, Case] = {
    "DRV-OWNER": Case(
        {"pools[0].gpu.driver": "operator"},
        {"pools[0].gpu.driver": "operator", "cluster.gpu_driver": "operator"},
    ),
    "POOL-UNUSED": Case(second_pool(), second_model({})),
    "QUOTA-CORES": Case({"quota": {H100_FAMILY: 119}}, {"quota": {H100_FAMILY: 120}}),
    "QUOTA-FAMILY": Case({"quota": {"StandardNCadsH1000Family": 120}}, {"quota": {H100_FAMILY: 120}}),
    "QUOTA-SURGE": Case({"quota": {H100_FAMILY: 159}}, {"quota": {H100_FAMILY: 160}}),
    "SCALE-ZERO": Case(
        second_model({}, nodes={"min": 0, "max": 1}),
        {
            "pools[1]": pool("other"),
            "pools[2]": pool("burst", capacity="spot", nodes={"min": 0, "max": 1}),
            "models[2]": model("more", ["other", "burst"], replicas={"min": 1, "max": 2}),
        },
    ),
    "SPOT-ROTATION": Case(
        second_pool(capacity="spot", rotation="delete-first"),
        second_pool(capacity="on-demand", rotation="delete-first"),
    ),
    "VM-CLASS": Case(
        second_pool(vm_size="Standard_D8ds_v5"),
        second_pool(vm_size="Standard_D8ds_v5", **{"class": "background"}),
    ),
    "VM-UNKNOWN": Case(second_pool(vm_size="Standard_NC40ads_H100"), second_pool(vm_size="Standard_NC40ads_H100_v5")),
    "VM-UNSUPPORTED": Case(
        second_pool(vm_size="Standard_NV36ads_A10_v5"),
        second_pool(vm_size="Standard_NC24ads_A100_v4"),
    ),
}
