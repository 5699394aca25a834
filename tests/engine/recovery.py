"""What a person does after the engine's program was killed: remove the lock, and settle the pending operations."""

import json
from pathlib import Path
from typing import Any

from rehearsal.engine import StackRun


def cut_off(stack: StackRun) -> list[dict[str, Any]]:
    """Operations that were under way: `type` (creating, updating, deleting, …) and `resource`."""
    return stack.export().get("pending_operations") or []


def unlock(stack: StackRun) -> None:
    """`pulumi cancel`: the stack's lock is removed."""
    stack._stack.cancel()


def adopt(stack: StackRun, urn: str, id_: str, file: Path) -> None:
    """Put a resource that was created without the engine's knowledge into the state by `pulumi stack import`.

    What `pulumi refresh --import-pending-creates` is meant for, but it only forgets them (tried with 3.259). `file` is
    where the state is kept during the edit, its secrets encrypted.
    """
    stack._stack._run_pulumi_cmd_sync(["stack", "export", "--file", str(file)])
    state = json.loads(file.read_text())
    deployment = state["deployment"]
    (done,) = [operation for operation in deployment["pending_operations"] if operation["resource"]["urn"] == urn]
    deployment["pending_operations"].remove(done)
    deployment["resources"].append({**done["resource"], "id": id_})
    file.write_text(json.dumps(state))
    stack._stack._run_pulumi_cmd_sync(["stack", "import", "--file", str(file)])
