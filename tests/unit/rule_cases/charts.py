"""What breaks and what keeps each rule of planning/rules/charts.py."""

from typing import Any

from msgspec.structs import replace
from planning_stacks import CATALOG

from catalog import Catalog
from rule_cases.case import Case

BUNDLE = CATALOG.charts["gateway-helm"].crd_bundle


def chart(name: str, **differences: Any) -> Catalog:
    return replace(CATALOG, charts={**CATALOG.charts, name: replace(CATALOG.charts[name], **differences)})


def proxy(tag: str) -> Catalog:
    return replace(CATALOG, images={**CATALOG.images, "envoy-proxy": replace(CATALOG.images["envoy-proxy"], tag=tag)})


assert BUNDLE is not None
CASES: dict[str, Case] = {
    "CHART-SIZE": Case({}, {}, knowing=(chart("keda", record_bytes=1_048_577), chart("keda", record_bytes=1_048_576))),
    "CRD-BUNDLE": Case(
        {},
        {},
        knowing=(
            chart("gateway-helm", crd_bundle=replace(BUNDLE, version="v1.5.1")),
            chart("gateway-helm", crd_bundle=replace(BUNDLE, version="1.6.1")),
        ),
    ),
    "PROXY-IMAGE": Case({}, {}, knowing=(proxy("distroless-v1.38.4"), proxy("distroless-v1.39.9"))),
    "CRD-STALE": Case(
        {},
        {},
        knowing=(
            chart("kube-prometheus-stack", crds_updated_by=None),
            chart("kube-prometheus-stack", crds_updated_by=None, crds_in="templates"),
        ),
    ),
}
