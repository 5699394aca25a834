"""Stores of the platform's own among Grafana's sources."""

import json

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap
from pulumi_kubernetes.networking.v1 import NetworkPolicy, NetworkPolicySpecArgsDict

from components.cluster.labels import labels, metadata


def grafana_source(
    name: str, kind: str, *, store: str, namespace: str, port: int, grafana_namespace: str, policy: str,
    traffic: NetworkPolicySpecArgsDict, opts: pulumi.ResourceOptions,
) -> None:  # fmt: skip
    """The Service `store` as a source of this kind, which Grafana's sidecar finds by its label, and the way there."""
    NetworkPolicy(
        f"{name}-grafana",
        metadata=metadata(policy, grafana_namespace),
        spec=traffic,
        opts=opts,
    )
    source = {
        "name": kind,
        "type": kind.lower(),
        "uid": store,
        "access": "proxy",
        "url": f"http://{store}.{namespace}.svc.cluster.local:{port}",
        "editable": False,
    }
    ConfigMap(
        f"{name}-source",
        metadata={
            "name": store,
            "namespace": grafana_namespace,
            "labels": {**labels(store), "grafana_datasource": "1"},
        },
        # JSON is YAML.
        data={f"{store}.yaml": json.dumps({"apiVersion": 1, "datasources": [source]}, indent=2)},
        opts=opts,
    )
