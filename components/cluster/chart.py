"""A Helm chart at the version of the Plan; Helm itself installs it and waits for it, hooks included."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs

from planning.plan import ChartPlan, Json

# Revisions to which a failed upgrade may be rolled back by hand; each is a Secret in the cluster.
_HISTORY = 5


def install_chart(
    resource_name: str,
    chart: ChartPlan,
    values: Mapping[str, Json],
    *,
    opts: pulumi.ResourceOptions,
    validate_openapi: bool = True,
) -> Release:
    """Installs `chart` into its namespace, which must exist.

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
        values=values,
        timeout=chart.timeout_seconds,
        create_namespace=False,
        atomic=False,
        cleanup_on_fail=True,
        skip_await=False,
        max_history=_HISTORY,
        disable_openapi_validation=not validate_openapi,
        opts=opts,
    )
