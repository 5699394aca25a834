"""KEDA in a thread: while its chart is installed, replicas follow the requests that wait and run.

Source: https://keda.sh/docs/2.20/reference/scaledobject-spec/ and kedacore/keda v2.20.2 (pkg/scaling/executor/
scale_scaledobjects.go, pkg/fallback, controllers/keda), and for the arithmetic of the HorizontalPodAutoscaler
https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/. What differs: no time passes
(polling, cooldown, stabilization, rates and the failures before a fallback are over at once), and the
HorizontalPodAutoscaler that KEDA makes is shown to the API server but not stored.
"""

import contextlib
import math
import re
import threading
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from simulators.api_server.background import Background
from simulators.api_server.client import ApiError, Client, Object
from simulators.keda.prometheus import Series, UnknownQueryError, evaluate
from simulators.kubelet.pod_states import is_ready

CHART: Final = "keda"
MANAGER: Final = "keda"
FINALIZER: Final = "finalizer.keda.sh"
_API_VERSION: Final = "keda.sh/v1alpha1"
_KIND: Final = "ScaledObject"
_TARGET: Final = ("apps/v1", "Deployment")
_NAME_LABEL: Final = "scaledobject.keda.sh/name"
_PAUSE_SECONDS: Final = 0.5
# The HorizontalPodAutoscaler leaves alone what is as near as this to its target.
_TOLERANCE: Final = 0.1
_PLAYED: Final = {
    "advanced", "cooldownPeriod", "fallback", "maxReplicaCount", "minReplicaCount", "pollingInterval",
    "scaleTargetRef", "triggers",
}  # fmt: skip


class InvalidError(Exception):
    """A ScaledObject that KEDA does not scale, or of which this stand-in does not know how KEDA would."""


@dataclass(frozen=True)
class Fallback:
    """How many replicas there are while the trigger has no value."""

    replicas: int
    behavior: str

    def wanted(self, current: int) -> int:
        """Replicas without a value, from so many now."""
        return {
            "static": self.replicas,
            "currentReplicas": current,
            "currentReplicasIfHigher": max(current, self.replicas),
            "currentReplicasIfLower": min(current, self.replicas),
        }[self.behavior]


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
            fallback=Fallback(given["replicas"], given.get("behavior", "static")) if given else None,
        )
        if scaling.fewest_awake > scaling.high:
            raise InvalidError(f"MinReplicaCount={scaling.low} must be less than MaxReplicaCount={scaling.high}")
        return scaling

    @property
    def fewest_awake(self) -> int:
        """Replicas below which the HorizontalPodAutoscaler, which knows no zero, does not go."""
        return max(self.low, 1)

    def replicas(self, current: int, value: float | None) -> int:
        """Replicas there should be, with so many now and this value of the query, None where it failed."""
        return self._autoscaler(self._operator(current, value), value)

    def _operator(self, current: int, value: float | None) -> int:
        """KEDA itself wakes what is at zero, puts it to sleep, and brings it up to the fewest."""
        if value is not None and value > self.activation:
            return current or self.fewest_awake
        # A fallback of no replicas is no reason to stay awake: KEDA's first case asks for one that is not zero.
        if value is None and (self.fallback is None or self.fallback.replicas != 0):
            return current
        return max(current, self.low) if self.low else 0

    def _autoscaler(self, current: int, value: float | None) -> int:
        if current == 0:
            return 0
        wanted = current
        if value is None:
            wanted = self.fallback.wanted(current) if self.fallback else current
        elif abs(value / (self.threshold * current) - 1) > _TOLERANCE:
            wanted = math.ceil(value / self.threshold)
        return min(max(wanted, self.fewest_awake), self.high)


class Keda(Background):
    """Used as a context. Nothing is scaled before its chart is installed, nor after it is gone.

    `model_label` is the label of pods that report metrics; its value is their series' `model_name`. A monitor of these
    pods hands the label on, in Prometheus' spelling.
    """

    def __init__(self, client: Client, model_label: str) -> None:
        super().__init__("keda", client, [(_API_VERSION, _KIND), _TARGET, ("v1", "Pod")], _PAUSE_SECONDS)
        self._client = client
        self._model_label = model_label
        self._installed = False
        self._away = False
        # A round that had begun before the chart was removed must scale nothing more.
        self._turn = threading.Lock()
        self._load: dict[str, float] = {}
        # By uid and generation: an object is looked at once for each of its forms.
        self._refused: dict[tuple[str, int], str] = {}

    def chart(self, chart: str, values: Mapping[str, Any] | None) -> None:
        """A chart was installed with these values, or is gone (None)."""
        if chart == CHART:
            with self._turn:
                self._installed = values is not None
            self.wake()

    @contextlib.contextmanager
    def away(self) -> Generator[None]:
        """It changes nothing for the length of a `with` block."""
        with self._turn:
            self._away = True
        try:
            yield
        finally:
            self._away = False
            self.wake()

    def load(self, model: str, requests: float) -> None:
        """So many requests of a model wait and run from now on. A model that no test loads has none."""
        self._load[model] = requests
        self.wake()

    def look(self) -> None:
        """Bring the replicas of every target to where its ScaledObject wants them."""
        with self._turn:
            for scaled in self._client.list(_API_VERSION, _KIND) if self._installed and not self._away else []:
                self.attempt(lambda scaled=scaled: self._reconcile(scaled))

    def _reconcile(self, scaled: Object) -> None:
        if scaled["metadata"].get("deletionTimestamp"):
            self._finish(scaled)
            return
        self._take_charge(scaled)
        active = False
        try:
            scaling = Scaling.of(scaled["spec"])
            self._accept(scaled, scaling)
            value = self._value(scaling, scaled["metadata"]["namespace"])
            self._scale(scaled, scaling, value)
            active = value is not None and value > scaling.activation
            ready, message = True, "ScaledObject is defined correctly and is ready for scaling"
        except (InvalidError, UnknownQueryError) as error:
            ready, message = False, str(error)
        self._report(scaled, {"Ready": ready, "Active": active}, message)

    def _finish(self, scaled: Object) -> None:
        finalizers = scaled["metadata"].get("finalizers") or []
        if FINALIZER in finalizers:
            self._edit(scaled, {"finalizers": [name for name in finalizers if name != FINALIZER]})

    def _take_charge(self, scaled: Object) -> None:
        metadata = scaled["metadata"]
        finalizers = metadata.get("finalizers") or []
        if FINALIZER not in finalizers:
            label = {_NAME_LABEL: metadata["name"]}
            self._edit(scaled, {"finalizers": [*finalizers, FINALIZER], "labels": label})

    def _edit(self, scaled: Object, change: Mapping[str, Any]) -> None:
        metadata = scaled["metadata"]
        body = {"metadata": {**change, "resourceVersion": metadata["resourceVersion"]}}
        self._client.patch(
            _API_VERSION, _KIND, metadata["name"], body, namespace=metadata["namespace"], field_manager=MANAGER
        )

    def _accept(self, scaled: Object, scaling: Scaling) -> None:
        """Show the API server the HorizontalPodAutoscaler that KEDA would make; it validates rates and bounds."""
        key = (scaled["metadata"]["uid"], scaled["metadata"]["generation"])
        if key not in self._refused:
            self._refused[key] = ""
            try:
                self._client.create(_autoscaler(scaled, scaling), field_manager=MANAGER, dry_run=True)
            except ApiError as error:
                if error.status == 0:
                    del self._refused[key]
                    raise
                self._refused[key] = f"Failed to ensure HPA is correctly created for ScaledObject: {error}"
        if reason := self._refused[key]:
            raise InvalidError(reason)

    def _value(self, scaling: Scaling, namespace: str) -> float | None:
        """What Prometheus answers: a model without a ready replica reports nothing."""
        pods = self._client.list("v1", "Pod", namespace, labelSelector=self._model_label)
        reporting = {pod["metadata"]["labels"][self._model_label] for pod in pods if is_ready(pod)}
        series = [series for model in sorted(reporting) for series in self._series(namespace, model)]
        value = evaluate(scaling.query, series)
        return 0.0 if value is None and scaling.value_may_be_missing else value

    def _series(self, namespace: str, model: str) -> list[Series]:
        # In unequal parts: a query that forgets one of the two is far off.
        waiting = self._load.get(model, 0.0) * 0.75
        labels = {"namespace": namespace, "model_name": model, re.sub(r"[^a-zA-Z0-9_]", "_", self._model_label): model}
        return [
            Series("vllm:num_requests_waiting", labels, waiting),
            Series("vllm:num_requests_running", labels, self._load.get(model, 0.0) - waiting),
        ]

    def _scale(self, scaled: Object, scaling: Scaling, value: float | None) -> None:
        target, namespace = scaled["spec"]["scaleTargetRef"], scaled["metadata"]["namespace"]
        api_version, kind = target.get("apiVersion", "apps/v1"), target.get("kind", "Deployment")
        found = self._client.find(api_version, kind, target["name"], namespace)
        if found is None:
            raise InvalidError(f"ScaledObject doesn't have correct scaleTargetRef specification: no {target['name']}")
        current = found["spec"]["replicas"]
        wanted = scaling.replicas(current, value)
        if wanted != current:
            body = {"spec": {"replicas": wanted}}
            self._client.patch(
                api_version,
                kind,
                target["name"],
                body,
                namespace=namespace,
                subresource="scale",
                field_manager=MANAGER,
            )

    def _report(self, scaled: Object, states: Mapping[str, bool], message: str) -> None:
        metadata = scaled["metadata"]
        conditions = [{"type": type_, "status": str(state), "message": message} for type_, state in states.items()]
        if (scaled.get("status") or {}).get("conditions") == conditions:
            return
        self._client.patch(
            _API_VERSION,
            _KIND,
            metadata["name"],
            {"status": {"conditions": conditions}},
            namespace=metadata["namespace"],
            subresource="status",
            field_manager=MANAGER,
        )


def _autoscaler(scaled: Object, scaling: Scaling) -> Object:
    metadata, target = scaled["metadata"], scaled["spec"]["scaleTargetRef"]
    config = (scaled["spec"].get("advanced") or {}).get("horizontalPodAutoscalerConfig") or {}
    metric = {"name": "s0-prometheus", "selector": {"matchLabels": {_NAME_LABEL: metadata["name"]}}}
    average = {"type": "AverageValue", "averageValue": f"{round(scaling.threshold * 1000)}m"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": f"keda-hpa-{metadata['name']}", "namespace": metadata["namespace"]},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", **target},
            "minReplicas": scaling.fewest_awake,
            "maxReplicas": scaling.high,
            "metrics": [{"type": "External", "external": {"metric": metric, "target": average}}],
            **({"behavior": config["behavior"]} if "behavior" in config else {}),
        },
    }
