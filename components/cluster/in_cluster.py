"""The options of an object in the cluster: which provider makes it, and that it dies with the cluster."""

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

    `deleted_with` is set on each object and not on its component: children can't take an inherited one back, and
    identities outside the cluster in some of these components must really be deleted.
    """
    return pulumi.ResourceOptions(
        parent=parent,
        provider=cluster.provider,
        deleted_with=cluster.deleted_with,
        depends_on=list(depends_on),
        custom_timeouts=timeouts,
        ignore_changes=list(ignore_changes),
    )
