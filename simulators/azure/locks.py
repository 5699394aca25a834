"""Locks of Azure: what lies at or below a locked resource can't be deleted, nor what holds one.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources (inheritance, extension
resources, role assignments, groups that hold a locked resource).
What differs: a parent with a locked child is refused here whatever its kind; Azure's page says it of groups.
"""

from typing import Final

from simulators.azure.cloud import Cloud
from simulators.provider_protocol.calls import RefusedError

LOCK: Final = "authorization:ManagementLockByScope"


def refuse(cloud: Cloud, token: str, id_: str) -> None:
    """Refuse a deletion that a lock forbids; a lock itself may always go.

    Raises:
        RefusedError: in Azure's words.
    """
    if token == LOCK:
        return
    wanted = f"{id_.lower()}/"
    locked = sorted({str(lock.inputs["scope"]) for lock in cloud.azure if lock.token == LOCK})
    held = [scope for scope in locked if _is_in(wanted, scope) or _is_in(f"{scope.lower()}/", id_)]
    if held:
        raise RefusedError(
            f"ScopeLocked: The scope '{id_}' cannot perform delete operation because following scope(s) are locked: "
            f"'{', '.join(held)}'. Please remove the lock and try again."
        )


def _is_in(inner: str, outer: str) -> bool:
    return inner.startswith(f"{outer.lower()}/")
