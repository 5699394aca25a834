"""Nodes, pods and rollouts on the timeline: what comes, what waits and why, what serves."""

import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from rehearsal.rollout_watch import Moment
from rehearsal.timeline import Timeline, duration
from rehearsal.view import devices_of, state_of
from simulators.api_server.client import Object
from simulators.kubelet.pod_states import is_ready

KINDS: Final = (("v1", "Node"), ("v1", "Pod"), ("apps/v1", "Deployment"))
# The scheduler says the same once more about pods that it might evict.
_MORE_OF_THE_SCHEDULER: Final = re.compile(r"[.,]? (no new claims to deallocate|preemption:).*", re.DOTALL)
# On its way, with nothing to say about it; and what it is called in the end where it took long.
_PASSING: Final = {"Pending": "before it was scheduled and started", "Running": "before it was ready"}


@dataclass
class _Pod:
    since: float
    state: str = ""
    state_since: float = 0.0
    waited: dict[str, float] = field(default_factory=dict)
    """Seconds in each state before it was ready."""
    is_ready: bool = False


@dataclass(frozen=True)
class Wait:
    """One pod's wait: how long, and for what most of it."""

    pod: str
    seconds: float
    reason: str


class ClusterLines:
    """Hears of every change, from `Followed`.

    `fewest` are the fewest pods of each model's Deployment that served, since it was cleared.
    """

    def __init__(self, timeline: Timeline, deployments: Iterable[str]) -> None:
        self._timeline = timeline
        self._deployments = tuple(deployments)
        self._nodes: dict[str, Object] = {}
        self._node_states: dict[str, str] = {}
        self._pods: dict[str, Object] = {}
        self._lives: dict[str, _Pod] = {}
        self._rollouts: dict[str, str] = {}
        self._waits: list[Wait] = []
        self._serving: Counter[str] = Counter()
        self.fewest: Counter[str] = Counter()

    def __call__(self, kind: str, item: Object, gone: bool) -> None:
        """Show one change."""
        {"Node": self._node, "Pod": self._pod, "Deployment": self._deployment}[kind](item, gone)
        if kind != "Deployment":
            self._count()

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self._nodes)

    def serving(self, deployment: str) -> int:
        """How many pods of a model's Deployment serve now."""
        return self._serving[deployment]

    def reset(self) -> None:
        """Count from now on who serves least."""
        self.fewest = Counter({name: self._serving[name] for name in self._deployments})

    def waits(self) -> list[Wait]:
        """Waits of pods that became ready, and of those that still wait, longest first."""
        now = time.monotonic()
        still = [
            _wait(_name(self._pods[uid]), _until(life, now)) for uid, life in self._lives.items() if not life.is_ready
        ]
        return sorted([*self._waits, *still], key=lambda wait: -wait.seconds)

    def pending(self) -> dict[str, str]:
        """What every pod that is not ready waits for, by its name."""
        return {_name(self._pods[uid]): life.state for uid, life in self._lives.items() if not life.is_ready}

    def _node(self, node: Object, gone: bool) -> None:
        name = node["metadata"]["name"]
        if gone:
            self._nodes.pop(name, None)
            self._node_states.pop(name, None)
            self._timeline.add("node", f"node {name} gone", node=name, state="gone")
            return
        self._nodes[name] = node
        conditions = {item["type"]: item["status"] for item in node["status"].get("conditions") or []}
        devices = devices_of(node)
        is_up = conditions.get("Ready") == "True"
        state = " ".join(["Ready" if is_up else "not ready", *([f"with {', '.join(devices)}"] if devices else [])])
        if state != self._node_states.get(name):
            self._node_states[name] = state
            self._timeline.add("node", f"node {name} {state}", node=name, state=state, devices=devices)

    def _pod(self, pod: Object, gone: bool) -> None:
        uid, name, now = pod["metadata"]["uid"], _name(pod), time.monotonic()
        if gone:
            self._pods.pop(uid, None)
            if self._lives.pop(uid, None) is not None:
                self._timeline.add("pod", f"pod {name} gone", pod=name, state="gone")
            return
        self._pods[uid] = pod
        life = self._lives.setdefault(uid, _Pod(now, state_since=now))
        state = _MORE_OF_THE_SCHEDULER.sub("", state_of(pod))
        ready = is_ready(pod) or state == "Succeeded"
        shown = f"Ready on {pod['spec'].get('nodeName')}" if is_ready(pod) and state == "Running" else state
        if shown == life.state:
            return
        if life.state:
            life.waited[life.state] = life.waited.get(life.state, 0.0) + now - life.state_since
        life.state, life.state_since = shown, now
        after = ""
        if ready and not life.is_ready:
            life.is_ready = True
            self._waits.append(_wait(name, life))
            after = f" after {duration(now - life.since)}"
        elif not ready and state != "Terminating":
            life.is_ready = False
        if shown in _PASSING:
            return
        self._timeline.add(
            "pod", f"pod {name} {shown}{after}", pod=name, state=shown, waited_seconds=round(now - life.since, 1)
        )

    def _deployment(self, deployment: Object, gone: bool) -> None:
        name, status = _name(deployment), deployment.get("status") or {}
        if gone:
            self._rollouts.pop(name, None)
            return
        wanted, updated = deployment["spec"].get("replicas", 1), status.get("updatedReplicas", 0)
        everything, ready = status.get("replicas", 0), status.get("readyReplicas", 0)
        text = f"{updated} of {wanted} replicas updated, {max(everything - updated, 0)} old, {ready} ready"
        if self._rollouts.get(name) != text:
            self._rollouts[name] = text
            self._timeline.add(
                "rollout", f"rollout {name}: {text}", deployment=name, wanted=wanted, updated=updated,
                old=max(everything - updated, 0), ready=ready,
            )  # fmt: skip

    def _count(self) -> None:
        moment = Moment(0, self._nodes, self._pods, {})
        for name in self._deployments:
            now = moment.serving(name).total()
            before, self._serving[name] = self._serving[name], now
            self.fewest[name] = min(self.fewest[name], now)
            if bool(now) != bool(before):
                text = f"{name} serves" if now else f"{name}: no replica serves any more"
                self._timeline.add("serving", text, deployment=name, replicas=now)


def _name(item: Object) -> str:
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"


def _until(life: _Pod, now: float) -> _Pod:
    waited = {**life.waited, life.state: life.waited.get(life.state, 0.0) + now - life.state_since}
    return _Pod(life.since, life.state, life.state_since, waited)


def _wait(name: str, life: _Pod) -> Wait:
    most = max(life.waited, key=lambda state: life.waited[state], default="")
    return Wait(name, sum(life.waited.values()), _PASSING.get(most, most))
