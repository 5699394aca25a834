"""A namespace and the pod security standard that it enforces."""

from collections.abc import Mapping
from typing import Literal

import pulumi
from pulumi_kubernetes.core.v1 import Namespace

from components.cluster.labels import labels

PodSecurity = Literal["restricted", "baseline", "privileged"]


def namespace(
    resource_name: str,
    name: str,
    *,
    pod_security: PodSecurity,
    opts: pulumi.ResourceOptions,
    more_labels: Mapping[str, str] | None = None,
) -> Namespace:
    """A namespace that this program owns; charts never create theirs, so that its labels have one owner."""
    return Namespace(
        resource_name,
        metadata={
            "name": name,
            "labels": {
                **labels(name),
                "pod-security.kubernetes.io/enforce": pod_security,
                **(more_labels or {}),
            },
        },
        opts=opts,
    )
