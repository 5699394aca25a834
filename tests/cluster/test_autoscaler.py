"""The small autoscaler adds the nodes that the real one would, and no more."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from simulators.aks.autoscaler import Growing, additions, from_zero, quantity, requests

pytestmark = pytest.mark.cluster
GPU = "nvidia.com/gpu"
TAINT = {"key": GPU, "value": "present", "effect": "NoSchedule"}
TOLERATION = {"key": GPU, "operator": "Exists"}


def node(name: str, pool: str, *, cpu: str = "10", memory: str = "100Gi", gpus: int = 1, **spec: Any) -> dict[str, Any]:
    amounts = {"cpu": cpu, "memory": memory, "pods": "10", **({GPU: str(gpus)} if gpus else {})}
    return {
        "metadata": {"name": name, "labels": {"pool": pool}},
        "spec": {"taints": [TAINT] if gpus else [], **spec},
        "status": {"allocatable": amounts},
    }


def pod(name: str, *, on: str = "", gpus: int = 1, cpu: str = "4", reason: str = "Unschedulable", **spec: Any) -> Any:
    requested = {"cpu": cpu, **({GPU: str(gpus)} if gpus else {})}
    condition = {"type": "PodScheduled", "status": "False", "reason": reason}
    return {
        "metadata": {"name": name, "namespace": "n"},
        "spec": {
            "containers": [{"name": "c", "resources": {"requests": requested}}],
            "tolerations": [TOLERATION],
            **({"nodeName": on} if on else {}),
            **spec,
        },
        "status": {"phase": "Running"} if on else {"phase": "Pending", "conditions": [condition]},
    }


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
    fresh["spec"]["taints"] = [TAINT, {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]
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


def test_a_pool_without_nodes_promises_whole_gpus_or_what_its_tags_say() -> None:
    sliced = node("next", "p", gpus=0)
    sliced["status"]["allocatable"]["nvidia.com/mig-3g.47gb"] = "2"
    assert from_zero(sliced, 1, {})["status"]["allocatable"] == {
        "cpu": "10", "memory": "100Gi", "pods": "10", GPU: "1",
    }  # fmt: skip
    tag = "k8s.io_cluster-autoscaler_node-template_resources_nvidia.com_mig-3g.47gb"
    assert from_zero(sliced, 1, {tag: "2"})["status"]["allocatable"]["nvidia.com/mig-3g.47gb"] == "2"
