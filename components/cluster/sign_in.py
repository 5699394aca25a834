"""Where pods of charts sign in outside the cluster, by the names of hosts instead of addresses.

Cilium learns the addresses of a host from the answers of the cluster's DNS that pass its proxy, which the rule about
DNS asks for. It admits every name: pods of charts look up each other too, and a name that the proxy refuses ends a
lookup that would have gone on with the next domain of the pod's list.
https://learn.microsoft.com/azure/aks/how-to-apply-fqdn-filtering-policies
"""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.cluster.network_policies import dns_by_name
from components.foundation import KubernetesCluster
from planning.plan import ChartTrafficPlan, Json

_POLICY = "sign-in"


def sign_in_by_name(
    name: str, namespace: str, selected: Mapping[str, str], plan: ChartTrafficPlan, *, parent: pulumi.Resource,
    cluster: KubernetesCluster, space: pulumi.Resource,
) -> list[pulumi.Resource]:  # fmt: skip
    """Let the pods with these labels reach the hosts of the Plan by HTTPS; nothing where it names none."""
    if not plan.sign_in_hosts:
        return []
    hosts: list[Json] = [{"matchName": host} for host in plan.sign_in_hosts]
    return [
        CustomResource(
            f"{name}-{_POLICY}-by-name",
            api_version="cilium.io/v2",
            kind="CiliumNetworkPolicy",
            metadata=metadata(_POLICY, namespace),
            spec={
                "endpointSelector": {"matchLabels": dict(selected)},
                "egress": [
                    dns_by_name([{"matchPattern": "*"}]),
                    {"toFQDNs": hosts, "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]},
                ],
            },
            opts=in_cluster(parent, cluster, space),
        )
    ]
