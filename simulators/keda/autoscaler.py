"""The HorizontalPodAutoscaler's controller, for one External metric with an average value.

Source: kubernetes 1.36.3 pkg/controller/podautoscaler/horizontal.go and replica_calculator.go; numbers of lines below
are those of horizontal.go. What differs: the caller says when a sync is (every 15 seconds in a cluster) and what time
it is, and only the conditions that KEDA and alerts read are kept, ScalingActive and AbleToScale.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# `--horizontal-pod-autoscaler-tolerance`: what is as near as this to its target is left alone.
TOLERANCE: Final = 0.1
Condition = tuple[str, str, str]


@dataclass(frozen=True)
class Sync:
    """What one look at a target came to: its replicas from now on, and conditions as type, status and reason."""

    replicas: int
    conditions: tuple[Condition, ...]


@dataclass
class _Memory:
    """Moments and numbers of the past, which the controller keeps for each autoscaler (in memory only)."""

    recommendations: list[tuple[float, int]] = field(default_factory=list)
    added: list[tuple[float, int]] = field(default_factory=list)
    removed: list[tuple[float, int]] = field(default_factory=list)


class Autoscaler:
    """One HorizontalPodAutoscaler; `spec` is what the API server stores, with its defaults filled in."""

    def __init__(self) -> None:
        self._past = _Memory()

    def sync(self, spec: Mapping[str, Any], replicas: int, pods: int, value: float | None, now: float) -> Sync:
        """Look at a target once (`reconcileAutoscaler`, 773).

        `replicas` is what its spec has, `pods` what its status has, `value` the metric or None where it can't be had,
        `now` in seconds.
        """
        low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
        if not self._past.recommendations:
            self._past.recommendations.append((now, replicas))
        scaling = ("ScalingActive", "True", "ValidMetricFound")
        if replicas == 0:
            # 863: only KEDA can end this, and the rules below do not count then.
            scaling, wanted = ("ScalingActive", "False", "ScalingDisabled"), 0
        elif not low <= replicas <= high:
            # 874 and 878: at once, whatever the rates and windows say, and without any metric.
            wanted = min(max(replicas, low), high)
        elif value is None:
            # 890: an unknown metric changes nothing.
            scaling, wanted = ("ScalingActive", "False", "FailedGetExternalMetric"), replicas
        else:
            wanted = self._normalized(spec, replicas, _proposal(spec, pods, value), now)
        if wanted != replicas:
            past = self._past.added if wanted > replicas else self._past.removed
            past.append((now, abs(wanted - replicas)))
        moved = "SucceededRescale" if wanted != replicas else "SucceededGetScale"
        return Sync(wanted, (("AbleToScale", "True", moved), scaling))

    def _normalized(self, spec: Mapping[str, Any], replicas: int, proposal: int, now: float) -> int:
        """`normalizeDesiredReplicasWithBehaviors`, 1093."""
        up, down = spec["behavior"]["scaleUp"], spec["behavior"]["scaleDown"]
        wanted = self._stabilized(up, down, replicas, proposal, now)
        if wanted > replicas:
            limit = max(self._limit(up, replicas, now, 1), replicas)
            return min(wanted, limit, spec["maxReplicas"])
        if wanted < replicas:
            limit = min(self._limit(down, replicas, now, -1), replicas)
            return max(wanted, limit, spec.get("minReplicas", 1))
        return wanted

    def _stabilized(
        self, up: Mapping[str, Any], down: Mapping[str, Any], replicas: int, proposal: int, now: float
    ) -> int:
        """`stabilizeRecommendationWithBehaviors`, 1206: the least of late proposals above, the most of those below."""
        # 1121: where the window is left out, that of `--horizontal-pod-autoscaler-downscale-stabilization`.
        windows = up.get("stabilizationWindowSeconds") or 0, down.get("stabilizationWindowSeconds", 300)
        least, most = (
            [proposal, *(number for moment, number in self._past.recommendations if moment > now - window)]
            for window in windows
        )
        kept = [entry for entry in self._past.recommendations if entry[0] >= now - max(windows)]
        self._past.recommendations = [*kept, (now, proposal)]
        return min(max(replicas, min(least)), max(most))

    def _limit(self, rules: Mapping[str, Any], replicas: int, now: float, sign: int) -> int:
        """`calculateScaleUpLimitWithScalingRules` (1383) with `sign` 1, `calculateScaleDownLimit…` (1412) with -1."""
        if rules.get("selectPolicy") == "Disabled":
            return replicas
        proposals = []
        for policy in rules["policies"]:
            since = now - policy["periodSeconds"]
            added, removed = (
                sum(number for moment, number in past if moment > since)
                for past in (self._past.added, self._past.removed)
            )
            start = replicas - added + removed
            if policy["type"] == "Pods":
                proposals.append(start + sign * policy["value"])
            else:
                exact = start * (1 + sign * policy["value"] / 100)
                proposals.append(math.ceil(exact) if sign > 0 else int(exact))
        largest = rules.get("selectPolicy", "Max") == "Max"
        return max(proposals) if largest == (sign > 0) else min(proposals)


def _proposal(spec: Mapping[str, Any], pods: int, value: float) -> int:
    """`GetExternalPerPodMetricReplicas` (replica_calculator.go, 382): by the pods that there are, in thousandths."""
    usage, target = int(value * 1000), _thousandths(spec["metrics"][0]["external"]["target"]["averageValue"])
    if pods and abs(usage / (target * pods) - 1) <= TOLERANCE:
        return pods
    return math.ceil(usage / target)


def _thousandths(quantity: str) -> int:
    return int(quantity[:-1]) if quantity.endswith("m") else int(quantity) * 1000
