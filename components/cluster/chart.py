"""A Helm chart at the version of the Plan; Helm itself installs it and waits for it, hooks included."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs

from planning.plan import ChartPlan, Json
from planning.plan.system_pods import sizes

# Revisions to which a failed upgrade may be rolled back by hand; each is a Secret in the cluster.
_HISTORY = 5


def install_chart(
    resource_name: str,
    chart: ChartPlan,
    values: Mapping[str, Json],
    *,
    opts: pulumi.ResourceOptions,
) -> Release:
    """Installs `chart` into its namespace, which must exist; the requests of its pods are added to `values`.

    Never atomic: after a failed installation Helm would uninstall the chart, its CRDs, and with them every object of
    these kinds.
    """
    return Release(
        resource_name,
        name=chart.name,
        namespace=chart.namespace,
        chart=chart.chart,
        version=chart.version,
        repository_opts=None if chart.repository is None else RepositoryOptsArgs(repo=chart.repository),
        verify=None if chart.keyring is None else True,
        keyring=chart.keyring,
        values=merged(merged(values, sizes(chart.name)), chart.images),
        timeout=chart.timeout_seconds,
        create_namespace=False,
        atomic=False,
        cleanup_on_fail=True,
        skip_await=False,
        max_history=_HISTORY,
        opts=opts,
    )


def image_parts(image: str) -> dict[str, Json]:
    """An image `registry/repository:tag`, or one by digest, as charts take it in parts."""
    name, _, digest = image.partition("@sha256:")
    registry, _, path = name.partition("/")
    repository, _, tag = path.partition(":")
    return {
        "registry": registry,
        "repository": repository,
        **({"tag": tag} if tag else {}),
        **({"sha": digest} if digest else {}),
    }


def merged(values: Mapping[str, Json], more: Mapping[str, Json]) -> dict[str, Json]:
    """Two trees of values as one; of two values that are not both mappings, that of `more` counts."""
    result = dict(values)
    for key, value in more.items():
        before = result.get(key)
        result[key] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return result
