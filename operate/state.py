"""What the state says: resources, operations that were under way, how the last update ended. Secrets stay closed."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from msgspec import Struct
from pulumi.automation.errors import StackAlreadyExistsError

from operate.workspace import Stack, refusals

CREATING = "creating"


class Pending(Struct, frozen=True):
    """An operation that an update was at when it ended. `kind` is the engine's word, such as creating or updating."""

    kind: str
    resource: Mapping[str, Any]

    @property
    def urn(self) -> str:
        """URN of the resource."""
        return str(self.resource["urn"])

    @property
    def type(self) -> str:
        """Its type, such as `kubernetes:apps/v1:Deployment`."""
        return str(self.resource["type"])

    @property
    def name(self) -> str:
        """Its logical name."""
        return self.urn.rpartition("::")[2]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.type})"


class Saved(Struct, frozen=True):
    """The state as exported: `whole` is the backend's document, with secrets encrypted."""

    whole: Mapping[str, Any]

    @property
    def deployment(self) -> Mapping[str, Any]:
        """Resources and pending operations; empty for a stack that was never updated."""
        return self.whole.get("deployment") or {}

    @property
    def resources(self) -> Sequence[Mapping[str, Any]]:
        """The state's resources, in its order."""
        return self.deployment.get("resources") or []

    @property
    def keys_read(self) -> frozenset[tuple[str, str]]:
        """What External Secrets reads from the vault: the key in the Secret, and the vault's secret."""
        return frozenset(
            (str(entry["secretKey"]), str(entry["remoteRef"]["key"]))
            for each in self.resources
            if str(each["type"]).endswith(":ExternalSecret") and not each.get("delete")
            for entry in each["inputs"]["spec"].get("data") or ()
        )

    @property
    def has_unread(self) -> bool:
        """Whether it has entries that were never read from their cloud: what an interrupted settlement leaves."""
        return any(
            each.get("custom")
            and each.get("id")
            and "outputs" not in each
            and not str(each["type"]).startswith("pulumi:")
            for each in self.resources
        )

    @property
    def pending(self) -> tuple[Pending, ...]:
        """What was under way."""
        found = self.deployment.get("pending_operations") or []
        return tuple(Pending(str(each["type"]), each["resource"]) for each in found)


class LastUpdate(Struct, frozen=True):
    """The last operation that ended and wrote so: a killed one writes nothing."""

    kind: str
    result: str
    ended: datetime | None

    @property
    def went_well(self) -> bool:
        """Whether it reached its end."""
        return self.result == "succeeded"


def saved(stack: Stack) -> Saved:
    """Read the state.

    Raises:
        CannotOperateError: it can't be read.
    """
    with refusals(stack.name):
        return Saved(json.loads(stack.ask("stack", "export")))


def exported(stack: Stack) -> Mapping[str, Any]:
    """What the program exports, secrets hidden."""
    with refusals(stack.name):
        found = json.loads(stack.ask("stack", "output", "--json"))
    return found if isinstance(found, dict) else {}


def last_update(stack: Stack) -> LastUpdate | None:
    """How the last operation ended that wrote its end; None where there was none."""
    with refusals(stack.name):
        found = stack.history(page_size=1, page=1, show_secrets=False)
    return LastUpdate(found[0].kind, found[0].result, found[0].end_time) if found else None


def require_unlocked(stack: Stack) -> None:
    """Whether an update runs, before the operator decides anything: a preview meets no lock.

    A stack that is renamed to its own name is locked, found to exist, and unlocked (pkg/backend/diy/backend.go,
    `renameStack`): nothing else takes the lock and changes nothing.

    Raises:
        LockedError: another update runs, or has left its lock.
    """
    with refusals(stack.name), suppress(StackAlreadyExistsError):
        stack.ask("stack", "rename", stack.name)


def unlock(stack: Stack) -> None:
    """Remove every lock of the stack."""
    with stack.beginning("cancel"):
        stack.ask("cancel", "--yes")
