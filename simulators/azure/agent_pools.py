"""What AKS demands of a cluster's pools as a whole: a system pool at all times, and none that comes with the cluster.

Source: https://learn.microsoft.com/azure/aks/use-system-pools; Secure Boot and GPUs,
https://learn.microsoft.com/azure/aks/use-trusted-launch; for pools inside the cluster's own resource
Azure/AKS#2495 and microsoft/tyger#121 (the refusal of a pool that does not exist), pulumi/pulumi-azure-native#579 and
#1686 (one that is left out stays), #2719 (a deleted one that is sent again). What differs: a refresh answers the pools
of the cluster's own resource as they were sent, where AKS lists every pool of the cluster.
"""

from collections.abc import Mapping
from typing import Any, Final

from simulators.azure.cloud import Cloud
from simulators.provider_protocol.calls import RefusedError

CLUSTER: Final = "containerservice:ManagedCluster"
POOL: Final = "containerservice:AgentPool"
INLINE: Final = "agentPoolProfiles"
_NEW: Final = (
    "BadRequest: A new agent pool was introduced. Adding agent pools to an existing cluster is not allowed through "
    "managed cluster operations. For agent pool specific change, please use per agent pool operations: "
    "https://aka.ms/agent-pool-rest-api"
)
_NONE: Final = "MustDefineAtLeastOneSystemPool: there has to be at least one system agent pool"

Pool = Mapping[str, Any]


def require_system_pool(cloud: Cloud, token: str, id_: str, inputs: Mapping[str, Any]) -> None:
    """Refuse a cluster or a pool that is to be created or changed so that AKS would not have it.

    Raises:
        RefusedError: in the words of AKS, as far as they are known.
    """
    if token == CLUSTER:
        _require_of_cluster(cloud, id_, inputs)
    elif token == POOL:
        _require_of_pool(inputs)
        _require_another(cloud, id_, stays=inputs.get("mode") == "System")


def require_another_system_pool(cloud: Cloud, token: str, id_: str) -> None:
    """Refuse to delete the last system pool of a cluster that stays.

    Raises:
        RefusedError: it is the last one.
    """
    if token == POOL:
        _require_another(cloud, id_, stays=False)


def _require_of_cluster(cloud: Cloud, id_: str, inputs: Mapping[str, Any]) -> None:
    given = inputs.get(INLINE) or []
    if cloud.find(id_) is not None:
        known = pools_of(cloud, id_)
        if any(pool["name"] not in known for pool in given):
            raise RefusedError(_NEW)
        return
    for pool in given:
        _require_of_pool(pool)
    if not any(pool.get("mode") == "System" for pool in given):
        raise RefusedError(_NONE)


def _require_of_pool(pool: Pool) -> None:
    if (pool.get("securityProfile") or {}).get("enableSecureBoot") and (pool.get("gpuProfile") or {}).get("driver"):
        # AKS refuses its own driver beside Secure Boot; with none, no module of the GPU Operator's would be loaded.
        raise RefusedError("InvalidParameter: Secure Boot on a GPU node pool needs nodes without a GPU driver of AKS")
    if pool.get("mode") != "System":
        return
    if pool.get("scaleSetPriority") == "Spot":
        raise RefusedError("InvalidParameter: a system node pool can't have the priority Spot")
    least = pool.get("minCount") if pool.get("enableAutoScaling") else pool.get("count", 1)
    if not least:
        raise RefusedError("InvalidParameter: a system node pool has at least one node")


def _require_another(cloud: Cloud, id_: str, *, stays: bool) -> None:
    # Azure compares ids without regard to case, so the segment between the two may be written in any.
    cluster, _, name = id_.rsplit("/", 2)
    pools = pools_of(cloud, cluster)
    others = [known for known, pool in pools.items() if known != name.lower() and pool.get("mode") == "System"]
    if not stays and not others and pools.get(name.lower(), {}).get("mode") == "System":
        raise RefusedError(_NONE)


def pools_of(cloud: Cloud, cluster_id: str) -> dict[str, Pool]:
    """Every pool of a cluster by name, as it was last given; empty where there is no cluster."""
    cluster = cloud.find(cluster_id)
    if cluster is None:
        return {}
    inline = {pool["name"]: pool for pool in cluster.inputs.get(INLINE) or []}
    return inline | {
        pool.inputs["agentPoolName"]: pool.inputs for pool in cloud.below(cluster_id) if pool.token == POOL
    }


def kept(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What a cluster has after an update: pools of its own resource that the update leaves out stay."""
    given = {pool["name"] for pool in new.get(INLINE) or []}
    left_out = [pool for pool in old.get(INLINE) or [] if pool["name"] not in given]
    return {**new, INLINE: [*(new.get(INLINE) or []), *left_out]} if left_out else dict(new)


def matched(cloud: Cloud, cluster_id: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that a cluster has, its pools in the order of `inputs`: AKS knows pools by name."""
    found = cloud.find(cluster_id)
    old = dict(found.inputs) if found is not None else {}
    if INLINE not in inputs:
        return {key: value for key, value in old.items() if key != INLINE}
    known = pools_of(cloud, cluster_id)
    given = inputs[INLINE] or []
    return {**old, INLINE: [{key: known[pool["name"]].get(key, pool[key]) for key in pool} for pool in given]}
