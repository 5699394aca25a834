"""What an organisation may demand of an AKS cluster and its node pools."""

from collections.abc import Iterator

from policy.policies import Policy, Setting, Values, demands
from policy.resources import UNKNOWN, Resource

CLUSTER = "azure-native:containerservice:ManagedCluster"
NODE_POOL = "azure-native:containerservice:AgentPool"


def _api_server_closed(resource: Resource, values: Values) -> Iterator[str]:
    del values
    if resource.type != CLUSTER or resource.get("apiServerAccessProfile.enablePrivateCluster") in (True, UNKNOWN):
        return
    ranges = resource.items("apiServerAccessProfile.authorizedIPRanges")
    if not ranges:
        yield "the API server is reachable from every address"
    for text in ranges:
        if str(text).endswith("/0"):
            yield f"the API server is reachable from {text}"


def _supported_add_ons(resource: Resource, values: Values) -> Iterator[str]:
    """HTTP application routing has no authentication, and the dashboard is no longer maintained."""
    del values
    for name in ("httpApplicationRouting", "kubeDashboard") if resource.type == CLUSTER else ():
        if resource.get(f"addonProfiles.{name}.enabled") is True:
            yield f"the add-on {name} is on"


def _most_nodes(resource: Resource, values: Values) -> Iterator[str]:
    if resource.type == NODE_POOL:
        nodes = resource.get("maxCount") if resource.get("enableAutoScaling") else resource.get("count")
        if isinstance(nodes, int) and nodes > values["nodes"]:
            yield f"up to {nodes} nodes, allowed: {values['nodes']}"


def _zones(resource: Resource, values: Values) -> Iterator[str]:
    if resource.type == NODE_POOL and resource.get("mode") == "System":
        zones = resource.items("availabilityZones")
        if len(zones) < values["zones"]:
            yield f"system nodes in {len(zones) or 'no'} zones, demanded: {values['zones']}"


def _families(resource: Resource, values: Values) -> Iterator[str]:
    size = resource.get("vmSize") if resource.type == NODE_POOL else None
    if not isinstance(size, str) or size == UNKNOWN or not values["prefixes"]:
        return
    if not any(size.lower().startswith(str(prefix).lower()) for prefix in values["prefixes"]):
        yield f"VM size {size}, allowed are those that begin with {', '.join(map(str, values['prefixes']))}"


def _no_public_node_addresses(resource: Resource, values: Values) -> Iterator[str]:
    del values
    if resource.type == NODE_POOL and resource.get("enableNodePublicIP") is True:
        yield "every node has a public address"


POLICIES = (
    Policy(
        "aks-private-api-server", "The API server is private.", "cluster.api_server.access: private", "mandatory",
        demands(CLUSTER, "apiServerAccessProfile.enablePrivateCluster", [True]),
        cis=("5.4.1", "5.4.2", "5.4.3"), mcsb=("NS-2",),
    ),
    Policy(
        "aks-api-server-ranges", "A public API server has ranges of addresses that may call it.",
        "cluster.api_server.authorized_ranges with your own ranges", "mandatory", _api_server_closed,
        cis=("5.4.1",), mcsb=("NS-2",),
    ),
    Policy(
        "aks-no-local-accounts", "Nobody signs in with a certificate of the cluster.", "leave disableLocalAccounts on",
        "mandatory", demands(CLUSTER, "disableLocalAccounts", [True]), cis=("5.5.1",), mcsb=("IM-1",),
    ),
    Policy(
        "aks-entra-id", "People sign in with Microsoft Entra ID.", "leave aadProfile.managed on", "mandatory",
        demands(CLUSTER, "aadProfile.managed", [True]), cis=("5.5.1",), mcsb=("IM-1",),
    ),
    Policy(
        "aks-azure-rbac", "Azure RBAC decides what people may do there.", "leave aadProfile.enableAzureRBAC on",
        "mandatory", demands(CLUSTER, "aadProfile.enableAzureRBAC", [True]), cis=("5.5.2",), mcsb=("PA-7",),
    ),
    Policy(
        "aks-workload-identity", "Pods get tokens of their own identities instead of stored credentials.",
        "leave securityProfile.workloadIdentity on", "mandatory",
        demands(CLUSTER, "securityProfile.workloadIdentity.enabled", [True]), cis=("5.2.1",), mcsb=("IM-3",),
    ),
    Policy(
        "aks-no-run-command", "Azure's run command, which passes network and RBAC of the cluster by, is off.",
        "leave apiServerAccessProfile.disableRunCommand on", "mandatory",
        demands(CLUSTER, "apiServerAccessProfile.disableRunCommand", [True]), mcsb=("PA-7",),
    ),
    Policy(
        "aks-network-policy", "The cluster enforces network policies.", "leave networkProfile.networkPolicy set",
        "mandatory", demands(CLUSTER, "networkProfile.networkPolicy", ["cilium", "azure", "calico"]),
        cis=("5.4.4",), mcsb=("NS-1",),
    ),
    Policy(
        "aks-upgrade-channel", "Azure keeps Kubernetes patched.", "cluster.upgrade_channel: patch", "mandatory",
        demands(CLUSTER, "autoUpgradeProfile.upgradeChannel", ["patch", "stable", "rapid"]), mcsb=("PV-6",),
    ),
    Policy(
        "aks-node-image-channel", "Azure keeps the nodes' operating system patched.",
        "leave autoUpgradeProfile.nodeOSUpgradeChannel set", "mandatory",
        demands(CLUSTER, "autoUpgradeProfile.nodeOSUpgradeChannel", ["NodeImage", "SecurityPatch"]), mcsb=("PV-6",),
    ),
    Policy(
        "aks-uptime-tier", "The API server has an uptime agreement.", "cluster.tier: Standard or Premium", "mandatory",
        demands(CLUSTER, "sku.tier", ["Standard", "Premium"]),
    ),
    Policy(
        "aks-no-removed-add-ons", "Add-ons without authentication, or without support, are off.",
        "leave the add-on out", "mandatory", _supported_add_ons, mcsb=("PV-2",),
    ),
    Policy(
        "node-pool-zones", "System nodes are in several availability zones.", "cluster.system_pool.zones", "mandatory",
        _zones, settings={"zones": Setting("number", 2, "the fewest zones")},
    ),
    Policy(
        "node-pool-size", "No node pool grows above a number of nodes.", "pools[].nodes.max", "mandatory", _most_nodes,
        settings={"nodes": Setting("number", 100, "the most nodes of a pool")}, mcsb=("AM-2",),
    ),
    Policy(
        "node-pool-vm-families", "Nodes are of VM sizes that the organisation allows.", "pools[].vm_size", "mandatory",
        _families, settings={"prefixes": Setting("array", [], "what a VM size may begin with; empty allows all")},
        mcsb=("AM-2",),
    ),
    Policy(
        "node-pool-no-public-addresses", "No node has a public address.", "leave enableNodePublicIP off", "mandatory",
        _no_public_node_addresses, cis=("5.4.3",), mcsb=("NS-2",),
    ),
)  # fmt: skip
