"""What breaks and what keeps each rule of planning/rules/versions.py."""

from planning_stacks import CATALOG

from rule_cases.case import MIXED, Case, charts, node_images

# The newest minor versions, which are the only ones that get fixes.
CURRENT = charts(external_secrets="2.14.0", kube_prometheus_stack="92.3.0")
# The AI gateway works with every Envoy Gateway from 1.8.1 on, and is tested with 1.8 alone.
BEFORE = charts(ai_gateway_helm="v1.1.0", ai_gateway_crds_helm="v1.1.0")
CASES: dict[str, Case] = {
    "MIG-DRIVER": Case({}, {}, knowing=(node_images("525.85.11"), node_images("525.85.12"))),
    "VERSION-CUDA": Case(
        {}, {"cluster.gpu_driver": "operator"}, knowing=(node_images("570.211.01"), node_images("570.211.01"))
    ),
    "VERSION-ENDED": Case({}, {}, knowing=(CATALOG, CURRENT)),
    "VERSION-FAULT": Case(MIXED, {}, knowing=(charts(gpu_operator="v26.7.0"), charts(gpu_operator="v26.7.0"))),
    "VERSION-PAIR": Case({}, {}, knowing=(charts(gateway_helm="v1.9.1"), charts(gateway_helm="v1.9.2"))),
    "VERSION-UNCONFIRMED": Case({}, {}, knowing=(BEFORE, CATALOG)),
    "VERSION-UNKNOWN": Case({}, {}, knowing=(charts(gateway_helm="v1.10.0"), CATALOG)),
    "VERSION-UNTESTED": Case({"cluster.kubernetes": "1.37"}, {"cluster.kubernetes": "1.36"}),
}
