"""Where replicas go: the outcome is checked again node by node, without the planner's own arithmetic."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning_stacks import CATALOG, model, plan, planned, pool
from planning_stacks import settings as loaded

from planning import node
from planning.placement import Need, _Node, groups, need, placements, share
from planning.situation import Situation

REQUESTS = st.tuples(st.integers(1, 4), st.integers(1, 20), st.integers(10, 120), st.integers(1, 5))


def stack(nodes: int, wanted: list[tuple[int, int, int, int]]) -> Situation:
    """A pool of machines with four GPUs and models that ask for GPUs, cores, GiB and replicas."""
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
    machines = pool("other", vm_size="Standard_NC96ads_A100_v4", nodes={"min": 1, "max": nodes})
    return Situation(loaded({"pools[0]": machines, "models": [None] * len(wanted), **models}), CATALOG)


def search(free: list[tuple[int, int, int]], wanted: list[Need]) -> bool:
    """Whether some assignment of replicas to nodes exists at all; the definition, by trying."""
    if not wanted:
        return True
    one, rest = wanted[0], wanted[1:]
    for index, (gpus, cpu, memory) in enumerate(free):
        if (gpus, cpu, memory) in free[:index]:
            continue
        left = (gpus - one.count, cpu - one.cpu_millicores, memory - one.memory_mib)
        if min(left) >= 0 and search([*free[:index], left, *free[index + 1 :]], rest):
            return True
    return False


@settings(max_examples=40)
@given(st.integers(1, 4), st.lists(REQUESTS, min_size=1, max_size=3))
def test_what_is_placed_can_be_placed_and_the_count_is_whole(
    nodes: int, wanted: list[tuple[int, int, int, int]]
) -> None:
    situation = stack(nodes, wanted)
    load = placements(situation)["other"]
    offer = situation.pools[0].offer
    assert offer is not None
    missing = Counter({group.name: count for group, count in load.unplaced})
    placed: list[Need] = []
    for group in load.groups:
        assert 0 <= missing[group.name] <= group.high
        placed += [need(group)] * (group.high - missing[group.name])
    free = [(4, offer.cpu_millicores, offer.memory_mib)] * nodes
    assert search(free, sorted(placed, key=lambda one: -one.count))
    # Totals: no pool gives more than its nodes have.
    assert sum(one.count for one in placed) <= 4 * nodes
    assert sum(one.cpu_millicores for one in placed) <= offer.cpu_millicores * nodes
    assert sum(one.memory_mib for one in placed) <= offer.memory_mib * nodes


@settings(max_examples=40)
@given(st.integers(1, 4), st.lists(REQUESTS, min_size=1, max_size=3))
def test_more_nodes_never_place_less(nodes: int, wanted: list[tuple[int, int, int, int]]) -> None:
    few, more = (placements(stack(count, wanted))["other"] for count in (nodes, nodes + 1))
    assert sum(count for _, count in more.unplaced) <= sum(count for _, count in few.unplaced)


@settings(max_examples=40)
@given(st.integers(1, 4), REQUESTS)
def test_room_to_spare_is_room_for_one_more(nodes: int, wanted: tuple[int, int, int, int]) -> None:
    gpus, cpu, memory_gib, replicas = wanted
    load = placements(stack(nodes, [wanted]))["other"]
    larger = placements(stack(nodes, [(gpus, cpu, memory_gib, replicas + 1)]))["other"]
    if not load.unplaced:
        assert ("model-0" in load.spare) == (not larger.unplaced)


def test_replicas_are_split_between_floor_and_burst() -> None:
    changes: dict[str, Any] = {
        "pools[1]": pool("floor", nodes={"min": 1, "max": 1}),
        "pools[2]": pool("burst", capacity="spot", nodes={"min": 0, "max": 2}),
        "models[2]": model("more", ["floor", "burst"], replicas={"min": 2, "max": 5}, drain_seconds=20),
    }
    more = plan(changes).models[2]
    assert [(one.pool, one.min, one.max) for one in more.placement] == [("floor", 2, 2), ("burst", 0, 3)]
    assert [one.name for one in more.deployments] == ["more", "more-burst"]
    assert [one.replicas for one in more.deployments] == [2, None]
    assert more.scaling is not None
    assert more.scaling.deployment == "more-burst"


@pytest.mark.parametrize("vm_size", sorted(name for name, vm in CATALOG.vm_sizes.items() if vm.gpu))
def test_default_shares_of_all_devices_fit_their_node(vm_size: str) -> None:
    situation = Situation(loaded({"pools[1]": pool("other", vm_size=vm_size)}), CATALOG)
    view = situation.pools[1]
    assert view.offer is not None
    devices = sum(device.per_node for device in view.devices)
    if devices:
        cpu, memory_gib = share(view, 1)
        assert cpu * devices * 1000 <= view.offer.cpu_millicores or cpu == 1
        assert memory_gib * devices * 1024 <= view.offer.memory_mib


def test_a_node_keeps_back_what_aks_publishes() -> None:
    """AKS reserves 740 millicores of 64 cores and 20 MB a pod + 50 MB; the rest of the difference is DaemonSets."""
    assert node.reserved_cpu_millicores(64, CATALOG) == 740
    assert node.reserved_cpu_millicores(2, CATALOG) == 100
    assert node.reserved_cpu_millicores(40, CATALOG) == 740
    assert node.reserved_cpu_millicores(96, CATALOG) == 1060
    large = CATALOG.vm_sizes["Standard_NC40ads_H100_v5"]
    assert node.reserved_memory_mib(large, 110, CATALOG) == 2146 + 100
    small = CATALOG.vm_sizes["Standard_D4ds_v5"]
    assert node.reserved_memory_mib(small, 250, CATALOG) == 4096 + 100


def test_nothing_is_taken_from_a_node_without_room() -> None:
    full = _Node({"gpu": 1}, 1000, 1024)
    for one in (Need("gpu", 2, 1, 1), Need("gpu", 1, 1001, 1), Need("gpu", 1, 1, 1025), Need("other", 1, 1, 1)):
        assert not full.take(one)
    assert full.take(Need("gpu", 1, 1000, 1024))
    assert not full.take(Need("gpu", 1, 0, 0))


def test_a_group_that_no_empty_node_takes_is_told_once() -> None:
    found = planned({"models[0].engine.tensor_parallel": 2}).findings
    assert [one.rule for one in found if one.severity == "error"] == ["TP-DEVICES"]


def test_groups_of_a_model_without_a_pool_are_none() -> None:
    situation = Situation(loaded({"models[0].pool": "nowhere"}), CATALOG)
    assert groups(situation.models[0]) == ()
