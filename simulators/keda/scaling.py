"""What a ScaledObject asks for, and what KEDA's operator makes of it at one poll.

Source: kedacore/keda v2.21.0 pkg/scaling/executor/scale_scaledobjects.go (`RequestScale`, 37 to 128),
pkg/scaling/scale_handler.go (`getScalerState`, 1114), pkg/fallback/fallback.go (114 and 242),
pkg/scalers/prometheus_scaler.go (329), apis/keda/v1alpha1/scaledobject_types.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

# pkg/scaling/executor/scale_executor.go, apis/keda/v1alpha1/withtriggers_types.go
_POLL_SECONDS: Final = 30
_COOLDOWN_SECONDS: Final = 300
_PLAYED: Final = {
    "advanced", "cooldownPeriod", "fallback", "maxReplicaCount", "minReplicaCount", "pollingInterval",
    "scaleTargetRef", "triggers",
}  # fmt: skip
_PAUSED: Final = "autoscaling.keda.sh/paused"
_PAUSED_REPLICAS: Final = "autoscaling.keda.sh/paused-replicas"
_PAUSED_IN: Final = "autoscaling.keda.sh/paused-scale-in"
_PAUSED_OUT: Final = "autoscaling.keda.sh/paused-scale-out"
_FORCED: Final = "autoscaling.keda.sh/force-activation"


class InvalidError(Exception):
    """A ScaledObject that KEDA does not scale, or of which this stand-in does not know how KEDA would."""


@dataclass(frozen=True)
class Fallback:
    """How many replicas there are while the trigger has no value, after so many failures in a row."""

    replicas: int
    behavior: str
    failures: int

    def wanted(self, current: int) -> int:
        """Replicas without a value, from so many now (fallback.go, 249)."""
        return {
            "static": self.replicas,
            "currentReplicas": current,
            "currentReplicasIfHigher": max(current, self.replicas),
            "currentReplicasIfLower": min(current, self.replicas),
        }[self.behavior]


@dataclass(frozen=True)
class Pause:
    """What a ScaledObject's annotations hold back (scaledobject_types.go, 237 to 295)."""

    whole: bool = False
    replicas: int | None = None
    scale_in: bool = False
    scale_out: bool = False
    forced: bool = False

    @classmethod
    def of(cls, annotations: Mapping[str, str]) -> Self:
        """Read the annotations; a text that is no boolean counts as true."""
        number = annotations.get(_PAUSED_REPLICAS)
        return cls(
            whole=number is not None or _is_set(annotations, _PAUSED),
            replicas=None if number is None else int(number),
            scale_in=_is_set(annotations, _PAUSED_IN),
            scale_out=_is_set(annotations, _PAUSED_OUT),
            forced=_is_set(annotations, _FORCED),
        )


def _is_set(annotations: Mapping[str, str], name: str) -> bool:
    return annotations.get(name, "false") not in ("0", "f", "F", "false", "FALSE", "False")


@dataclass(frozen=True)
class Poll:
    """What one poll found: the trigger's value, None where it failed, after so many failures in a row."""

    value: float | None
    failures: int = 0


@dataclass(frozen=True)
class Decision:
    """Replicas that KEDA itself sets (the same number where it leaves them), and what it then says of the object."""

    replicas: int
    active: str
    ready: str
    is_awake: bool
    """Whether the cooldown begins again."""


@dataclass(frozen=True)
class Scaling:
    """What a ScaledObject asks for; its one trigger is a Prometheus query."""

    low: int
    high: int
    query: str
    threshold: float
    activation: float
    value_may_be_missing: bool
    fallback: Fallback | None
    poll_seconds: int
    cooldown_seconds: int

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Self:
        """Read a ScaledObject's spec.

        Raises:
            InvalidError: KEDA refuses it, or something in it is not simulated.

        """
        if unknown := sorted(spec.keys() - _PLAYED):
            raise InvalidError(f"not simulated: {', '.join(unknown)}")
        (trigger, *more) = spec["triggers"]
        if more or (trigger["type"], trigger.get("metricType", "AverageValue")) != ("prometheus", "AverageValue"):
            raise InvalidError("only one trigger is simulated, `prometheus` with an AverageValue")
        metadata, given = trigger["metadata"], spec.get("fallback")
        for key in ("serverAddress", "query", "threshold"):
            if not metadata.get(key):
                raise InvalidError(f"error parsing prometheus metadata: missing required parameter {key!r}")
        scaling = cls(
            low=spec.get("minReplicaCount", 0),
            high=spec.get("maxReplicaCount", 100),
            query=metadata["query"],
            threshold=float(metadata["threshold"]),
            activation=float(metadata.get("activationThreshold", 0)),
            value_may_be_missing=metadata.get("ignoreNullValues", "true") == "true",
            fallback=Fallback(given["replicas"], given.get("behavior", "static"), given["failureThreshold"])
            if given
            else None,
            poll_seconds=spec.get("pollingInterval", _POLL_SECONDS),
            cooldown_seconds=spec.get("cooldownPeriod", _COOLDOWN_SECONDS),
        )
        if scaling.fewest_awake > scaling.high:
            raise InvalidError(f"MinReplicaCount={scaling.low} must be less than MaxReplicaCount={scaling.high}")
        return scaling

    @property
    def is_left_to_the_autoscaler(self) -> bool:
        """Whether KEDA takes the autoscaler's word for the metrics (`UsesHPAObservations`, scaledobject_types.go)."""
        return self.low > 0

    @property
    def fewest_awake(self) -> int:
        """Replicas below which the HorizontalPodAutoscaler, which knows no zero here, does not go."""
        return max(self.low, 1)

    def has_fallen_back(self, poll: Poll) -> bool:
        """Whether the fallback's number takes the place of a value (fallback.go, 145)."""
        return poll.value is None and self.fallback is not None and poll.failures > self.fallback.failures

    def metric(self, current: int, poll: Poll) -> float | None:
        """The metric that the HorizontalPodAutoscaler gets at so many replicas; None is an error."""
        if poll.value is None and self.fallback is not None and self.has_fallen_back(poll):
            return self.threshold * self.fallback.wanted(current)
        return poll.value

    def decide(self, current: int, poll: Poll, *, cooled: bool, pause: Pause = Pause()) -> Decision:
        """What KEDA itself does at so many replicas; `cooled` is whether the cooldown is over."""
        fallen_back = self.has_fallen_back(poll)
        is_error = poll.value is None and not fallen_back
        # scale_handler.go, 1185: a trigger that has fallen back is active.
        if fallen_back or (poll.value is not None and poll.value > self.activation) or pause.forced:
            return self._awake(current, pause, is_error=is_error)
        if is_error and self.fallback is None:
            return Decision(current, "ScalerNotActive", "TriggerError", is_awake=False)
        replicas, active = current, "ScalerNotActive"
        # A fallback of no replicas does not count as one here: then a failure is taken for no load.
        if is_error and self.fallback is not None and self.fallback.replicas != 0:
            pass
        elif current > 0 and self.low == 0:
            if not pause.scale_in:
                replicas, active = (0, active) if cooled else (current, "ScalerCooldown")
        else:
            replicas = max(current, self.low)
        return Decision(replicas, active, "ScaledObjectReady", is_awake=False)

    def _awake(self, current: int, pause: Pause, *, is_error: bool) -> Decision:
        if current == 0 and not pause.scale_out:
            return Decision(self.fewest_awake, "ScalerActive", "ScaledObjectReady", is_awake=True)
        partial = is_error and current > 0
        ready = "PartialTriggerError" if partial else "ScaledObjectReady"
        return Decision(current, "ScalerActive", ready, is_awake=current > 0 and not is_error)
