"""Rules about charts: that their CRDs follow their version, and are those that the other parts were compared with."""

from catalog import VersionRange
from planning.resolving.resolution import Resolution
from planning.resolving.versions import line_of, numbers, within
from planning.rules.register import Violation, Violations, stack_rule

_HELM = "https://helm.sh/docs/chart_best_practices/custom_resource_definitions/"
# Kubernetes refuses a larger Secret: https://kubernetes.io/docs/concepts/configuration/secret/
_SECRET_BYTES = 1_048_576


@stack_rule(
    "CRD-STALE",
    "error",
    prevents="After an upgrade the CRDs are those of the old version: the API server drops new fields without an "
    "error, and with them the rule that they say.",
    source=_HELM,
    reads=(),
)
def crds_are_updated(stack: Resolution) -> Violations:
    """Every chart whose CRDs Helm installs once has something that updates them: a hook of its own or a Job."""
    for name, chart in stack.catalog.charts.items():
        if chart.crds_in == "crds" and chart.crds_updated_by is None:
            yield Violation(
                f"catalog/charts.yaml.{name}.crds_updated_by",
                f"{name} has its CRDs in a folder from which Helm never updates them, and nothing else does",
                "write `hook` if the chart updates them by itself, or `job` and crd_bundle",
            )
        if chart.crds_updated_by == "job" and chart.crd_bundle is None:
            yield Violation(
                f"catalog/charts.yaml.{name}.crd_bundle",
                f"a Job updates the CRDs of {name}, and the catalog does not say where they are and which version",
                "write folder, crd, annotation, version and part",
            )


@stack_rule(
    "CRD-BUNDLE",
    "error",
    prevents="Controllers meet CRDs of another version: routes are skipped without an error, fields are dropped.",
    source="Gateway API: annotation gateway.networking.k8s.io/bundle-version of each CRD",
    reads=(),
)
def bundle_is_the_one_compared(stack: Resolution) -> Violations:
    """The version that a chart's bundle of CRDs says of itself is the one that the version matrix counts with."""
    for name, chart in stack.catalog.charts.items():
        line, bundle = line_of(stack.catalog.versions, name, chart.version), chart.crd_bundle
        known = line.brings.get(bundle.part) if line is not None and bundle is not None else None
        if bundle is not None and known is not None and numbers(bundle.version) != numbers(known):
            says = f"its CRDs say {bundle.version}"
            yield Violation(
                f"catalog/charts.yaml.{name}.crd_bundle.version",
                f"{name} {chart.version} brings {bundle.part} {known} by the version matrix, {says}",
                f"read the annotation {bundle.annotation} in the chart, and correct the one that is wrong",
            )


@stack_rule(
    "PROXY-IMAGE",
    "error",
    prevents="The proxies refuse configuration that they are too old for, or take it in another sense.",
    source="Envoy Gateway compatibility matrix: each minor version is built for one minor version of Envoy",
    reads=(),
)
def proxies_are_those_of_the_gateway(stack: Resolution) -> Violations:
    """The image of the proxies is of the minor version that Envoy Gateway brings; only its patch is chosen here."""
    name, image = "gateway-helm", stack.catalog.images["envoy-proxy"]
    version = stack.catalog.charts[name].version
    line = line_of(stack.catalog.versions, name, version)
    brought = line.brings.get("envoy") if line is not None else None
    tag = image.tag.removeprefix("distroless-")
    if brought is not None and not within(tag, VersionRange(brought, brought)):
        yield Violation(
            "catalog/charts.yaml.images.envoy-proxy.tag",
            f"{name} {version} brings Envoy {brought}, and the proxies' image is {image.tag}",
            f"write the newest patch of {brought}, such as distroless-v{brought}.0",
        )


@stack_rule(
    "CHART-SIZE",
    "error",
    prevents="Helm fails after it has changed everything: `Secret … is invalid: data: Too long: may not be more than "
    "1048576 bytes`.",
    source="https://helm.sh/docs/topics/advanced/#storage-backends",
    reads=(),
)
def record_fits_into_a_secret(stack: Resolution) -> Violations:
    """Helm's record of every chart, CRDs in templates counted twice, fits into a Secret."""
    for name, chart in stack.catalog.charts.items():
        size = chart.record_bytes
        if size is not None and size > _SECRET_BYTES:
            yield Violation(
                f"catalog/charts.yaml.{name}.record_bytes",
                f"Helm's Secret of {name} {chart.version} has {size:,} bytes of {_SECRET_BYTES:,} allowed",
                "stay at the version before, or apply its CRDs by a Job and leave them out of the chart",
            )
