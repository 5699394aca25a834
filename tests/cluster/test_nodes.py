"""Nodes are what AKS would make of a pool, and offer the devices that the planner counts on."""

from collections.abc import Mapping
from typing import Any

import pytest

import catalog
from planning.resolving import node
from simulators.aks.nodes import WITHHELD, Surroundings, node_devices, node_manifest, node_manifests, node_name, taints
from simulators.gpu_operator.devices import tolerates

pytestmark = pytest.mark.cluster
CATALOG = catalog.load()
CLUSTER_ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"
WHERE = Surroundings.of(CLUSTER_ID, {"location": "eastus", "kubernetesVersion": "1.36"}, "rg-nodes")
POOL: dict[str, Any] = {
    "agentPoolName": "h100",
    "maxPods": 110,
    "nodeLabels": {"llm-platform/pool": "h100"},
    "nodeTaints": ["nvidia.com/gpu=present:NoSchedule"],
    "osDiskSizeGB": 512,
    "vmSize": "Standard_NC80adis_H100_v5",
}
# The smallest values under which a device plugin runs on AKS's own driver.
OPERATOR: dict[str, Any] = {"driver": {"enabled": False}, "mig": {"strategy": "mixed"}}
PARTED = """
version: v1
mig-configs:
  halves:
    - device-filter: ["0x232110DE", "0x233A10DE"]
      devices: all
      mig-enabled: true
      mig-devices: {"3g.47gb": 2}
  one-whole:
    - devices: [0]
      mig-enabled: true
      mig-devices: {"1g.12gb": 7}
    - devices: [1]
      mig-enabled: false
  too-much:
    - devices: all
      mig-enabled: true
      mig-devices: {"3g.47gb": 3}
  another-gpu:
    - device-filter: "0x20B210DE"
      devices: all
      mig-enabled: true
      mig-devices: {"1g.10gb": 7}
  too-many:
    - devices: [2]
      mig-enabled: true
      mig-devices: {"7g.94gb": 1}
"""


def manifest(index: int = 0, *, operator: Mapping[str, Any] | None = OPERATOR, **changes: Any) -> dict[str, Any]:
    pool = {**POOL, **changes}
    return node_manifest(pool, CATALOG.vm_sizes[pool["vmSize"]], index, WHERE, operator=operator)


def offered(operator: Mapping[str, Any] | None, **changes: Any) -> tuple[dict[str, int], str]:
    pool = {**POOL, **changes}
    found = node_devices(pool, CATALOG.vm_sizes[pool["vmSize"]], 0, WHERE, operator, CATALOG)
    return dict(found.resources), found.withheld


def with_parted(config: str, **changes: Any) -> tuple[dict[str, int], str]:
    manager = {"migManager": {"enabled": True, "config": {"create": True, "data": {"config.yaml": PARTED}}}}
    return offered({**OPERATOR, **manager, **changes}, nodeLabels={"nvidia.com/mig.config": config})


def test_names_count_in_base_36_and_stay_the_same() -> None:
    assert node_name(POOL, 0, WHERE) == f"aks-h100-{WHERE.number}-vmss000000"
    assert node_name(POOL, 46, WHERE).endswith("-vmss00001a")
    assert len(WHERE.number) == 8
    assert manifest() == manifest()


def test_labels_are_those_of_aks_and_of_the_pool() -> None:
    labels = manifest()["metadata"]["labels"]
    assert labels["agentpool"] == labels["kubernetes.azure.com/agentpool"] == "h100"
    assert labels["kubernetes.azure.com/mode"] == "user"
    assert labels["node.kubernetes.io/instance-type"] == POOL["vmSize"]
    assert labels["topology.kubernetes.io/region"] == "eastus"
    assert labels["accelerator"] == labels["kubernetes.azure.com/accelerator"] == "nvidia"
    assert labels["llm-platform/pool"] == "h100"
    assert "kubernetes.azure.com/scalesetpriority" not in labels
    system = manifest(vmSize="Standard_D4ds_v5", mode="System")["metadata"]["labels"]
    assert system["kubernetes.azure.com/mode"] == "system"
    assert "accelerator" not in system


def test_nodes_are_placed_in_the_zones_in_turn() -> None:
    zones = [manifest(index, availabilityZones=["3", "1"])["metadata"]["labels"] for index in range(3)]
    assert [labels["topology.kubernetes.io/zone"] for labels in zones] == ["eastus-1", "eastus-3", "eastus-1"]
    assert manifest()["metadata"]["labels"]["topology.kubernetes.io/zone"] == "0"


def test_azure_taints_and_labels_spot_nodes_once() -> None:
    spot = {"key": "kubernetes.azure.com/scalesetpriority", "value": "spot", "effect": "NoSchedule"}
    gpu = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    assert taints({**POOL, "scaleSetPriority": "Spot"}) == [gpu, spot]
    node_taints = [*POOL["nodeTaints"], "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"]
    assert taints({**POOL, "scaleSetPriority": "Spot", "nodeTaints": node_taints}) == [gpu, spot]
    labels = manifest(scaleSetPriority="Spot")["metadata"]["labels"]
    assert labels["kubernetes.azure.com/scalesetpriority"] == "spot"


def test_pods_get_what_the_planner_counts_on() -> None:
    vm = CATALOG.vm_sizes[POOL["vmSize"]]
    left = node.offer(vm, 512, 110, CATALOG)
    status = manifest()["status"]
    assert status["allocatable"] == {
        "cpu": f"{left.cpu_millicores}m",
        "memory": f"{left.memory_mib}Mi",
        "ephemeral-storage": f"{left.disk_mib}Mi",
        "pods": str(left.pods),
        "nvidia.com/gpu": "2",
    }
    assert status["capacity"] == {
        "cpu": "80", "memory": "640Gi", "ephemeral-storage": "512Gi", "pods": "110", "nvidia.com/gpu": "2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("vm_size", "gib"),
    [("Standard_D4ds_v5", 128), ("Standard_D8ds_v5", 256), ("Standard_NC40ads_H100_v5", 512), (POOL["vmSize"], 1024)],
)
def test_a_pool_that_names_no_disk_gets_one_by_its_cores(vm_size: str, gib: int) -> None:
    assert manifest(vmSize=vm_size, osDiskSizeGB=None)["status"]["capacity"]["ephemeral-storage"] == f"{gib}Gi"


def test_several_nodes_of_one_pool_differ_in_their_names() -> None:
    made = node_manifests(POOL, CATALOG.vm_sizes[POOL["vmSize"]], 3, WHERE, operator=OPERATOR)
    assert len({node["metadata"]["name"] for node in made}) == 3


@pytest.mark.parametrize(
    ("operator", "changes", "why"),
    [
        (None, {}, "not installed"),
        ({}, {}, "two drivers"),
        (OPERATOR, {"gpuProfile": {"driver": "None"}}, "no driver"),
        (OPERATOR, {"scaleSetPriority": "Spot"}, "do not tolerate kubernetes.azure.com/scalesetpriority"),
        (OPERATOR, {"nodeTaints": ["team=a:NoSchedule"]}, "do not tolerate team=a"),
        ({**OPERATOR, "node-feature-discovery": {"worker": {"tolerations": [{"key": "x"}]}}}, {}, "node feature"),
        (OPERATOR, {"gpuInstanceProfile": "MIG9g"}, "AKS knows no MIG9g"),
        (
            OPERATOR,
            {"gpuInstanceProfile": "MIG3g", "nodeLabels": {"nvidia.com/mig.config": "all-3g.47gb"}},
            "and so does the MIG manager",
        ),
        (OPERATOR, {"nodeLabels": {"nvidia.com/mig.config": "all-3g.47gb"}}, "brings no MIG configuration"),
        (OPERATOR, {"nodeLabels": {"nvidia.com/device-plugin.config": "x"}}, "has no configuration x"),
        (
            OPERATOR,
            {"vmSize": "Standard_NC4as_T4_v3", "nodeLabels": {"nvidia.com/mig.config": "all-1g"}},
            "T4 has no MIG",
        ),
    ],
)
def test_a_node_without_devices_says_why(operator: Mapping[str, Any] | None, changes: Any, why: str) -> None:
    resources, withheld = offered(operator, **changes)
    assert resources == {}
    assert why in withheld
    annotations = manifest(operator=operator, **changes)["metadata"]["annotations"]
    assert annotations == {WITHHELD: withheld}


def test_a_node_without_gpus_needs_no_reason() -> None:
    assert offered(None, vmSize="Standard_D4ds_v5") == ({}, "")


@pytest.mark.parametrize(
    ("profile", "resources"),
    [("MIG3g", {"nvidia.com/mig-3g.47gb": 4}), ("MIG1g", {"nvidia.com/mig-1g.12gb": 14})],
)
def test_aks_fills_every_gpu_with_one_profile(profile: str, resources: dict[str, int]) -> None:
    assert offered(OPERATOR, gpuInstanceProfile=profile) == (resources, "")
    single = {**OPERATOR, "mig": {"strategy": "single"}}
    assert offered(single, gpuInstanceProfile=profile)[0] == {"nvidia.com/gpu": sum(resources.values())}


@pytest.mark.parametrize(
    ("config", "resources", "why"),
    [
        ("halves", {"nvidia.com/mig-3g.47gb": 4}, ""),
        ("one-whole", {"nvidia.com/gpu": 1, "nvidia.com/mig-1g.12gb": 7}, ""),
        ("another-gpu", {"nvidia.com/gpu": 2}, ""),
        ("too-much", {}, "can't be cut into 3g.47gb, 3g.47gb, 3g.47gb"),
        ("too-many", {}, "names GPU 2, the node has 2"),
        ("unheard-of", {}, "is not in the MIG manager's configuration"),
    ],
)
def test_the_mig_manager_follows_its_configuration(config: str, resources: dict[str, int], why: str) -> None:
    found, withheld = with_parted(config)
    assert found == resources
    assert why in withheld
    assert bool(why) is bool(withheld)


def configured(text: str, **changes: Any) -> tuple[dict[str, int], str]:
    """With one configuration of the device plugin for all nodes, and no strategy of the operator's own."""
    config = {"default": "a", "data": {"a": f"version: v1\n{text}"}}
    return offered({**OPERATOR, "mig": {"strategy": ""}, "devicePlugin": {"config": config}}, **changes)


def test_without_a_strategy_of_the_operator_the_plugin_s_configuration_decides() -> None:
    assert configured("flags: {migStrategy: single}", gpuInstanceProfile="MIG3g") == ({"nvidia.com/gpu": 4}, "")
    assert configured("flags: {migStrategy: mixed}", gpuInstanceProfile="MIG3g") == ({"nvidia.com/mig-3g.47gb": 4}, "")
    # The plugin's own default: GPUs that it offers whole, though they have been cut.
    assert configured("", gpuInstanceProfile="MIG3g") == ({"nvidia.com/gpu": 2}, "")
    assert "knows no MIG strategy" in configured("flags: {migStrategy: several}")[1]


def test_a_strategy_of_the_operator_overrides_every_configuration() -> None:
    single = {"devicePlugin": {"config": {"default": "a", "data": {"a": "flags: {migStrategy: single}"}}}}
    assert offered({**OPERATOR, **single}, gpuInstanceProfile="MIG3g") == ({"nvidia.com/mig-3g.47gb": 4}, "")
    # The chart's own default is `single`.
    chart = {"driver": {"enabled": False}}
    assert offered(chart, gpuInstanceProfile="MIG3g") == ({"nvidia.com/gpu": 4}, "")


def test_the_mig_manager_says_how_far_it_is() -> None:
    def state(config: str) -> str:
        manager = {"migManager": {"enabled": True, "config": {"create": True, "data": {"config.yaml": PARTED}}}}
        labels = {"nvidia.com/mig.config": config}
        made = manifest(operator={**OPERATOR, **manager}, nodeLabels=labels)
        return made["metadata"]["labels"]["nvidia.com/mig.config.state"]

    assert state("halves") == "success"
    assert state("too-much") == "failed"
    assert "nvidia.com/mig.config.state" not in manifest(gpuInstanceProfile="MIG3g")["metadata"]["labels"]


def test_strategy_single_wants_one_kind_of_slice() -> None:
    assert "strategy `single`" in with_parted("one-whole", mig={"strategy": "single"})[1]
    assert with_parted("halves", mig={"strategy": "single"})[0] == {"nvidia.com/gpu": 4}


@pytest.mark.parametrize(
    ("sharing", "resources", "why"),
    [
        ("timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: 3}]}", {"nvidia.com/gpu": 6}, ""),
        (
            "timeSlicing: {renameByDefault: true, resources: [{name: nvidia.com/gpu, replicas: 3}]}",
            {"nvidia.com/gpu.shared": 6},
            "",
        ),
        # The plugin warns that it ignores a name.
        ("timeSlicing: {resources: [{name: nvidia.com/gpu, rename: a.b/c, replicas: 2}]}", {"nvidia.com/gpu": 4}, ""),
        (
            "timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: 1}]}",
            {},
            "the device plugin takes no fewer than 2 replicas",
        ),
        ("timeSlicing: {resources: [{name: nvidia.com/other, replicas: 3}]}", {"nvidia.com/gpu": 2}, ""),
    ],
)
def test_shared_devices_have_the_names_and_numbers_of_the_plugin(
    sharing: str, resources: dict[str, int], why: str
) -> None:
    config = {"default": "plain", "data": {"plain": "version: v1\n", "shared": f"version: v1\nsharing: {{{sharing}}}"}}
    operator = {**OPERATOR, "devicePlugin": {"config": config}}
    assert offered(operator, nodeLabels={"nvidia.com/device-plugin.config": "shared"}) == (resources, why)
    assert offered(operator)[0] == {"nvidia.com/gpu": 2}


def test_slices_are_not_shared_by_mps() -> None:
    by_mps = "sharing: {mps: {resources: [{name: nvidia.com/gpu, replicas: 2}]}}"
    assert "no MPS on MIG" in configured(f"flags: {{migStrategy: single}}\n{by_mps}", gpuInstanceProfile="MIG3g")[1]
    assert "no MPS under MIG strategy `mixed`" in configured(f"flags: {{migStrategy: mixed}}\n{by_mps}")[1]
    assert configured(by_mps) == ({"nvidia.com/gpu": 4}, "")


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"key": "a", "operator": "Exists"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "a", "value": "b", "effect": "NoSchedule"}, True),
        ({"key": "a", "value": "c"}, False),
        ({"key": "a"}, False),
        ({"key": "a", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "z", "operator": "Exists"}, False),
    ],
)
def test_tolerations_match_as_in_kubernetes(toleration: Mapping[str, Any], expected: bool) -> None:
    assert tolerates(toleration, {"key": "a", "value": "b", "effect": "NoSchedule"}) is expected
