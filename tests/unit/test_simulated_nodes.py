"""The planner and the simulated AKS, written separately from the same sources, agree on what a node offers."""

from itertools import combinations_with_replacement

import pytest

import catalog
from planning.gpus import mig
from planning.resolving import node
from simulators.aks.allocatable import allocatable
from simulators.gpu_operator.mig_placement import fits

CATALOG = catalog.load()


@pytest.mark.parametrize("max_pods", [30, 110, 250])
@pytest.mark.parametrize("os_disk_gib", [64, 128, 512, 1024])
@pytest.mark.parametrize("vm_size", CATALOG.vm_sizes)
def test_a_node_offers_what_the_planner_counts_on(vm_size: str, os_disk_gib: int, max_pods: int) -> None:
    vm = CATALOG.vm_sizes[vm_size]
    planned = node.offer(vm, os_disk_gib, max_pods, CATALOG)
    assert allocatable(vm, os_disk_gib, max_pods, CATALOG) == {
        "cpu": f"{planned.cpu_millicores}m",
        "memory": f"{planned.memory_mib}Mi",
        "ephemeral-storage": f"{planned.disk_mib}Mi",
        "pods": str(planned.pods),
    }


@pytest.mark.parametrize("gpu", CATALOG.mig)
def test_a_gpu_can_be_partitioned_as_the_planner_says(gpu: str) -> None:
    geometry = CATALOG.mig[gpu]
    layouts = [layout for count in range(4) for layout in combinations_with_replacement(geometry.profiles, count)]
    layouts += [(name,) * count for name in geometry.profiles for count in range(4, geometry.profiles[name].max + 2)]
    differing = [layout for layout in layouts if fits(geometry, layout) != (mig.packing(geometry, layout) is not None)]
    assert differing == []
    assert {fits(geometry, layout) for layout in layouts} == {True, False}
