"""Plays a scenario with the simulated KEDA, on a clock that costs no time."""

import re
from typing import Any, Final

from simulators.keda.autoscaler import Autoscaler
from simulators.keda.scaling import Poll, Scaling
from tests.oracles.keda.scenarios import Scenario

# `--horizontal-pod-autoscaler-sync-period`.
_SYNC_SECONDS: Final = 15
_SUBTRACTED: Final = re.compile(r"- (\d+), 0\)$")


def numbers(scenario: Scenario) -> list[int]:
    """The replicas that the Deployment has, one after another, beginning with its first."""
    target = _Target(scenario)
    for phase in scenario.phases:
        if phase.load is not None:
            target.load = phase.load
        if phase.without_metrics is not None:
            target.without_metrics = phase.without_metrics
        if phase.bounds is not None:
            target.bound(*phase.bounds)
        for number in (phase.by_hand, phase.fixed):
            if number is not None:
                target.set(number)
        for _ in range(phase.seconds):
            target.pass_second()
    return target.numbers


class _Target:
    def __init__(self, scenario: Scenario) -> None:
        self._spec: dict[str, Any] = dict(scenario.spec)
        self._scaling = Scaling.of(self._spec)
        self._others = scenario.others
        self._controller = Autoscaler()
        self._failures = 0
        # What the autoscaler got at its last question; None where it got an error or is switched off.
        self._observed: Poll | None = None
        self._second = 0
        self._awake: float | None = None
        self.load = 0.0
        self.without_metrics = False
        self.numbers = [scenario.replicas]

    def bound(self, low: int, high: int) -> None:
        self._spec |= {"minReplicaCount": low, "maxReplicaCount": high}
        self._scaling = Scaling.of(self._spec)

    def set(self, replicas: int) -> None:
        if replicas != self.numbers[-1]:
            self.numbers.append(replicas)

    def pass_second(self) -> None:
        """KEDA polls and the autoscaler's controller looks, each in its own time."""
        if self._second % self._scaling.poll_seconds == 0:
            given = self._observed if self._scaling.is_left_to_the_autoscaler else None
            poll = given if given is not None else self._ask()
            cooled = self._awake is None or self._second - self._awake > self._scaling.cooldown_seconds
            decision = self._scaling.decide(self.numbers[-1], poll, cooled=cooled)
            if decision.is_awake:
                self._awake = self._second
            self.set(decision.replicas)
        if self._second % _SYNC_SECONDS == 1:
            current = self.numbers[-1]
            answer = self._ask() if current else None
            metric = self._scaling.metric(current, answer) if answer is not None else None
            self._observed = answer if metric is not None else None
            sync = self._controller.sync(self._autoscaled(), current, current, metric, self._second)
            self.set(sync.replicas)
        self._second += 1

    def _ask(self) -> Poll:
        """The query's value; each question counts a failure."""
        if self.without_metrics or not self._others + self.numbers[-1]:
            self._failures += 1
            return Poll(None, self._failures)
        self._failures = 0
        carried = _SUBTRACTED.search(self._scaling.query)
        return Poll(max(self.load - int(carried[1]), 0) if carried else self.load)

    def _autoscaled(self) -> dict[str, Any]:
        average = f"{round(self._scaling.threshold * 1000)}m"
        return {
            "minReplicas": self._scaling.fewest_awake,
            "maxReplicas": self._scaling.high,
            "metrics": [{"external": {"target": {"averageValue": average}}}],
            "behavior": self._spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"],
        }
