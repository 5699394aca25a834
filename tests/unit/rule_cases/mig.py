"""What breaks and what keeps each rule of planning/rules/mig.py."""

from planning_stacks import DROP

from rule_cases.case import Case, second_model, second_pool

CASES: dict[str, Case] = {
    "MIG-GPU": Case(
        second_pool(vm_size="Standard_NC16as_T4_v3", gpu={"sharing": "mig", "layout": ["1g.12gb"]}),
        second_pool(vm_size="Standard_NC24ads_A100_v4", gpu={"sharing": "mig", "layout": ["1g.10gb"]}),
    ),
    "MIG-LAYOUTS": Case(
        second_model({"slice": "7g.94gb"}, gpu={"sharing": "mig", "layouts": [["7g.94gb"]]}),
        second_model({"slice": "7g.94gb"}, gpu={"sharing": "mig", "layouts": [["7g.94gb"], ["3g.47gb"]]}),
    ),
    "MIG-PACKING": Case(
        second_pool(gpu={"sharing": "mig", "layout": ["3g.47gb", "3g.47gb", "1g.12gb"]}),
        second_pool(gpu={"sharing": "mig", "layout": ["3g.47gb", "2g.24gb", "1g.12gb", "1g.12gb"]}),
    ),
    "MIG-PROFILE": Case(
        second_pool(gpu={"sharing": "mig", "layout": ["3g.40gb"]}),
        second_pool(gpu={"sharing": "mig", "layout": ["3g.47gb"]}),
    ),
    "MIG-FIXED": Case(
        second_pool(gpu={"sharing": "mig", "layout": ["3g.47gb", "2g.24gb"]}, nodes={"min": 1, "max": 2}),
        second_pool(gpu={"sharing": "mig", "layout": ["3g.47gb", "2g.24gb"]}, nodes={"min": 2, "max": 2}),
    ),
    "MIG-SCALE-ZERO": Case({"pools[0].nodes.min": 0, "cluster.gpu_driver": "operator"}, {"pools[0].nodes.min": 0}),
    "MIG-SLICE": Case(
        {"pools[0].gpu.layout": ["3g.47gb", "2g.24gb"], "models[0].slice": DROP},
        {"pools[0].gpu.layout": ["3g.47gb", "3g.47gb"], "models[0].slice": DROP},
    ),
    "MIG-UNSUPPORTED": Case(
        second_pool(gpu={"sharing": "mig", "layout": ["1g.12gb+me"]}),
        second_pool(gpu={"sharing": "mig", "layout": ["1g.12gb"]}),
    ),
}
