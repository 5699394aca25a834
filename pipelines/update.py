"""Updates one stack with Pulumi: what was previewed is what is done, and an update that was broken off is continued."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from operate.held_plan import changes_the_cluster

ROOT = Path(__file__).resolve().parent.parent
FINE, FAILED, REJECTED = 0, 1, 2
# Pulumi's own exit code (sdk/go/common/util/cmdutil/exit.go, ExitNoChanges).
DRIFTED = 7
_LOCKED = "the stack is currently locked"
_HOW_TO_GO_ON = "docs/failed-updates.md says how to go on"


class Stack:
    """One stack and the Pulumi CLI; output goes where this process's goes."""

    def __init__(self, name: str, environment: Mapping[str, str] = os.environ, root: Path = ROOT) -> None:
        self.name, self._root = name, root
        self._environment = {**environment, "PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_UPDATE_CHECK": "true"}

    def update(self, policies: Path | None) -> int:
        """Preview with policies, save the plan, and do that and nothing else.

        After an update that was broken off, what is there is read again first: then there is no plan to hold to.
        """
        broken_off = self._broken_off()
        if broken_off is None:
            return FAILED
        if broken_off:
            return self._continue(broken_off, policies)
        with tempfile.TemporaryDirectory(prefix="plan-") as folder:
            plan = Path(folder) / "plan.json"
            previewed = self._pulumi("preview", "--save-plan", str(plan), *_pack(policies))
            if previewed:
                return previewed
            held = ["--plan", str(plan)]
            if changes_the_cluster(plan):
                print(
                    "the cluster is among what changes, and what follows from it isn't known before: no plan to hold to"
                )
                held = []
            return self._pulumi("up", "--yes", "--skip-preview", *held, *_pack(policies))

    def preview(self, policies: Path | None) -> int:
        """What an update would do, by the state and by Azure."""
        return self._pulumi("preview", "--diff", *_pack(policies))

    def drift(self, policies: Path | None) -> int:
        """Whether the clouds are as the state says: 0 if they are, `DRIFTED` if not; anything else can't tell."""
        return self._pulumi("preview", "--refresh", "--expect-no-changes", "--diff", *_pack(policies))

    def unlock(self) -> int:
        """Remove the lock that a lost runner left; only where no other update of this stack runs."""
        return self._pulumi("cancel", "--yes")

    def outputs(self) -> dict[str, object]:
        """What the stack exports, without secrets."""
        done = self._captured("stack", "output", "--json")
        found = json.loads(done.stdout) if done.returncode == 0 else {}
        return found if isinstance(found, dict) else {}

    def _continue(self, pending: Sequence[str], policies: Path | None) -> int:
        print("the last update was broken off; what it was at:", *pending, sep="\n  ", file=sys.stderr)
        creating = [each for each in pending if each.startswith("creating ")]
        if creating:
            print(f"whether these were made isn't known, and nobody but you can look: {_HOW_TO_GO_ON}", file=sys.stderr)
            return REJECTED
        return self._pulumi("up", "--yes", "--skip-preview", "--refresh", *_pack(policies))

    def _broken_off(self) -> list[str] | None:
        """What an update was at when it ended, as `updating URN`; None where the state can't be read."""
        done = self._captured("stack", "export")
        if done.returncode:
            print(done.stderr, end="", file=sys.stderr)
            if _LOCKED in done.stderr:
                print(f"another update runs, or a lost runner left its lock: {_HOW_TO_GO_ON}", file=sys.stderr)
            return None
        deployment = json.loads(done.stdout).get("deployment") or {}
        pending = deployment.get("pending_operations") or ()
        found = [f"{each.get('type')} {each.get('resource', {}).get('urn')}" for each in pending]
        return found or self._failed(deployment)

    def _failed(self, deployment: Mapping[str, Any]) -> list[str]:
        """Whether the last update ended in order before its end, by failure or a signal; a new stack has had none."""
        done = self._captured("stack", "history", "--json", "--page-size", "1")
        last = json.loads(done.stdout or "[]") if done.returncode == 0 and deployment.get("resources") else []
        result = last[0].get("result") if last else "succeeded"
        return [] if result == "succeeded" else [f"an update that {result}"]

    def _pulumi(self, *arguments: str) -> int:
        command = ["pulumi", *arguments, "--stack", self.name, "--non-interactive", "--color", "never"]
        print("$", *command, flush=True)
        with _patient():
            return subprocess.run(command, cwd=self._root, env=self._environment, check=False).returncode

    def _captured(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = ["pulumi", *arguments, "--stack", self.name, "--non-interactive"]
        return subprocess.run(
            command, cwd=self._root, env=self._environment, check=False, capture_output=True, text=True
        )


@contextmanager
def _patient() -> Generator[None]:
    """A signal of the process group has reached Pulumi too, which then ends in order: wait for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # A handler, and not to ignore it: what is ignored stays so in the processes that are started.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _pack(policies: Path | None) -> list[str]:
    if policies is None:
        return []
    return ["--policy-pack", str(ROOT / "policy"), "--policy-pack-config", str(policies)]
