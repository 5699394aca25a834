"""A verdict on each move of a version: from records alone, never a guess, in the order in which parts move."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from planning_stacks import CATALOG, settings
from upgrade_pins import RECORDS, moved, pins
from vllm_versions import COPIED, KNOWN, with_copied_version

from catalog import Catalog
from planning.upgrading.pins import pins_of
from planning.upgrading.verdicts import Direction, Move, Refusal, moves


def verdict(name: str, before: str, after: str, **kept: Any) -> Move:
    key = name.replace("-", "_")
    return moved({key: before}, {key: after}, **kept)[name]


def test_equal_pins_move_nothing() -> None:
    assert moves(Direction(CATALOG, RECORDS, pins(), pins())) == ()


# ------------------------------------------------------------------ Kubernetes
def test_the_next_minor_version_is_manual_as_node_pools_are_upgraded_by_hand() -> None:
    move = verdict("kubernetes", "1.35", "1.36")
    assert move.verdict == "manual"
    assert "node pools stay behind" in move.why
    assert move.do is not None
    assert "az aks nodepool upgrade" in move.do
    assert "--kubernetes-version 1.36" in move.do
    assert (move.source, move.as_of) != (None, None)


def test_a_version_that_charts_are_not_tested_with_is_named() -> None:
    move = verdict("kubernetes", "1.36", "1.37")
    assert move.verdict == "manual"
    assert any("gateway-helm 1.9.2 is tested with kubernetes 1.33 to 1.36" in each for each in move.also)


@pytest.mark.parametrize(
    ("before", "after", "why", "do"),
    [
        ("1.35", "1.37", "leaves out 1.36", "move to 1.36 first"),
        ("1.33", "1.36", "leaves out 1.34", "move to 1.34 first"),
        ("1.36", "1.35", "no such thing for the control plane", "stay"),
    ],
)
def test_a_minor_version_is_neither_skipped_nor_taken_back(before: str, after: str, why: str, do: str) -> None:
    move = verdict("kubernetes", before, after)
    assert move.verdict == "blocked"
    assert why in move.why
    assert move.do is not None
    assert do in move.do


def test_a_version_with_long_term_support_alone_is_blocked() -> None:
    ended = replace(CATALOG.azure.kubernetes["1.35"], community_end="2026-10", lts_end="2028-03")
    azure = replace(CATALOG.azure, kubernetes={**CATALOG.azure.kubernetes, "1.35": ended})
    move = verdict("kubernetes", "1.34", "1.35", knowing=replace(CATALOG, azure=azure))
    assert move.verdict == "blocked"
    assert "ended in 2026-10" in move.why
    assert "long-term support (LTS)" in move.why


def test_the_end_of_the_version_before_is_shown() -> None:
    move = verdict("kubernetes", "1.33", "1.34")
    assert any("community support of 1.33 ended in 2026-07" in each and "LTS" in each for each in move.also)


def test_support_ends_with_the_day_of_the_command() -> None:
    assert verdict("kubernetes", "1.35", "1.36", today="2027-06-30").verdict == "manual"
    move = verdict("kubernetes", "1.35", "1.36", today="2027-07-01")
    assert move.verdict == "blocked"
    assert "community support of 1.36 ended in 2027-06" in move.why
    assert any("community support of 1.35 ended in 2027-03" in each for each in move.also)
    assert verdict("gateway-helm", "v1.9.1", "v1.9.2", today="2027-02-14").verdict == "safe"
    move = verdict("gateway-helm", "v1.9.1", "v1.9.2", today="2027-02-15")
    assert move.verdict == "blocked"
    assert "no longer supported since 2027-02-14" in move.why


def test_a_version_that_the_catalog_lacks_is_unknown() -> None:
    found = moved({"kubernetes": "1.37", "kubectl": "v1.37.1"}, {"kubernetes": "1.38", "kubectl": "v1.37.1"})
    assert found["kubernetes"].verdict == "unknown"


# ------------------------------------------------------------------ charts
def test_the_gateway_pair_moves_together_crds_first() -> None:
    old = {"gateway_helm": "v1.9.1", "ai_gateway_helm": "v1.1.0", "ai_gateway_crds_helm": "v1.1.0"}
    found = moved(old, {})
    assert list(found) == ["gateway-helm", "ai-gateway-crds-helm", "ai-gateway-helm"]
    assert {name: move.verdict for name, move in found.items()} == {
        "gateway-helm": "safe", "ai-gateway-crds-helm": "safe", "ai-gateway-helm": "manual",
    }  # fmt: skip
    assert found["gateway-helm"].crds == "by a Job of this platform, before the chart"
    assert found["ai-gateway-helm"].crds is None


def test_one_of_the_gateway_pair_alone_is_blocked() -> None:
    old = {"gateway_helm": "v1.8.3", "ai_gateway_helm": "v1.1.0", "ai_gateway_crds_helm": "v1.1.0"}
    found = moved(old, {**old, "ai_gateway_helm": "v1.2.0"})
    move = found["ai-gateway-helm"]
    assert move.verdict == "blocked"
    assert "needs gateway-helm 1.9.2 or later, and 1.8.3 is there after the move" in (move.why, *move.also)[0]
    assert move.do is not None
    assert "move ai-gateway-helm and gateway-helm together" in move.do


def test_the_ai_gateway_is_not_upgraded_from_1_0() -> None:
    found = moved({"ai_gateway_helm": "v1.0.3", "ai_gateway_crds_helm": "v1.0.3"}, {})
    assert {move.verdict for move in found.values()} == {"blocked"}
    assert "never from 1.0" in found["ai-gateway-helm"].why


def test_a_chart_without_a_record_is_unknown_though_the_target_is_supported() -> None:
    move = verdict("external-secrets", "2.9.0", "2.14.0")
    assert move.verdict == "unknown"
    assert move.why == "no record of this move"
    assert move.source is None


def test_a_chart_with_crds_does_not_move_back() -> None:
    move = verdict("keda", "2.21.0", "2.20.2")
    assert move.verdict == "blocked"
    assert "earlier one" in move.why


def test_a_chart_without_crds_has_no_record_of_a_way_back() -> None:
    assert verdict("ai-gateway-helm", "v1.2.0", "v1.1.9").verdict in {"unknown", "blocked"}


def test_a_known_fault_is_left_behind_and_never_moved_to() -> None:
    forward = verdict("keda", "2.20.2", "2.21.0")
    assert (forward.verdict, "bound to an audience" in forward.why) == ("manual", True)
    assert any("CVE-2026-77524" in each for each in forward.also)
    move = verdict("keda", "2.19.0", "2.20.2")
    assert move.verdict == "blocked"
    assert "CVE-2026-77524" in move.why


def test_a_version_outside_of_the_matrix_is_unknown() -> None:
    assert verdict("gateway-helm", "v1.9.2", "v1.11.0").verdict == "unknown"


def test_a_project_that_recommends_every_minor_version_is_heard() -> None:
    assert verdict("cert-manager", "v1.19.0", "v1.21.1").verdict == "manual"


# ------------------------------------------------------------------ driver, GPU Operator
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [("v26.7.0", "v26.7.1", "safe"), ("v26.3.3", "v26.7.1", "manual"), ("v25.10.1", "v26.7.1", "blocked")],
)
def test_gpu_operator_moves_to_the_next_major_version_at_most(before: str, after: str, expected: str) -> None:
    assert verdict("gpu-operator", before, after).verdict == expected


def test_a_patch_of_gpu_operator_is_safe_only_where_it_does_not_own_the_driver() -> None:
    owned = {"driver": "operator 595.91.07"}
    move = moved({"gpu_operator": "v26.7.0", **owned}, {"gpu_operator": "v26.7.1", **owned})["gpu-operator"]
    assert move.verdict == "manual"
    assert "evicts GPU workloads" in move.why
    assert move.do is not None


def test_the_operators_driver_moves_after_it_and_evicts_pods() -> None:
    found = moved(
        {"gpu_operator": "v26.3.3", "driver": "operator 580.126.20"},
        {"gpu_operator": "v26.7.1", "driver": "operator 595.91.07"},
    )
    assert list(found) == ["gpu-operator", "driver"]
    assert found["driver"].verdict == "manual"
    assert "evicts every GPU pod" in found["driver"].why


@pytest.mark.parametrize(("before", "after"), [("aks", "operator"), ("operator", "aks")])
def test_another_owner_of_the_driver_makes_pools_again(before: str, after: str) -> None:
    old, new = (pins_of(settings({"cluster.gpu_driver": owner}), CATALOG, {}) for owner in (before, after))
    (move,) = moves(Direction(CATALOG, RECORDS, old, new))
    assert move.verdict == "manual"
    assert "every GPU pool is made again" in move.why


# ------------------------------------------------------------------ vLLM, images, packages
def test_a_compared_vllm_version_is_manual_and_says_what_is_not_checked() -> None:
    move = verdict("chat", KNOWN, COPIED, knowing=with_copied_version('"0.33"'))
    assert move.verdict == "manual"
    assert "its answers are not" in move.why


def test_an_earlier_vllm_version_says_what_memory_did_otherwise() -> None:
    move = verdict("chat", "0.25.0", KNOWN)
    assert any("before 0.26" in each for each in move.also)
    assert not any("before 0.21" in each for each in move.also)


@pytest.mark.parametrize(
    ("before", "after", "knowing"),
    [
        (KNOWN, "0.34.1", CATALOG),
        (KNOWN, COPIED, with_copied_version()),
        (COPIED, KNOWN, with_copied_version('"0.33"')),
    ],
)
def test_other_vllm_versions_are_unknown(before: str, after: str, knowing: Catalog) -> None:
    assert verdict("chat", before, after, knowing=knowing).verdict == "unknown"


def test_packages_and_images() -> None:
    assert verdict("pulumi-azure-native", "3.29.0", "3.32.0").verdict == "safe"
    assert verdict("pulumi-azure-native", "2.90.0", "3.29.0").verdict == "manual"
    assert verdict("msgspec", "0.22.0", "0.23.0").verdict == "unknown"
    assert verdict("kubectl", "v1.35.9", "v1.36.4").verdict == "safe"
    assert verdict("helm", "3.18.4", "latest").verdict == "unknown"


def test_what_the_targets_own_check_refuses_is_blocked() -> None:
    refused = Refusal("cluster.kubernetes", "community support of 1.36 ended", "write another", "K8S-LTS")
    move = verdict("kubernetes", "1.35", "1.36", problems=(refused,))
    assert move.verdict == "blocked"
    assert move.source == "rule K8S-LTS"


# ------------------------------------------------------------------ order and direction
def test_the_order_is_that_of_the_records_whatever_the_order_of_pins() -> None:
    old = {
        "chat": "0.32.0", "keda": "2.20.2", "gateway_helm": "v1.9.1", "ai_gateway_crds_helm": "v1.1.0",
        "ai_gateway_helm": "v1.1.0", "kubernetes": "1.35", "pulumi_azure_native": "3.20.0",
    }  # fmt: skip
    before = dict(reversed(list(pins(**old).items())))
    names = [move.name for move in moves(Direction(CATALOG, RECORDS, before, pins()))]
    assert names[:2] == ["pulumi-azure-native", "kubernetes"]
    assert names[-1] == "chat"
    assert names.index("gateway-helm") < names.index("ai-gateway-crds-helm") < names.index("ai-gateway-helm")


_NAMES = sorted(key for key in pins() if key[0] != "driver")


@given(
    st.sampled_from(_NAMES),
    st.lists(st.integers(0, 40), min_size=2, max_size=3),
    st.lists(st.integers(0, 40), min_size=2, max_size=3),
)
def test_a_move_and_its_way_back_are_never_both_safe(key: Any, first: list[int], second: list[int]) -> None:
    one, other = (".".join(map(str, version)) for version in (first, second))
    known = pins()
    low, high = ({**known, key: replace(known[key], version=version)} for version in (one, other))
    there, back = moves(Direction(CATALOG, RECORDS, low, high)), moves(Direction(CATALOG, RECORDS, high, low))
    assert len(there) == len(back) == int(one != other)
    assert not (there and {there[0].verdict, back[0].verdict} == {"safe"})


@given(st.sampled_from(_NAMES), st.text(max_size=12))
def test_any_text_as_a_version_gets_a_verdict(key: Any, text: str) -> None:
    known = pins()
    other = {**known, key: replace(known[key], version=text)}
    for pair in ((known, other), (other, known)):
        found = moves(Direction(CATALOG, RECORDS, *pair))
        assert all(move.verdict != "safe" or move.source for move in found)
