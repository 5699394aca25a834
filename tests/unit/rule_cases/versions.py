"""What breaks and what keeps each rule of planning/rules/versions.py."""

from planning_stacks import CATALOG

from rule_cases.case import MIXED, Case, charts, node_images

CASES: dict[str, Case] = {
    "K8S-LTS": Case({"cluster.kubernetes": "1.33"}, {"cluster.kubernetes": "1.34"}),
    "MIG-DRIVER": Case({}, {}, knowing=(node_images("525.85.11"), node_images("525.85.12"))),
    "VERSION-CUDA": Case(
        {}, {"cluster.gpu_driver": "operator"}, knowing=(node_images("570.211.01"), node_images("570.211.01"))
    ),
    "VERSION-ENDED": Case({}, {}, knowing=(charts(gateway_helm="v1.8.3"), CATALOG)),
    "VERSION-FAULT": Case(MIXED, {}, knowing=(charts(gpu_operator="v26.7.0"), charts(gpu_operator="v26.7.0"))),
    "VERSION-PAIR": Case({}, {}, knowing=(charts(gateway_helm="v1.8.0"), charts(gateway_helm="v1.8.1"))),
    "VERSION-UNCONFIRMED": Case({}, {}, knowing=(CATALOG, charts(gateway_helm="v1.8.3"))),
    "VERSION-UNKNOWN": Case({}, {}, knowing=(charts(gateway_helm="v1.10.0"), CATALOG)),
    "VERSION-UNTESTED": Case({"cluster.kubernetes": "1.37"}, {"cluster.kubernetes": "1.36"}),
}
