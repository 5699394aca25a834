"""What proxies exchange with hosts outside: tokens and their keys, and everything that policies open by name."""

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicySpecArgsDict

from components.cluster.labels import proxies_of
from components.cluster.named_hosts import reach_by_name
from components.cluster.network_policies import https
from components.cluster.telemetry_traffic import proxies_tracing
from components.foundation import KubernetesCluster
from planning.plan import GatewayPlan

# The only listener below 1024, whose port Envoy Gateway moves; the policy of the proxies has it.
_HTTPS = 443


def optional_traffic(plan: GatewayPlan) -> dict[str, NetworkPolicySpecArgsDict]:
    """Policies of what only some stacks have: tokens, traces."""
    return {**token_traffic(plan), **proxies_tracing(plan)}


def token_traffic(plan: GatewayPlan) -> dict[str, NetworkPolicySpecArgsDict]:
    """A policy in the proxies' namespace by its name; none where no tokens are taken.

    Where hosts are named, a policy by names (`named_traffic`) has the way to their keys.
    """
    tokens = plan.tokens
    if tokens is None:
        return {}
    opens, fetches = tokens.port != _HTTPS, not plan.hosts_by_name
    if not opens and not fetches:
        return {}
    policy: NetworkPolicySpecArgsDict = {
        "pod_selector": {"match_labels": proxies_of(plan.gateway, plan.namespace)},
        "policy_types": [*(["Ingress"] if opens else []), *(["Egress"] if fetches else [])],
    }
    if opens:
        policy["ingress"] = [{"ports": [{"protocol": "TCP", "port": tokens.port}]}]
    if fetches:
        policy["egress"] = [https(addresses) for addresses in tokens.addresses]
    return {"proxies-tokens": policy}


def named_traffic(
    name: str, plan: GatewayPlan, *, parent: pulumi.Resource, cluster: KubernetesCluster, space: pulumi.Resource
) -> list[pulumi.Resource]:
    """The policy by names, where the stack has them and proxies go anywhere."""
    keys = [plan.tokens.host] if plan.tokens is not None else []
    hosts = sorted({*plan.fallback_hosts, *keys})
    if not plan.hosts_by_name:
        return []
    selected = {f"k8s:{key}": value for key, value in proxies_of(plan.gateway, plan.namespace).items()}
    return reach_by_name(
        name, "proxies", plan.envoy.namespace, selected, hosts, parent=parent, cluster=cluster, space=space
    )
