"""The version matrix: the pinned versions are compatible, and a changed pin reports what else must change."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from planning_stacks import CATALOG, model, planned, pool, settings
from rule_cases.case import MIXED, charts, node_images

from catalog import Catalog, VersionRange
from config import Finding
from planning.resolving.resolution import Resolution
from planning.resolving.versions import (
    components,
    driver,
    numbers,
    range_text,
    within,
)

# Charts whose values and CRDs of a supported version were not to be had: docs/not-verified.md.
NOTHING_NEWER = ("external-secrets", "kube-prometheus-stack")
BLOCKING = ("VERSION-PAIR", "VERSION-FAULT", "VERSION-CUDA", "MIG-DRIVER", "K8S-LTS")


def found(
    rule: str, changes: dict[str, Any] | None = None, knowing: Catalog = CATALOG, today: str | None = None
) -> list[Finding]:
    return [each for each in planned(changes or {}, today=today, knowing=knowing).findings if each.rule == rule]


def text(findings: list[Finding]) -> str:
    return "\n".join(f"{problem.path}: {problem.message} → {problem.fix}" for problem in findings)


# ------------------------------------------------------------------ versions
@pytest.mark.parametrize(
    ("version", "first", "last", "inside"),
    [
        ("1.36", "1.33", "1.36", True),
        ("1.36.5", "1.33", "1.36", True),
        ("1.37", "1.33", "1.36", False),
        ("v1.8.1", "1.8.1", "1.8", True),
        ("v1.8.0", "1.8.1", "1.8", False),
        ("v1.10.0", "1.8.1", "1.9", False),
        ("v26.7.1", "26.7.1", "26.7", True),
        ("v26.7.0", "26.7.1", "26.7", False),
        ("25.3.4", None, "25.10", True),
        ("26.3", None, "25.10", False),
        ("580", "580", None, True),
        ("580.126.09", "580", None, True),
        ("575.57.08", "580", None, False),
    ],
)
def test_ranges(version: str, first: str | None, last: str | None, inside: bool) -> None:
    assert within(version, VersionRange(first, last)) is inside


@given(st.lists(st.integers(0, 99), min_size=1, max_size=3), st.lists(st.integers(0, 99), min_size=1, max_size=3))
def test_a_version_begins_the_range_that_it_names(earlier: list[int], parts: list[int]) -> None:
    first, version = ".".join(map(str, earlier)), ".".join(map(str, parts))
    assert within(version, VersionRange(version, version))
    assert within(f"{version}.7", VersionRange(version, version))
    assert within(version, VersionRange(first, None)) == (numbers(version) >= numbers(first))


def test_ranges_as_text() -> None:
    assert range_text(VersionRange("1.33", "1.36")) == "1.33 to 1.36"
    assert range_text(VersionRange("1.8.1", "1.8")) == "1.8.1 and later 1.8"
    assert range_text(VersionRange(None, "25.10")) == "up to 25.10"
    assert range_text(VersionRange("580", None)) == "580 or later"
    assert range_text(VersionRange("1.9", "1.9")) == "1.9"


# ------------------------------------------------------------------ the matrix
def test_lines_of_one_component_do_not_overlap() -> None:
    pins = [
        "25.3.0", "26.3.3", "26.7.0", "26.7.1", "26.7.2", "1.8.0", "1.8.3", "1.9.1", "1.1.0", "1.2.0", "0.15.0",
        "0.15.1", "2.9.0", "2.13.0", "2.14.0", "2.20.2", "2.21.0", "88.5.3", "91.5.2", "92.3.0", "1.21.1",
    ]  # fmt: skip
    for part in {line.part for line in CATALOG.versions.lines}:
        for pin in pins:
            assert sum(within(pin, line.versions) for line in CATALOG.versions.of(part)) <= 1, (part, pin)


def test_the_matrix_names_existing_components() -> None:
    known = {"kubernetes", "driver", *CATALOG.charts}
    brought = {name for line in CATALOG.versions.lines for name in line.brings}
    assert {line.part for line in CATALOG.versions.lines} <= known | brought
    assert {need.part for line in CATALOG.versions.lines for need in line.needs} <= known | brought


def test_every_line_has_a_source() -> None:
    for line in CATALOG.versions.lines:
        assert line.source.strip()
        assert (line.status == "faulty") == (line.fault is not None)


def test_pinned_versions_are_in_the_matrix_and_those_that_have_ended_are_reported() -> None:
    for stack in ({}, {"cluster.gpu_driver": "operator"}, MIXED):
        reported = {finding.rule for finding in planned(stack).findings}
        assert not reported & {*BLOCKING, "VERSION-UNKNOWN", "VERSION-UNTESTED", "VERSION-UNCONFIRMED"}
        assert {finding.path for finding in found("VERSION-ENDED", stack)} == {
            f"catalog/charts.yaml.{name}" for name in NOTHING_NEWER
        }


# ------------------------------------------------------------------ a changed pin
def test_an_older_gateway_names_the_versions_that_it_does_not_support() -> None:
    older = charts(gateway_helm="v1.8.3")
    ended = text(found("VERSION-ENDED", knowing=older))
    assert "gateway-helm v1.8.3 is no longer supported since 2026-11-08" in ended
    assert "move to 1.9" in ended
    untested = text(found("VERSION-UNTESTED", knowing=older))
    assert "cluster.kubernetes: gateway-helm v1.8.3 is tested with kubernetes 1.32 to 1.35, not with 1.36" in untested
    assert "or gateway-helm to 1.9" in untested
    assert found("VERSION-UNCONFIRMED", knowing=older) == []


def test_a_gateway_that_the_ai_gateway_does_not_run_on_is_refused() -> None:
    (finding,) = found("VERSION-PAIR", knowing=charts(gateway_helm="v1.9.1"))
    assert (finding.severity, finding.path) == ("error", "catalog/charts.yaml.gateway-helm")
    assert "ai-gateway-helm v1.2.0 needs gateway-helm 1.9.2 or later" in finding.message
    assert "move gateway-helm to 1.9.2 and later 1.9" in finding.fix


def test_a_pair_that_works_and_that_nobody_tests_is_a_note() -> None:
    before = charts(ai_gateway_helm="v1.1.0", ai_gateway_crds_helm="v1.1.0")
    (note,) = found("VERSION-UNCONFIRMED", knowing=before)
    assert "ai-gateway-helm v1.1.0 is tested with gateway-helm 1.8.1 and later 1.8, not with v1.9.2" in note.message
    assert note.fix.endswith("or ai-gateway-helm to 1.2")
    assert found("VERSION-PAIR", knowing=before) == []


def test_definitions_of_another_version_than_their_controller_are_refused() -> None:
    for knowing in (charts(ai_gateway_crds_helm="v1.1.0"), charts(ai_gateway_helm="v1.1.0")):
        assert {finding.path for finding in found("VERSION-PAIR", knowing=knowing)} == {
            "catalog/charts.yaml.ai-gateway-helm",
            "catalog/charts.yaml.ai-gateway-crds-helm",
        }


def test_a_keda_that_gives_its_token_away_is_refused() -> None:
    (finding,) = found("VERSION-FAULT", knowing=charts(keda="2.20.2"))
    assert "CVE-2026-77524" in finding.message
    assert finding.fix == "move to a version with keda 2.21"


def test_charts_that_are_supported_no_more_name_the_version_that_is() -> None:
    fixes = {finding.path.rpartition(".")[2]: finding.fix for finding in found("VERSION-ENDED")}
    assert fixes == {"external-secrets": "move to 2.14", "kube-prometheus-stack": "move to 92"}
    assert found("VERSION-ENDED", knowing=charts(external_secrets="2.14.0", kube_prometheus_stack="92.3.0")) == []


@pytest.mark.parametrize(("today", "over"), [("2027-02-14", False), ("2027-02-15", True), ("2039-09-18", True)])
def test_support_ends_with_the_day_of_the_check(today: str, over: bool) -> None:
    reported = text(found("VERSION-ENDED", today=today))
    ended = "gateway-helm: gateway-helm v1.9.2 is no longer supported since 2027-02-14"
    assert (ended in reported) == over
    assert ("→ look up which version is, and add it to catalog/versions.yaml" in reported) == over


def test_the_end_of_kubernetes_is_a_warning_by_the_day_and_an_error_by_the_catalog() -> None:
    assert found("K8S-ENDED", today="2027-06-30") == []
    (warning,) = found("K8S-ENDED", today="2027-07-01")
    assert "community support of 1.36 ended in 2027-06, before 2027-07-01" in warning.message
    assert warning.fix == "write one of `1.37`"
    (late,) = found("K8S-ENDED", today="2039-09-18")
    assert "newer catalog" in late.fix
    assert found("K8S-ENDED", {"cluster.kubernetes": "1.33"}, today="2027-07-01") == []
    assert planned({}, today="2039-09-18").plan == planned({}).plan is not None


def test_a_new_gateway_needs_a_line_in_the_matrix() -> None:
    newer = charts(gateway_helm="v1.10.0", ai_gateway_helm="v1.3.0")
    reported = text(found("VERSION-UNKNOWN", knowing=newer))
    assert "gateway-helm v1.10.0 is not in the version matrix, which has `1.8`, `1.9`" in reported
    assert "which versions of `envoy`, `gateway-api`, `kubernetes` it needs and bundles" in reported
    assert "ai-gateway-helm v1.3.0 is not in the version matrix" in reported
    # The custom resource definitions are of the old version.
    (pair,) = found("VERSION-PAIR", knowing=newer)
    assert "ai-gateway-crds-helm v1.2.0 needs ai-gateway-helm 1.2" in pair.message


def test_with_a_new_kubernetes_the_untested_chart_is_reported() -> None:
    findings = {finding.message: finding.fix for finding in found("VERSION-UNTESTED", {"cluster.kubernetes": "1.37"})}
    for chart, first in (("gateway-helm v1.9.2", "1.33"), ("keda 2.21.0", "1.34"), ("cert-manager v1.21.1", "1.33")):
        fix = findings.pop(f"{chart} is tested with kubernetes {first} to 1.36, not with 1.37")
        assert f"no {chart.split()[0]} in the catalog takes kubernetes 1.37" in fix
    assert findings == {}


def test_unsupported_and_deprecated_operators_are_reported() -> None:
    assert "no longer supported" in text(found("VERSION-ENDED", knowing=charts(gpu_operator="v25.10.1")))
    assert "deprecated" in text(found("VERSION-ENDED", knowing=charts(gpu_operator="v26.3.3")))
    assert "move to 26.7.0 or 26.7.1 and later 26.7" in text(
        found("VERSION-ENDED", knowing=charts(gpu_operator="v26.3.3"))
    )


def test_a_known_bug_is_reported_only_where_the_stack_would_hit_it() -> None:
    wedging = charts(gpu_operator="v26.7.0")
    (finding,) = found("VERSION-FAULT", MIXED, wedging)
    assert (finding.severity, finding.path) == ("error", "catalog/charts.yaml.gpu-operator")
    assert "mig-manager 0.15.0: it stays `pending` for ever" in finding.message
    # AKS creates the slices, no MIG manager runs.
    assert found("VERSION-FAULT", {}, wedging) == []


def test_a_new_image_needs_a_newer_driver() -> None:
    newer = {**CATALOG.images}
    newer["vllm-openai-0.33.0"] = replace(newer["vllm-openai-0.33.0"], cuda="14.0", min_driver="590")
    knowing = replace(CATALOG, images=newer)
    findings = found("VERSION-CUDA", knowing=knowing)
    assert [finding.path for finding in findings] == ["models[0].engine.version", "models[1].engine.version"]
    assert "CUDA 14.0 and needs driver 590; `h100` has 580.126.09 (cluster.gpu_driver)" in findings[0].message
    assert findings[0].fix == "write cluster.gpu_driver: operator (it bundles 595.91.07)"
    assert found("VERSION-CUDA", {"cluster.gpu_driver": "operator"}, knowing) == []


def test_no_fix_suggests_a_driver_that_is_not_newer() -> None:
    newer = {**CATALOG.images}
    newer["vllm-openai-0.33.0"] = replace(newer["vllm-openai-0.33.0"], min_driver="700")
    for changes in ({}, {"cluster.gpu_driver": "operator"}):
        for item in found("VERSION-CUDA", changes, replace(CATALOG, images=newer)):
            assert "write cluster" not in item.fix


def test_slices_need_a_driver_that_supports_them() -> None:
    (finding,) = found("MIG-DRIVER", knowing=node_images("525.60.13"))
    assert "MIG on H100-NVL-94 needs driver 525.85.12 or later; `h100` has 525.60.13" in finding.message
    whole = {"pools[0].gpu": {}, "models[0].slice": None, "models[1].slice": None, "pools[0].nodes.max": 4}
    assert found("MIG-DRIVER", whole, node_images("525.60.13")) == []


def test_a_driver_with_a_gap_is_refused_for_that_gpu_only() -> None:
    faulty = CATALOG.versions.mig_faulty_drivers
    assert set(faulty) <= set(CATALOG.mig)
    affected = replace(
        CATALOG.versions, aks_driver={"cuda": "575.57.08"}, mig_faulty_drivers={"H100-NVL-94": ("575.57.08",)}
    )
    assert found("MIG-DRIVER", knowing=replace(CATALOG, versions=affected))
    unaffected = replace(affected, mig_faulty_drivers=faulty)
    assert found("MIG-DRIVER", knowing=replace(CATALOG, versions=unaffected)) == []


def test_a_version_without_community_support_names_the_forced_upgrades() -> None:
    (finding,) = found("K8S-LTS", {"cluster.kubernetes": "1.33"})
    assert "from 2027-06-01 on it upgrades clusters by itself" in finding.message
    assert "out of support for 60 days" in finding.message


def test_every_gpu_that_aks_slices_has_a_driver_that_can() -> None:
    image = CATALOG.versions.aks_driver["cuda"]
    for vm in CATALOG.vm_sizes.values():
        if vm.aks_mig:
            assert numbers(image) >= numbers(CATALOG.mig[str(vm.gpu)].min_driver), vm.name


# ------------------------------------------------------------------ the components of a stack
def test_only_components_that_run_are_checked() -> None:
    def of(changes: dict[str, Any]) -> dict[str, str]:
        return {
            name: component.version for name, component in components(Resolution(settings(changes), CATALOG)).items()
        }

    plain = of({})
    assert {name: plain[name] for name in ("kubernetes", "gateway-api", "envoy")} == {
        "kubernetes": "1.36",
        "gateway-api": "1.6.1",
        "envoy": "1.39",
    }
    assert not {"driver", "mig-manager"} & plain.keys()
    assert of({"cluster.gpu_driver": "operator"})["driver"] == "595.91.07"
    assert of(MIXED)["mig-manager"] == "0.15.1"


def test_the_driver_is_that_of_the_vm_size() -> None:
    changes = {"pools[1]": pool("old", vm_size="Standard_NV36ads_A10_v5")}
    stack = Resolution(settings(changes), CATALOG)
    versions = [found.version for view in stack.pools if (found := driver(stack, view)) is not None]
    assert versions == [CATALOG.versions.aks_driver["cuda"], CATALOG.versions.aks_driver["grid"]]


def test_the_matrix_is_checked_once_for_many_models() -> None:
    many = {f"models[{index}]": model(f"m{index}", "h100", slice="3g.47gb") for index in range(2, 40)}
    assert len(found("VERSION-UNCONFIRMED", many)) == len(found("VERSION-UNCONFIRMED"))
