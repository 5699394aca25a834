"""The simulated autoscaler removes the nodes that the real one would, and no others."""

from decimal import Decimal
from typing import Any

import pytest

from simulators.aks.scale_down import Profile, Shrinking, blocked_by, removable, utilization
from tests.cluster.autoscaler_objects import SLICE, node, pod

pytestmark = pytest.mark.cluster


def removed(
    pods: list[Any],
    nodes: list[Any],
    *,
    fewest: int = 0,
    profile: Profile | None = None,
    budgets: list[Any] | None = None,
) -> str | None:
    names = [found["metadata"]["name"] for found in nodes]
    return removable(pods, nodes, [Shrinking(names, fewest)], budgets or [], profile or Profile())


def test_an_empty_node_goes_down_to_the_fewest() -> None:
    nodes = [node("a", "p"), node("b", "p")]
    assert removed([pod("x", on="a")], nodes) == "b"
    assert removed([pod("x", on="a")], nodes, fewest=2) is None


def test_of_a_gpu_node_the_gpus_alone_count() -> None:
    busy = [pod("x", on="a", cpu="1"), pod("y", on="a", cpu="1")]
    assert utilization(node("a", "p", gpus=2), busy) == 1
    assert utilization(node("a", "p", gpus=4), [pod("x", on="a", cpu="10")]) == Decimal("0.25")
    assert utilization(node("a", "p", gpus=0), [pod("x", on="a", gpus=0, cpu="5")]) == Decimal("0.5")


def test_a_node_full_of_slices_looks_idle() -> None:
    full = pod("x", on="a")
    full["spec"]["containers"][0]["resources"]["requests"] = {"cpu": "1", SLICE: "2"}
    assert utilization(node("a", "p", devices={SLICE: "2"}), [full]) == 0


def test_a_node_at_half_of_its_gpus_or_below_is_emptied_and_one_above_is_kept() -> None:
    nodes = [node("a", "p", gpus=4, cpu="100"), node("b", "p", gpus=4, cpu="100")]
    half = [pod(f"a{number}", on="a") for number in range(2)] + [pod(f"b{number}", on="b") for number in range(2)]
    assert removed(half, nodes) == "a"
    above = [pod(f"a{number}", on="a") for number in range(3)] + [pod(f"b{number}", on="b") for number in range(3)]
    assert removed(above, nodes) is None
    assert removed([*above[:3], pod("b", on="b")], nodes) == "b"


def test_pods_that_fit_on_no_other_node_keep_theirs() -> None:
    nodes = [node("a", "p", gpus=2), node("b", "p", gpus=2)]
    assert removed([pod("x", on="a"), pod("y", on="b"), pod("z", on="b")], nodes) is None
    assert removed([pod("x", on="a", nodeSelector={"pool": "q"}), pod("y", on="b")], nodes) == "b"


CACHE = {"name": "home", "emptyDir": {}}
MEMORY = {"name": "shm", "emptyDir": {"medium": "Memory"}}
HOST = {"name": "host", "hostPath": {"path": "/x"}}


def annotated(one: Any, **annotations: str) -> Any:
    prefix = "cluster-autoscaler.kubernetes.io/"
    named = {f"{prefix}{name.replace('_', '-')}": value for name, value in annotations.items()}
    return {**one, "metadata": {**one["metadata"], "annotations": named}}


@pytest.mark.parametrize(
    ("volumes", "skip", "rule"),
    [
        ([CACHE], False, None),
        ([CACHE], True, "LocalStorage"),
        ([MEMORY], True, None),
        ([HOST], True, "LocalStorage"),
        ([MEMORY, CACHE], True, "LocalStorage"),
    ],
)
def test_local_storage_keeps_a_node_where_the_profile_says_so(volumes: list[Any], skip: bool, rule: str | None) -> None:
    profile = Profile.of({"skipNodesWithLocalStorage": "true" if skip else "false"})
    assert blocked_by(pod("x", on="a", volumes=volumes), [], profile) == rule
    assert blocked_by(annotated(pod("x", on="a", volumes=volumes), safe_to_evict="true"), [], profile) is None


def test_volumes_that_are_safe_to_lose_keep_no_node() -> None:
    profile = Profile(skip_local_storage=True)
    named = annotated(pod("x", on="a", volumes=[CACHE]), safe_to_evict_local_volumes="tmp,home")
    assert blocked_by(named, [], profile) is None


def test_annotations_owners_and_budgets_keep_a_node() -> None:
    profile = Profile()
    assert blocked_by(annotated(pod("x", on="a"), safe_to_evict="false"), [], profile) == "NotSafeToEvict"
    assert blocked_by(annotated(pod("x", on="a"), safe_to_evict="on-completion"), [], profile) == "OnCompletion"
    bare = pod("x", on="a")
    del bare["metadata"]["ownerReferences"]
    assert blocked_by(bare, [], profile) == "Replicated"
    system = pod("x", on="a")
    system["metadata"]["namespace"] = "kube-system"
    assert blocked_by(system, [], profile) == "System"
    assert blocked_by(system, [], Profile.of({"skipNodesWithSystemPods": "false"})) is None

    def budget(allowed: int, app: str = "x") -> dict[str, Any]:
        return {
            "metadata": {"namespace": "n", "name": "b"},
            "spec": {"selector": {"matchLabels": {"app": app}}},
            "status": {"disruptionsAllowed": allowed},
        }

    assert blocked_by(pod("x", on="a"), [budget(0)], profile) == "PDB"
    assert blocked_by(pod("x", on="a"), [budget(1)], profile) is None
    assert blocked_by(pod("x", on="a"), [budget(0, "other")], profile) is None


def test_a_node_that_says_so_is_kept() -> None:
    kept = node("b", "p")
    kept["metadata"]["annotations"] = {"cluster-autoscaler.kubernetes.io/scale-down-disabled": "true"}
    assert removed([pod("x", on="a")], [node("a", "p"), kept]) is None
