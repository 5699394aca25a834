"""Plans how the CRDs of a chart follow its version where Helm installs them once and never updates them."""

from planning import naming
from planning.deciding.charts import chart
from planning.deciding.images import image
from planning.plan import ChartCrdsPlan
from planning.resolving.resolution import ResolvedStack


def chart_crds(stack: ResolvedStack, name: str) -> ChartCrdsPlan:
    """Plan the Job for a chart whose `crds_updated_by` is `job`.

    Raises:
        ValueError: the catalog says nothing about the chart's bundle of CRDs.
    """
    planned, bundle = chart(stack, name), stack.catalog.charts[name].crd_bundle
    if bundle is None:
        raise ValueError(name)
    done: dict[str, str] = {
        "chart": planned.chart,
        "version": planned.version,
        "folder": f"{name}/{bundle.folder}",
        "helm_image": image(stack, "helm"),
        "kubectl_image": image(stack, "kubectl"),
        "bundle_crd": bundle.crd,
        "bundle_annotation": bundle.annotation,
        "bundle_version": bundle.version,
    }
    return ChartCrdsPlan(
        account=f"{name}-crds",
        namespace=planned.namespace,
        revision=naming.content_hash("\n".join(f"{key}={value}" for key, value in done.items())),
        repository=planned.repository,
        **done,
    )
