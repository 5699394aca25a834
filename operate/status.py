"""How a stack is: its last update, what that left undone, locks, resources and the readiness of its models."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from msgspec import Struct, ValidationError, convert, to_builtins

from operate import settling, state
from operate.screen import Screen
from operate.workspace import Stack, refusals
from reading.texts import FileRefusedError, JsonRefusedError, json_of, text_of

_KUBECTL_SECONDS: Final = 15
# A lock has four short fields.
_LOCK_BYTES: Final = 64 * 1024
_DEPLOYMENT: Final = "kubernetes:apps/v1:Deployment"


class Lock(Struct, frozen=True):
    """Who holds a stack's lock, and since when (pkg/backend/diy/lock.go, `lockContent`)."""

    username: str
    hostname: str
    pid: int
    timestamp: str

    def __str__(self) -> str:
        return f"{self.username}@{self.hostname}, process {self.pid}, since {self.timestamp}"


def show(stack: Stack, screen: Screen) -> bool:
    """Show it; always True, since a question has no bad end."""
    saved = state.saved(stack)
    last = state.last_update(stack)
    found = locks(stack)
    exports = state.exported(stack)
    ready, source = readiness(saved, str(exports.get("cluster") or ""))
    settled = settling.settlements(saved)
    kinds = Counter(str(each["type"]).partition(":")[0] for each in saved.resources if each.get("custom"))
    waiting = sum(1 for each in saved.resources if each.get("delete"))
    screen.document(
        {
            "event": "status", "stack": stack.name, "last_update": to_builtins(last),
            "pending": [
                {"kind": each.pending.kind, "urn": each.pending.urn, "action": each.action} for each in settled
            ],
            "locks": None if found is None else [to_builtins(each) for each in found],
            "resources": dict(sorted(kinds.items())), "waiting_for_deletion": waiting,
            "models": ready, "models_from": source, "outputs": dict(exports),
        }
    )  # fmt: skip
    screen.say(f"{stack.name}  {exports.get('gateway', 'no gateway yet')}")
    screen.say(f"  last update  {_last(last)}")
    for each in settled:
        screen.say(f"  unfinished   {each.pending}: `up` settles it ({each.action})")
    if found is None:
        screen.say("  locks        only an update shows them: this state is not a folder")
    for lock in found or ():
        screen.say(f"  locked       by {lock}")
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    screen.say(f"  resources    {counts or 'none'}" + (f"; {waiting} wait to be deleted" if waiting else ""))
    screen.say(f"  models       {source}")
    for name, words in ready.items():
        screen.say(f"    {name}  {words}")
    return True


def locks(stack: Stack) -> list[Lock] | None:
    """The locks of a state in a folder, oldest first; None where the backend shows them to an update alone."""
    with refusals(stack.name):
        url = stack.workspace.who_am_i().url or ""
    if urlsplit(url).scheme != "file":
        return None
    project = stack.workspace.project_settings().name
    # Windows' paths begin with a slash too many.
    folder = Path(unquote(urlsplit(url).path) or "/") / ".pulumi" / "locks" / "organization" / project / stack.name
    found = []
    for file in sorted(folder.glob("*.json")):
        try:
            found.append(convert(json_of(text_of(file, _LOCK_BYTES)), Lock))
        except (FileRefusedError, JsonRefusedError, ValidationError):
            found.append(Lock("somebody", "unknown", 0, f"unknown ({file.name} can't be read)"))
    return sorted(found, key=lambda lock: lock.timestamp)


def readiness(saved: state.Saved, cluster: str) -> tuple[dict[str, str], str]:
    """Ready replicas by Deployment, and whose word it is: the cluster's, or the state's of the last update."""
    recorded = {
        str(each["inputs"]["metadata"]["name"]): each
        for each in saved.resources
        if each["type"] == _DEPLOYMENT and not each.get("delete")
    }
    live = _live(cluster, {each["inputs"]["metadata"].get("namespace", "default") for each in recorded.values()})
    if live is not None:
        words = {name: _replicas(live[name]) if name in live else "not in the cluster" for name in sorted(recorded)}
        return words, "as the cluster says now"
    words = {name: _replicas(each.get("outputs") or {}) for name, each in sorted(recorded.items())}
    how = f"kubectl has no context {cluster} (az aks get-credentials)" if cluster else "there is no cluster yet"
    return words, f"as the last update left them; {how}"


def _live(cluster: str, namespaces: set[str]) -> dict[str, Mapping[str, Any]] | None:
    """The Deployments of a cluster by name; None where kubectl can't reach it by a context of its name."""
    kubectl = shutil.which("kubectl")
    if kubectl is None or not cluster:
        return None
    found: dict[str, Mapping[str, Any]] = {}
    for namespace in sorted(namespaces):
        command = [kubectl, "--context", cluster, "--namespace", namespace, "get", "deployments", "--output", "json"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_KUBECTL_SECONDS, check=True)
            items = json.loads(done.stdout)["items"]
        except (OSError, subprocess.SubprocessError, ValueError, KeyError):
            return None
        found |= {item["metadata"]["name"]: item for item in items}
    return found


def _replicas(deployment: Mapping[str, Any]) -> str:
    found = deployment.get("status") or {}
    wanted = (deployment.get("spec") or {}).get("replicas", "?")
    return f"{found.get('readyReplicas', 0)} of {wanted} ready"


def _last(last: state.LastUpdate | None) -> str:
    if last is None or last.ended is None:
        return "none has ended"
    age = datetime.now(UTC) - last.ended.replace(tzinfo=UTC)
    hours = age.total_seconds() / 3600
    ago = f"{hours / 24:,.0f} days" if hours >= 48 else f"{hours:,.1f} hours"  # noqa: PLR2004 - two days
    return f"{last.kind} {last.result} {ago} ago; drift since then: llm-platform refresh shows it"
