"""The options of an object in the cluster: which provider makes it, and that it dies with the cluster."""

from collections.abc import Sequence

import pulumi

from components.azure.cluster import Cluster


def in_cluster(
    parent: pulumi.Resource,
    cluster: Cluster,
    *depends_on: pulumi.Resource,
    timeouts: pulumi.CustomTimeouts | None = None,
    ignore_changes: Sequence[str] = (),
) -> pulumi.ResourceOptions:
    """Options of one Kubernetes object.

    `deleted_with` is set on each object and not on its component: children can't take an inherited one back, and
    the Azure identities in some of these components must really be deleted.
    """
    return pulumi.ResourceOptions(
        parent=parent,
        provider=cluster.kubernetes,
        deleted_with=cluster.cluster,
        depends_on=list(depends_on),
        custom_timeouts=timeouts,
        ignore_changes=list(ignore_changes),
    )
