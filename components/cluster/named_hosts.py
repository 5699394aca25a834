"""The way of pods to hosts outside the cluster, by names instead of addresses.

Cilium learns the addresses of a host from the answers of the cluster's DNS that pass its proxy, which the rule about
DNS asks for. It admits every name: these pods look up others too, and a name that the proxy refuses ends a lookup that
would have gone on with the next domain of the pod's list.
https://learn.microsoft.com/azure/aks/how-to-apply-fqdn-filtering-policies
"""

from collections.abc import Iterable, Mapping

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.cluster.network_policies import dns_by_name
from components.foundation import KubernetesCluster
from planning.plan import Json


def reach_by_name(
    name: str, policy: str, namespace: str, selected: Mapping[str, str], hosts: Iterable[str], *,
    parent: pulumi.Resource, cluster: KubernetesCluster, space: pulumi.Resource,
) -> list[pulumi.Resource]:  # fmt: skip
    """Let the pods with these labels reach the hosts by HTTPS, `*` in a name for any part of it; nothing without hosts.

    `name` is the resource's, `policy` the object's.
    """
    named: list[Json] = [{"matchPattern" if "*" in host else "matchName": host} for host in hosts]
    if not named:
        return []
    return [
        CustomResource(
            name,
            api_version="cilium.io/v2",
            kind="CiliumNetworkPolicy",
            metadata=metadata(policy, namespace),
            spec={
                "endpointSelector": {"matchLabels": dict(selected)},
                "egress": [
                    dns_by_name([{"matchPattern": "*"}]),
                    {"toFQDNs": named, "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]},
                ],
            },
            opts=in_cluster(parent, cluster, space),
        )
    ]
