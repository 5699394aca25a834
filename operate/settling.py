"""Settles what an interrupted update was creating: for each resource, whether it exists is found out by reading it.

Pulumi asks a person for the id of each (`pulumi refresh --import-pending-creates`), and a refresh that gets them
forgets them instead (tried with 3.259: the resource then belongs to no stack). Here each gets the id that its names
make, and an entry of its own in the state; the refresh that follows reads it by its provider, keeps what is there and
drops what is not. Everything but a creation is settled by that refresh alone.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from operate.ids import id_of, subscription_of
from operate.state import CREATING, Pending, Saved
from operate.workspace import Stack, refusals


class Settlement(Struct, frozen=True):
    """What is done about one pending operation, and why in words.

    `read`: the refresh finds out; `look`: a creation is looked for under `id_`; `forget`: a creation that left nothing;
    `open`: nobody but the operator can say what became of it.
    """

    pending: Pending
    action: Literal["read", "look", "forget", "open"]
    why: str
    id_: str = ""


def settlements(state: Saved, given: Mapping[str, str] | None = None) -> tuple[Settlement, ...]:
    """What to do about each pending operation.

    `given` are ids by URN that the operator looked up, an empty one for what is not there.
    """
    subscription = subscription_of({str(each["urn"]): each for each in state.resources})
    return tuple(_settlement(pending, state, subscription, given or {}) for pending in state.pending)


def _settlement(pending: Pending, state: Saved, subscription: str, given: Mapping[str, str]) -> Settlement:
    if pending.kind != CREATING:
        return Settlement(pending, "read", "its provider says how far it got")
    if pending.type.startswith("pulumi:providers:"):
        return Settlement(pending, "forget", "a provider lives in the state alone")
    if given.get(pending.urn) == "":
        return Settlement(pending, "forget", "you say that it does not exist")
    id_ = given.get(pending.urn) or id_of(pending.type, pending.resource.get("inputs") or {}, subscription)
    if id_ is None:
        return Settlement(pending, "open", "its id can't be made of its names: look whether it exists")
    if any(each["urn"] == pending.urn and each.get("id") == id_ and not _replaced(each) for each in state.resources):
        return Settlement(pending, "forget", "the state has the resource of this id already, and reads it again")
    return Settlement(pending, "look", "what is there belongs to the stack again, what is not is forgotten", id_)


def _replaced(resource: Mapping[str, Any]) -> bool:
    """Whether an entry of the state stands for what was, or is to be, deleted to make room for a new one."""
    return bool(resource.get("pendingReplacement") or resource.get("delete"))


def settle(stack: Stack, state: Saved, chosen: Sequence[Settlement]) -> None:
    """Write the settled entries into the state. A refresh must follow, which reads what was entered.

    The state's former text stays where the backend keeps earlier ones (`.pulumi/backups`).

    Raises:
        LockedError: another update of the stack runs.
    """
    whole = json.loads(json.dumps(state.whole))
    deployment = whole["deployment"]
    settled = {each.pending.urn for each in chosen if each.action in ("look", "forget")}
    deployment["pending_operations"] = [
        each
        for each in deployment.get("pending_operations") or []
        if each["type"] != CREATING or each["resource"]["urn"] not in settled
    ]
    for each in chosen:
        if each.action == "look":
            deployment["resources"] = _entered(deployment["resources"], {**each.pending.resource, "id": each.id_})
    with tempfile.TemporaryDirectory(prefix="state-") as folder, stack.beginning("settle"), refusals(stack.name):
        file = Path(folder) / "state.json"
        file.write_text(json.dumps(whole), encoding="utf-8")
        stack.ask("stack", "import", "--file", str(file))


def _entered(resources: Sequence[dict[str, Any]], new: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources with a new one after everything that it names; one that it replaces goes, or waits for deletion."""
    kept: list[dict[str, Any]] = []
    for each in resources:
        if each["urn"] != new["urn"] or each.get("delete"):
            kept.append(each)
        elif not each.get("pendingReplacement"):
            kept.append({**each, "delete": True})
    named = {*(new.get("dependencies") or ()), new.get("parent"), new.get("deletedWith")}
    named.add(str(new.get("provider") or "").rpartition("::")[0])
    last = max((place for place, each in enumerate(kept) if each["urn"] in named), default=len(kept) - 1)
    return [*kept[: last + 1], new, *kept[last + 1 :]]
