"""Where pods of charts sign in outside the cluster, by the names of hosts instead of addresses."""

from collections.abc import Mapping

import pulumi

from components.cluster.named_hosts import reach_by_name
from components.foundation import KubernetesCluster
from planning.plan import ChartTrafficPlan

_POLICY = "sign-in"


def sign_in_by_name(
    name: str, namespace: str, selected: Mapping[str, str], plan: ChartTrafficPlan, *, parent: pulumi.Resource,
    cluster: KubernetesCluster, space: pulumi.Resource,
) -> list[pulumi.Resource]:  # fmt: skip
    """Let the pods with these labels reach the hosts of the Plan by HTTPS; nothing where it names none."""
    return reach_by_name(
        f"{name}-{_POLICY}-by-name", _POLICY, namespace, selected, plan.sign_in_hosts, parent=parent, cluster=cluster,
        space=space,
    )  # fmt: skip
