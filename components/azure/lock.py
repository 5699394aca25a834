"""A lock of Azure: until it is deleted, nobody deletes the resource, whatever their role."""

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import authorization

from planning.plan import AzureScopePlan

_NAME = "llm-platform-keep"


def lock(
    name: str,
    resource: pulumi.CustomResource,
    *,
    scope: AzureScopePlan,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
) -> None:
    """Lock a resource of a protected stack, once what lies in it (`after`) is made.

    A lock holds everything below the resource too, its diagnostic setting included, so it goes before any of them
    (https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources). The cluster has none, since
    its pools lie below it, and a changed pool is deleted. Nor have vault, store of weights and registry: roles on a
    secret or a folder and cache rules come and go with clients, models and images. Nor has a group: AKS deletes nodes
    and disks in its own.
    """
    if not scope.lock:
        return
    authorization.ManagementLockByScope(
        f"{name}-lock",
        lock_name=_NAME,
        scope=resource.id,
        level=authorization.LockLevel.CAN_NOT_DELETE,
        notes="Deleted by the platform's own update with platform.protect: false (docs/hardening.md).",
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[resource, *after]),
    )
