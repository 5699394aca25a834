"""Nodes and cluster are hardened as far as Azure lets them be, and no node with GPUs is left without its driver."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

import catalog
from simulators.azure.cloud import AzureObject, Cloud
from simulators.network import security_groups
from tests.graph.stacks import ALL, STACKS, Entry, Sections, entries_of, graph_of, is_azure, sections_of
from tests.graph.test_graph import type_of

POOL, CLUSTER, GROUP = "containerservice:AgentPool", "containerservice:ManagedCluster", "network:NetworkSecurityGroup"
LOCK = "authorization:ManagementLockByScope"
HARDENED = {"encryption_at_host": True, "trusted_launch": True, "ssh": "disabled"}
CATALOG = catalog.load()
each_stack = pytest.mark.parametrize("stack", ALL)


def of_type(entries: Sequence[Entry], type_: str) -> list[Mapping[str, Any]]:
    return [entry["inputs"] for entry in entries if is_azure(entry) and type_of(entry) == type_]


def named(entries: Sequence[Entry], suffix: str) -> Entry:
    (found,) = [entry for entry in entries if entry["urn"].endswith(f"::{suffix}")]
    return found


def edited(stack: str, edit: Callable[[Sections], object]) -> tuple[Entry, ...]:
    return tuple(graph_of(stack, edit).to_json())


def hardened(stack: str, **more: Any) -> tuple[Entry, ...]:
    def edit(sections: Sections) -> None:
        sections.setdefault("security", {})["nodes"] = dict(HARDENED)
        sections["cluster"].update(more)

    return edited(stack, edit)


@each_stack
@pytest.mark.parametrize("driver", ["aks", "operator"])
def test_hardened_pools_are_encrypted_measured_and_without_ssh(stack: str, driver: str) -> None:
    pools = of_type(hardened(stack, gpu_driver=driver), POOL)
    for pool in pools:
        size = CATALOG.vm_sizes[pool["vmSize"]]
        assert pool["enableEncryptionAtHost"] is True
        assert pool["securityProfile"]["sshAccess"] == "Disabled"
        assert pool["securityProfile"].get("enableVTPM", False) == (
            size.name not in CATALOG.azure.trusted_launch.without
        )
        # The driver of AKS excludes Secure Boot, and the modules of the GPU Operator aren't signed.
        assert "enableSecureBoot" not in pool["securityProfile"] or size.gpu is None
    assert any(pool["securityProfile"].get("enableSecureBoot") for pool in pools)
    assert any(CATALOG.vm_sizes[pool["vmSize"]].gpu for pool in pools)


def test_the_first_pool_of_a_new_cluster_is_hardened_too() -> None:
    (cluster,) = of_type(hardened("prod"), CLUSTER)
    (first,) = cluster["agentPoolProfiles"]
    assert first["enableEncryptionAtHost"] is True
    assert first["securityProfile"] == {"enableSecureBoot": True, "enableVTPM": True, "sshAccess": "Disabled"}


@each_stack
def test_a_stack_that_asks_for_no_hardening_keeps_its_pools(stack: str) -> None:
    """Azure would make every pool again: an update of the program alone must not."""

    def edit(sections: Sections) -> None:
        sections.get("security", {}).pop("nodes", None)

    entries = edited(stack, edit)
    for pool in [*of_type(entries, POOL), *of_type(entries, CLUSTER)[0]["agentPoolProfiles"]]:
        assert {"enableEncryptionAtHost", "securityProfile"}.isdisjoint(pool)


@pytest.mark.parametrize("key", sorted(HARDENED))
def test_another_hardening_is_another_pool(key: str) -> None:
    """Never an update in place, which Azure refuses or does under running models."""

    def names(edit: Callable[[Sections], object]) -> set[str]:
        return {pool["agentPoolName"] for pool in of_type(edited("prod", edit), POOL)}

    def without(sections: Sections) -> None:
        sections["security"]["nodes"].pop(key)

    assert names(lambda _: None).isdisjoint(names(without))


@pytest.mark.parametrize("stack", STACKS)
def test_the_shipped_stacks_are_hardened(stack: str) -> None:
    assert sections_of(stack)["security"]["nodes"] == HARDENED


@each_stack
def test_nobody_outside_the_cluster_reaches_kubelets_or_ssh(stack: str) -> None:
    """Every peered network counts as `VirtualNetwork`, the one from which the stack is updated included."""
    cloud, subnets = Cloud(), {}
    for entry in entries_of(stack):
        if is_azure(entry):
            id_, inputs = f"/{entry['urn'].split('::')[-1]}", dict(entry["inputs"])
            if type_of(entry) == "network:Subnet" and inputs.get("networkSecurityGroup"):
                inputs["networkSecurityGroup"] = {"id": id_.replace("-subnet-", "-rules-")}
            cloud.put(AzureObject(id_, type_of(entry), inputs, {"fqdn": "x"}))
    for source, subnet, ports in security_groups.let_in(cloud):
        subnets.setdefault(subnet, {})[source] = ports.words()
    nodes = subnets["snet-nodes"]
    assert nodes["VirtualNetwork"] == ["any but TCP 22 and TCP 10250"]
    assert nodes["AzureLoadBalancer"] == ["any"]
    for inside in ("snet-nodes", "snet-api-server", security_groups.PODS):
        assert nodes[inside] == ["any but TCP 22"]


@pytest.mark.parametrize(
    ("stack", "settings", "policy", "cleaner", "group"),
    [
        ("prod", {}, {"enabled": True}, {"enabled": True, "intervalHours": 720}, {"restrictionLevel": "ReadOnly"}),
        ("dev", {}, None, None, None),
        ("dev", {"azure_policy": True, "image_cleaner": True, "node_resource_group": "read-only"},
         {"enabled": True}, {"enabled": True, "intervalHours": 720}, {"restrictionLevel": "ReadOnly"}),
        # AKS keeps what is left out, so what is off is named as off.
        ("prod", {"azure_policy": False, "image_cleaner": False, "node_resource_group": "unrestricted"},
         {"enabled": False}, {"enabled": False, "intervalHours": 2160}, {"restrictionLevel": "Unrestricted"}),
    ],
)  # fmt: skip
def test_what_watches_over_a_cluster_is_on_in_production_and_named_only_where_it_is_decided(
    stack: str, settings: dict[str, Any], policy: Any, cleaner: Any, group: Any
) -> None:
    (cluster,) = of_type(edited(stack, lambda sections: sections["security"].update(settings)), CLUSTER)
    assert cluster.get("addonProfiles", {}).get("azurepolicy") == policy
    assert cluster["securityProfile"].get("imageCleaner") == cleaner
    assert cluster.get("nodeResourceGroupProfile") == group


@each_stack
def test_storage_drivers_that_nothing_uses_are_off(stack: str) -> None:
    """No volume, claim or class of the graph is of files or blobs, or a snapshot."""
    (cluster,) = of_type(entries_of(stack), CLUSTER)
    drivers = {name: driver["enabled"] for name, driver in cluster["storageProfile"].items()}
    assert drivers == {
        "diskCSIDriver": True, "fileCSIDriver": False, "blobCSIDriver": False, "snapshotController": False
    }  # fmt: skip
    texts = str([entry["inputs"] for entry in entries_of(stack) if not is_azure(entry)])
    assert [
        word for word in ("azurefile", "azureblob", "file.csi", "blob.csi", "VolumeSnapshot") if word in texts
    ] == []


def test_a_storage_driver_for_workloads_of_ones_own_stays_on() -> None:
    edit: Callable[[Sections], object] = lambda sections: sections["cluster"].update(storage_drivers=["file"])  # noqa: E731
    (cluster,) = of_type(edited("dev", edit), CLUSTER)
    assert cluster["storageProfile"]["fileCSIDriver"] == {"enabled": True}
    assert cluster["storageProfile"]["blobCSIDriver"] == {"enabled": False}


# What a protected stack locks.
LOCKED = {"network-nat-address": "network-nat-address", "audit": "audit-workspace"}
# What comes and goes with clients, models, images and pools, or records: below a lock it could never go.
BELOW = {"authorization:RoleAssignment", "containerregistry:CacheRule", "keyvault:Secret", POOL}


def test_a_protected_stack_locks_what_cannot_be_made_again() -> None:
    entries = entries_of("prod")
    locks = {entry["urn"].split("::")[-1]: entry for entry in entries if entry["type"].endswith(f":{LOCK}")}
    assert set(locks) == {f"{name}-lock" for name in LOCKED}
    for name, resource in LOCKED.items():
        lock = locks[f"{name}-lock"]
        assert lock["inputs"]["level"] == "CanNotDelete"
        assert named(entries, resource)["urn"] in lock["options"]["depends_on"]
        assert lock["options"].get("protect", False) is False


@each_stack
def test_nothing_below_a_lock_comes_and_goes(stack: str) -> None:
    """Revoking a client's key, or taking a model out, deletes a role: under a lock that is refused."""

    def edit(sections: Sections) -> None:
        sections["platform"]["protect"] = True

    entries = edited(stack, edit)
    below = [entry for entry in entries if type_of(entry) in BELOW]
    # The scope of a role is known only after `up`, but a component makes what lies below its own resource.
    above = {entry["parent"] for entry in below}
    locks = [entry for entry in entries if entry["type"].endswith(f":{LOCK}")]
    locked = {urn for entry in locks for urn in entry["options"]["depends_on"]}
    assert locked
    assert above
    assert locked.isdisjoint(above)
    assert {type_of(entry) for entry in entries if entry["urn"] in locked}.isdisjoint(
        {CLUSTER, POOL, "containerregistry:Registry", "keyvault:Vault", "storage:StorageAccount"}
    )


@pytest.mark.parametrize("platform", [{"protect": False}, {"locks": False}])
def test_without_protection_or_without_the_right_to_make_them_there_are_no_locks(platform: dict[str, Any]) -> None:
    entries = edited("prod", lambda sections: sections["platform"].update(platform))
    assert of_type(entries, LOCK) == []
    assert of_type(entries_of("dev"), LOCK) == []


@each_stack
def test_neither_cluster_nor_group_is_locked(stack: str) -> None:
    """A lock on the cluster would keep every pool, one on a group every node and disk."""

    def edit(sections: Sections) -> None:
        sections["platform"]["protect"] = True

    entries = edited(stack, edit)
    locked = {urn for entry in entries if entry["type"].endswith(f":{LOCK}") for urn in entry["options"]["depends_on"]}
    kinds = {type_of(entry) for entry in entries if entry["urn"] in locked}
    assert kinds.isdisjoint({CLUSTER, POOL, "resources:ResourceGroup", "containerregistry:Registry"})


@each_stack
def test_tags_of_the_platform_say_what_it_is(stack: str) -> None:
    platform = sections_of(stack)["platform"]
    tagged = [entry["inputs"]["tags"] for entry in entries_of(stack) if is_azure(entry) and entry["inputs"].get("tags")]
    assert tagged
    for tags in tagged:
        assert (tags["managed-by"], tags["environment"]) == ("pulumi", platform["environment"])


def confidential(sections: Sections) -> None:
    sections["cluster"] |= {"gpu_driver": "operator", "signed_driver": "580.65.06"}
    sections["pools"] = [
        {"name": "secret", "class": "inference", "vm_size": "Standard_NCC40ads_H100_v5", "nodes": {"min": 2, "max": 4}}
    ]
    for model in sections["models"]:
        model["pool"] = "secret"
        model.pop("slice", None)


def test_confidential_pools_get_the_signed_driver_and_no_other() -> None:
    entries = edited("dev", confidential)
    (pool,) = [pool for pool in of_type(entries, POOL) if pool["mode"] == "User"]
    assert pool["gpuProfile"] == {"driver": "None"}
    assert pool["enableEncryptionAtHost"] is True
    assert "enableVTPM" not in pool.get("securityProfile", {})
    (chart,) = [
        entry["inputs"]
        for entry in entries
        if entry["inputs"].get("name") == "gpu-operator" and "chart" in entry["inputs"]
    ]
    driver = chart["values"]["driver"]
    # The operator adds the nodes' system to it.
    assert (driver["enabled"], driver["version"]) == (True, "580.65.06-signed")


@each_stack
def test_without_confidential_pools_the_operator_chooses_its_driver(stack: str) -> None:
    charts = [entry["inputs"] for entry in entries_of(stack) if "chart" in entry["inputs"]]
    (operator,) = [chart for chart in charts if chart.get("name") == "gpu-operator"]
    assert "version" not in operator["values"]["driver"]
