"""The simulated autoscaler adds the nodes that the real one would, and no others."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from simulators.aks.autoscaler import (
    Growing,
    Limits,
    additions,
    from_scale_set,
    is_healthy,
    is_ready,
    is_stopped,
    template,
)
from simulators.aks.scheduling import quantity, requests
from tests.cluster.autoscaler_objects import COMING, GPU, SLICE, TAINT, node, pod

pytestmark = pytest.mark.cluster


def growing(pool: str, room: int, **template: Any) -> Growing:
    return Growing(pool, node("next", pool, **template), room)


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", "3"), ("2500m", "2.5"), ("1Gi", "1073741824"), ("12k", "12000"), (7, "7"), ("1.5Ti", "1649267441664")],
)
def test_quantities_are_those_of_kubernetes(text: Any, value: str) -> None:
    assert quantity(text) == Decimal(value)


def test_an_init_container_counts_where_it_asks_for_more() -> None:
    init_pod = pod("a", initContainers=[{"resources": {"requests": {"cpu": "6"}}}], overhead={"cpu": "1"})
    assert requests(init_pod) == {"cpu": Decimal(7), GPU: Decimal(1), "pods": Decimal(1)}


def test_a_pod_that_fits_nowhere_brings_a_node() -> None:
    full = pod("a", on="one")
    assert additions([full, pod("b")], [node("one", "p")], [growing("p", 3)]) == Counter({"p": 1})


def test_a_pod_that_a_node_can_take_brings_none() -> None:
    assert additions([pod("b")], [node("one", "p")], [growing("p", 3)]) == Counter()


def test_a_pod_that_the_scheduler_has_not_looked_at_brings_none() -> None:
    assert additions([pod("b", reason="SchedulerError")], [], [growing("p", 3)]) == Counter()


def test_pods_share_the_nodes_that_come() -> None:
    pods = [pod(f"p{number}", gpus=0, cpu="4") for number in range(5)]
    assert additions(pods, [], [growing("p", 9, gpus=0)]) == Counter({"p": 3})


def test_no_pool_grows_beyond_its_most() -> None:
    pods = [pod(f"p{number}") for number in range(5)]
    assert additions(pods, [], [growing("p", 2), growing("q", 1)]) == Counter({"p": 2, "q": 1})


def test_an_ended_pod_takes_nothing() -> None:
    ended = {**pod("a", on="one"), "status": {"phase": "Succeeded"}}
    assert additions([ended, pod("b")], [node("one", "p")], [growing("p", 3)]) == Counter()


def test_a_cordoned_or_foreign_node_takes_nothing() -> None:
    cordoned = node("one", "p", unschedulable=True)
    lost = node("two", "p")
    lost["spec"]["taints"] = [TAINT, {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}]
    assert additions([pod("b")], [cordoned, lost], [growing("p", 3)]) == Counter({"p": 1})


def test_a_node_that_is_about_to_be_ready_is_waited_for() -> None:
    fresh = node("one", "p")
    fresh["spec"]["taints"] = [TAINT, COMING]
    assert additions([pod("b")], [fresh], [growing("p", 3)]) == Counter()


@pytest.mark.parametrize(
    "kept_out",
    [
        {"nodeSelector": {"pool": "other"}},
        {"tolerations": []},
        {
            "affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [
                            {"matchExpressions": [{"key": "pool", "operator": "NotIn", "values": ["p"]}]}
                        ]
                    }
                }
            }
        },
    ],
)
def test_a_pool_that_would_not_take_the_pod_does_not_grow(kept_out: dict[str, Any]) -> None:
    assert additions([pod("b", **kept_out)], [], [growing("p", 3)]) == Counter()


def test_the_pool_that_wastes_least_grows() -> None:
    large, small = growing("a", 3, cpu="40", memory="400Gi"), growing("b", 3)
    assert additions([pod("x")], [], [large, small]) == Counter({"b": 1})


# ------------------------------------------------------------------ unready nodes
@pytest.mark.parametrize(
    ("devices", "ready"),
    [
        ({GPU: "2"}, True),
        ({SLICE: "2"}, False),
        ({"nvidia.com/gpu.shared": "2"}, False),
        ({GPU: "0"}, False),
        ({}, False),
    ],
)
def test_a_gpu_node_is_ready_with_the_vendor_s_own_resource_only(devices: dict[str, str], ready: bool) -> None:
    assert is_ready(node("a", "p", devices=devices)) is ready


def test_a_node_without_gpus_needs_none_and_a_lost_one_is_unready() -> None:
    plain = node("a", "p", gpus=0)
    assert is_ready(plain)
    plain["status"]["conditions"][0]["status"] = "Unknown"
    assert not is_ready(plain)


@pytest.mark.parametrize(
    ("unready", "others", "stopped"),
    [(3, 0, False), (4, 4, True), (4, 5, False), (6, 2, True), (9, 11, False), (10, 12, True)],
)
def test_more_than_three_unready_nodes_and_45_percent_stop_everything(unready: int, others: int, stopped: bool) -> None:
    nodes = [node(f"u{number}", "p", devices={SLICE: "2"}) for number in range(unready)]
    nodes += [node(f"o{number}", "q", gpus=0) for number in range(others)]
    assert is_stopped(nodes, Limits()) is stopped


def test_the_limits_are_those_of_the_cluster_s_profile() -> None:
    nodes = [node(f"u{number}", "p", devices={}) for number in range(4)]
    assert is_stopped(nodes, Limits.of({}))
    assert not is_stopped(nodes, Limits.of({"okTotalUnreadyCount": "4"}))
    assert not is_stopped(nodes, Limits.of({"maxTotalUnreadyPercentage": "100"}))


def test_nodes_that_are_still_starting_stop_nothing() -> None:
    starting = [node(f"s{number}", "p", devices={}, taints=[TAINT, COMING]) for number in range(9)]
    assert not is_stopped(starting, Limits())
    assert is_healthy(starting, 9, Limits())


def test_a_pool_with_too_few_ready_nodes_gets_no_more() -> None:
    unready = [node(f"u{number}", "p", devices={SLICE: "2"}) for number in range(4)]
    assert not is_healthy(unready, 4, Limits())
    assert is_healthy(unready[:3], 3, Limits())
    ready = [node(f"r{number}", "p") for number in range(6)]
    assert is_healthy([*unready, *ready], 10, Limits())


# ------------------------------------------------------------------ templates of the nodes to come
def test_a_ready_node_is_the_template_and_an_unready_one_never() -> None:
    scale_set = node("next", "p")
    ready, unready = node("a", "p", devices={GPU: "2"}), node("b", "p", devices={SLICE: "2"})
    assert template([unready, ready], scale_set) is ready
    assert template([unready], scale_set) is scale_set
    assert template([node("c", "p", unschedulable=True)], scale_set) is scale_set
    assert template([node("c", "p", taints=[TAINT, COMING])], scale_set) is scale_set


def test_a_scale_set_promises_the_whole_machine_or_what_its_tags_say() -> None:
    blank = node("next", "p", devices={})
    blank["status"]["allocatable"] = {"cpu": "9", "memory": "90Gi", "pods": "8"}
    promised = {"cpu": "10", "memory": "100Gi", "ephemeral-storage": "512Gi", "pods": "110", GPU: "1"}
    assert from_scale_set(blank, 1, {"team": "a"})["status"]["allocatable"] == promised
    tag = "k8s.io_cluster-autoscaler_node-template_resources_nvidia.com"
    assert from_scale_set(blank, 1, {f"{tag}_gpu": "2"})["status"]["allocatable"][GPU] == "2"
    assert from_scale_set(blank, 1, {f"{tag}_mig-3g.47gb": "2"})["status"]["allocatable"][SLICE] == "2"


def test_two_slices_on_an_empty_pool_bring_one_node_where_the_tags_say_so_else_two() -> None:
    pods, blank = [pod("a"), pod("b")], node("next", "p", devices={})
    tags = {"k8s.io_cluster-autoscaler_node-template_resources_nvidia.com_gpu": "2"}
    assert additions(pods, [], [Growing("p", from_scale_set(blank, 1, tags), 3)]) == Counter({"p": 1})
    assert additions(pods, [], [Growing("p", from_scale_set(blank, 1, {}), 3)]) == Counter({"p": 2})
