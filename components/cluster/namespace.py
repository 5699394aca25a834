"""A namespace and the pod security standard that it enforces: `restricted`, unless its pods are part of their node."""

from collections.abc import Mapping
from typing import Literal

import pulumi
from pulumi_kubernetes.core.v1 import Namespace

from components.cluster.labels import labels

PodSecurity = Literal["restricted", "privileged"]


def namespace(
    resource_name: str,
    name: str,
    *,
    pod_security: PodSecurity = "restricted",
    opts: pulumi.ResourceOptions,
    more_labels: Mapping[str, str] | None = None,
) -> Namespace:
    """A namespace that this program owns; charts never create theirs, so that its labels have one owner.

    The standard is enforced of pods alone: what makes pods, such as a Deployment, is taken with a warning, and noted in
    the audit log.
    """
    return Namespace(
        resource_name,
        metadata={
            "name": name,
            "labels": {
                **labels(name),
                **{f"pod-security.kubernetes.io/{mode}": pod_security for mode in ("enforce", "audit", "warn")},
                **(more_labels or {}),
            },
        },
        opts=opts,
    )
