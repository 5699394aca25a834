"""Where replicas run: the outcome is checked again node by node, without the planner's own arithmetic."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning_stacks import CATALOG, model, plan, planned, pool
from planning_stacks import settings as loaded

from planning.placement import (
    PodRequest,
    least_memory_gib,
    placements,
    pod_request,
    share,
    unscheduled_replicas,
)
from planning.resolving import node
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import Workload, workloads_of

REQUESTS = st.tuples(st.integers(1, 4), st.integers(1, 20), st.integers(10, 120), st.integers(1, 5))


def stack(nodes: int, wanted: list[tuple[int, int, int, int]]) -> Resolution:
    """A pool of machines with four GPUs, and models with their GPUs, cores, GiB and replicas."""
    models = {
        f"models[{index}]": model(
            f"model-{index}",
            "other",
            replicas={"min": 1, "max": replicas},
            resources={"cpu": cpu, "memory_gib": memory_gib},
            engine={"tensor_parallel": gpus},
        )
        for index, (gpus, cpu, memory_gib, replicas) in enumerate(wanted)
    }
    other = pool("other", vm_size="Standard_NC96ads_A100_v4", nodes={"min": 1, "max": nodes})
    return Resolution(loaded({"pools[0]": other, "models": [None] * len(wanted), **models}), CATALOG)


def search(free: list[tuple[int, int, int]], wanted: list[PodRequest]) -> bool:
    """Whether some assignment of replicas to nodes exists at all; the definition, by exhaustive search."""
    if not wanted:
        return True
    request, rest = wanted[0], wanted[1:]
    for index, (gpus, cpu, memory) in enumerate(free):
        if (gpus, cpu, memory) in free[:index]:
            continue
        left = (gpus - request.count, cpu - request.cpu_millicores, memory - request.memory_mib)
        if min(left) >= 0 and search([*free[:index], left, *free[index + 1 :]], rest):
            return True
    return False


def members(resolution: Resolution) -> list[Workload]:
    return [workload for members in placements(resolution)["other"].workloads for workload in members]


@settings(max_examples=40)
@given(st.integers(1, 4), st.lists(REQUESTS, min_size=1, max_size=3))
def test_placed_replicas_can_be_placed_and_all_are_counted(nodes: int, wanted: list[tuple[int, int, int, int]]) -> None:
    resolution = stack(nodes, wanted)
    missing = unscheduled_replicas(placements(resolution)["other"])
    offer = resolution.pools[0].offer
    assert offer is not None
    placed: list[PodRequest] = []
    for workload in members(resolution):
        assert 0 <= missing.get(workload.name, 0) <= workload.high
        placed += [pod_request(workload)] * (workload.high - missing.get(workload.name, 0))
    free = [(4, offer.cpu_millicores, offer.memory_mib)] * nodes
    assert search(free, sorted(placed, key=lambda request: -request.count))
    # Totals: no pool gives more than its nodes have.
    assert sum(outcome.count for outcome in placed) <= 4 * nodes
    assert sum(outcome.cpu_millicores for outcome in placed) <= offer.cpu_millicores * nodes
    assert sum(outcome.memory_mib for outcome in placed) <= offer.memory_mib * nodes


@settings(max_examples=40)
@given(st.integers(1, 4), REQUESTS)
def test_spare_room_is_room_for_one_more_replica(nodes: int, wanted: tuple[int, int, int, int]) -> None:
    gpus, cpu, memory_gib, replicas = wanted
    resolution = stack(nodes, [wanted])
    load = placements(resolution)["other"]
    larger = placements(stack(nodes, [(gpus, cpu, memory_gib, replicas + 1)]))["other"]
    if load.verdict.fits:
        assert load.spare(members(resolution)[0]) is larger.verdict.fits


def test_replicas_are_split_between_floor_and_burst() -> None:
    changes: dict[str, Any] = {
        "pools[1]": pool("floor", nodes={"min": 1, "max": 1}),
        "pools[2]": pool("burst", capacity="spot", nodes={"min": 0, "max": 2}),
        "models[2]": model("more", ["floor", "burst"], replicas={"min": 2, "max": 5}, drain_seconds=20),
    }
    more = plan(changes).models[2]
    assert [(workload.pool, workload.replicas.min, workload.replicas.max) for workload in more.workloads] == [
        ("floor", 2, 2),
        ("burst", 0, 3),
    ]
    assert [workload.name for workload in more.workloads] == ["more", "more-burst"]
    assert [workload.fixed_replicas for workload in more.workloads] == [2, None]
    assert [(workload.scaling.min, workload.scaling.max) for workload in more.workloads] == [(2, 2), (0, 3)]
    # The load that the floor carries does not scale the burst.
    threshold = more.workloads[0].scaling.threshold
    assert [f"- {2 * threshold}, 0)" in workload.scaling.query for workload in more.workloads] == [False, True]


@pytest.mark.parametrize(("requests", "waking_load"), [(1, 0), (2, 1), (8, 1)])
def test_one_request_above_the_floor_wakes_a_burst_only_where_a_replica_is_for_one(
    requests: int, waking_load: int
) -> None:
    changes: dict[str, Any] = {
        "pools[1]": pool("floor", nodes={"min": 1, "max": 1}),
        "pools[2]": pool("burst", capacity="spot", nodes={"min": 0, "max": 2}),
        "models[2]": model("more", ["floor", "burst"], replicas={"min": 1, "max": 2}, drain_seconds=20)
        | {"autoscaling": {"requests_per_replica": requests}},
    }
    (burst,) = (workload for workload in plan(changes).models[2].workloads if workload.role == "burst")
    assert burst.scaling.waking_load == waking_load


@pytest.mark.parametrize("vm_size", sorted(name for name, vm in CATALOG.vm_sizes.items() if vm.gpu))
def test_default_shares_of_all_devices_fit_their_node(vm_size: str) -> None:
    resolution = Resolution(loaded({"pools[1]": pool("other", vm_size=vm_size)}), CATALOG)
    view = resolution.pools[1]
    assert view.offer is not None
    devices = sum(device.per_node for device in view.devices)
    if devices:
        cpu, memory_gib = share(view, 1)
        assert cpu * devices * 1000 <= view.offer.cpu_millicores or cpu == 1
        assert memory_gib * devices * 1024 <= view.offer.memory_mib


def test_a_node_reserves_what_aks_publishes() -> None:
    """AKS reserves 740 millicores of 64 cores and 20 MB a pod + 50 MB; the rest of the difference is DaemonSets."""
    assert node.reserved_cpu_millicores(64, CATALOG) == 740
    assert node.reserved_cpu_millicores(2, CATALOG) == 100
    assert node.reserved_cpu_millicores(40, CATALOG) == 740
    assert node.reserved_cpu_millicores(96, CATALOG) == 1060
    large = CATALOG.vm_sizes["Standard_NC40ads_H100_v5"]
    assert node.reserved_memory_mib(large, 110, CATALOG) == 2146 + 100
    small = CATALOG.vm_sizes["Standard_D4ds_v5"]
    assert node.reserved_memory_mib(small, 250, CATALOG) == 4096 + 100


def test_the_system_disk_is_shared_with_images_and_kubelet() -> None:
    """A tenth is kubelet's, 32 GiB the system's, and two images of 29 GB are there while a version takes over."""
    assert node.offered_disk_mib(512, CATALOG) == int(512 * 1024 * 0.9) - 32 * 1024 - 55314
    machine = CATALOG.vm_sizes["Standard_NC40ads_H100_v5"]
    assert node.offer(machine, 128, 110, CATALOG).disk_mib < 32 * 1024
    assert node.offer(machine, 512, 110, CATALOG).pods == 90


@pytest.mark.parametrize(
    ("args", "ranks", "gib"),
    [
        ({}, 1, 0),
        ({"kv-offloading-size": 40}, 2, 40),
        ({"kv_offloading_size": "40"}, 1, 40),
        ({"cpu-offload-gb": 10}, 2, 20),
        ({"cpu-offload-gb": 1.5, "kv-offloading-size": 8}, 2, 11),
        ({"kv-offloading-size": "much"}, 1, 0),
    ],
)
def test_offloaded_memory_is_host_memory_of_a_replica(args: dict[str, Any], ranks: int, gib: float) -> None:
    """KV offloading counts all ranks together, weights each: vLLM 0.33 vllm/config/cache.py and offload.py."""
    engines = [{"tensor_parallel": ranks, "args": chosen} for chosen in ({}, args)]
    without, with_it = (
        Resolution(loaded({"pools[1]": pool("other"), "models[2]": model("more", "other", engine=engine)}), CATALOG)
        for engine in engines
    )
    more = least_memory_gib(with_it, with_it.releases[2]) - least_memory_gib(without, without.releases[2])
    assert more == pytest.approx(gib)


def test_a_workload_that_fits_no_empty_node_is_reported_once() -> None:
    found = planned({"models[0].engine.tensor_parallel": 2}).findings
    assert [finding.rule for finding in found if finding.severity == "error"] == ["TP-DEVICES"]


def test_a_model_without_a_pool_has_no_workloads() -> None:
    resolution = Resolution(loaded({"models[0].pool": "nowhere"}), CATALOG)
    assert workloads_of(resolution.releases[0]) == ()
