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
) -> pulumi.ResourceOptions:
    """Options of one Kubernetes object.

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
    )
