"""The options of an object in the cluster: its provider, and that it is deleted with the cluster."""

from collections.abc import Sequence

import pulumi

from components.foundation import KubernetesCluster


def in_cluster(
    parent: pulumi.Resource,
    cluster: KubernetesCluster,
    *depends_on: pulumi.Resource,
    timeouts: pulumi.CustomTimeouts | None = None,
    ignore_changes: Sequence[str] = (),
    formerly: str | None = None,
) -> pulumi.ResourceOptions:
    """Options of one Kubernetes object; `formerly` is the logical name that it had in earlier versions.

    `deleted_with` is set on each object and not on its component: children can't unset an inherited value, and some of
    these components contain identities outside the cluster that must really be deleted.
    """
    return pulumi.ResourceOptions(
        parent=parent,
        provider=cluster.provider,
        deleted_with=cluster.deleted_with,
        depends_on=list(depends_on),
        custom_timeouts=timeouts,
        ignore_changes=list(ignore_changes),
        aliases=None if formerly is None else [pulumi.Alias(name=formerly)],
    )
