"""Pods of the platform's own whose metrics Prometheus scrapes."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components.cluster.labels import metadata
from planning.plan import Json


def pod_monitor(
    name: str, called: str, *, prometheus_namespace: str, namespace: str, selected: Mapping[str, str],
    opts: pulumi.ResourceOptions, **endpoint: Json,
) -> None:  # fmt: skip
    """Have the pods with these labels scraped twice a minute; `endpoint` is their port, and path if need be."""
    CustomResource(
        name,
        api_version="monitoring.coreos.com/v1",
        kind="PodMonitor",
        metadata=metadata(called, prometheus_namespace),
        spec={
            "namespaceSelector": {"matchNames": [namespace]},
            "selector": {"matchLabels": dict(selected)},
            "podMetricsEndpoints": [{**endpoint, "interval": "30s"}],
        },
        opts=opts,
    )
