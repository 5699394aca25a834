"""KEDA in a thread, with the controller of the HorizontalPodAutoscalers that it makes.

Source: kedacore/keda v2.21.0 controllers/keda/scaledobject_controller.go (`Reconcile` 170, `reconcileScaledObject` 246,
`handlePause` 359), controllers/keda/scaledobject_finalizer.go, pkg/scaling/scale_handler.go (`hpaActivelyQuerying`
1094), and the sources of `scaling`, `autoscaler`, `objects` and `admission` beside this. What differs: `clock` runs
faster than a real one, a round is at least one poll of KEDA's and one sync of the autoscaler's, `lastActiveTime` and
events are not written, and a target that isn't there yet is looked for at every round. Where this runs, the real
controller of HorizontalPodAutoscalers must not.
"""

import contextlib
import threading
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulators.api_server.background import Background
from simulators.api_server.client import ApiError, Client, Object
from simulators.keda import admission, objects
from simulators.keda.autoscaler import Autoscaler
from simulators.keda.clock import Clock
from simulators.keda.monitored import Monitored
from simulators.keda.objects import condition
from simulators.keda.prometheus import UnknownQueryError
from simulators.keda.scaling import InvalidError, Pause, Poll, Scaling

CHART: Final = "keda"
MANAGER: Final = "keda"
AUTOSCALER_MANAGER: Final = "kube-controller-manager"
FINALIZER: Final = "finalizer.keda.sh"
_API_VERSION: Final = "keda.sh/v1alpha1"
_KIND: Final = "ScaledObject"
_TARGET: Final = ("apps/v1", "Deployment")
_HPA: Final = ("autoscaling/v2", "HorizontalPodAutoscaler")
_PAUSE_SECONDS: Final = 0.5
# A stabilization window of ten minutes is over in about a second.
_PACE: Final = 600.0


@dataclass
class _Loop:
    """What KEDA and the autoscaler's controller keep in memory of one ScaledObject."""

    autoscaler: Autoscaler = field(default_factory=Autoscaler)
    form: tuple[int, Pause] | None = None
    """The form of the object, by generation and annotations, for which the autoscaler was made last."""
    refusal: str = ""
    is_started: bool = False
    polled: float = 0.0
    failures: int = 0
    last_awake: float | None = None


class Keda(Background):
    """Used as a context. Nothing is scaled before its chart is installed, nor after it is gone.

    `model_label` is the label of pods that report metrics.
    """

    def __init__(self, client: Client, model_label: str) -> None:
        super().__init__("keda", client, [(_API_VERSION, _KIND), _TARGET, ("v1", "Pod")], _PAUSE_SECONDS)
        self.clock = Clock(_PACE)
        self._client = client
        self._monitored = Monitored(client, model_label)
        self._installed = False
        self._webhook_is_due = False
        self._away = False
        self._unanswered = False
        # A round that had begun before the chart was removed must scale nothing more.
        self._turn = threading.Lock()
        self._loops: dict[str, _Loop] = {}

    def chart(self, chart: str, values: Mapping[str, Any] | None) -> None:
        """A chart was installed with these values, or is gone (None)."""
        if chart == CHART:
            with self._turn:
                self._installed, self._webhook_is_due = values is not None, True
            self.wake()

    @contextlib.contextmanager
    def away(self) -> Generator[None]:
        """It changes nothing for the length of a `with` block, nor do the autoscalers: they wait for its answers."""
        with self._turn:
            self._away = True
        try:
            yield
        finally:
            self._away = False
            self.wake()

    @contextlib.contextmanager
    def without_metrics(self) -> Generator[None]:
        """Prometheus answers nothing for the length of a `with` block."""
        self._unanswered = True
        self.wake()
        try:
            yield
        finally:
            self._unanswered = False
            self.wake()

    def load(self, model: str, requests: float) -> None:
        """So many requests of a model wait and run from now on. A model that no test loads has none."""
        self._monitored.load(model, requests)
        self.wake()

    def look(self) -> None:
        """Bring the replicas of every target nearer to where its ScaledObject wants them."""
        with self._turn:
            if self._webhook_is_due:
                (admission.install if self._installed else admission.remove)(self._client)
                self._webhook_is_due = False
            for scaled in self._client.list(_API_VERSION, _KIND) if self._installed and not self._away else []:
                self.attempt(lambda scaled=scaled: self._reconcile(scaled))

    def _reconcile(self, scaled: Object) -> None:
        metadata = scaled["metadata"]
        loop = self._loops.setdefault(metadata["uid"], _Loop())
        if metadata.get("deletionTimestamp"):
            self._finish(scaled)
            return
        self._take_charge(scaled)
        pause = Pause.of(metadata.get("annotations") or {})
        before = scaled.get("status") or {}
        try:
            scaling = Scaling.of(scaled["spec"])
            target = self._target(scaled)
            if pause.whole:
                self._hold(scaled, pause, target, loop)
                self._report(scaled, _statuses(before, *objects.paused(before, holds=True)))
                return
            self._make_autoscaler(scaled, scaling, pause, loop)
        except (InvalidError, UnknownQueryError) as error:
            failed = condition("Ready", "False", "ScaledObjectCheckFailed", str(error))
            unknown = condition("Active", "Unknown", "UnknownState", "ScaledObject check failed")
            self._report(scaled, _statuses(before, failed, unknown))
            # A scale loop that runs goes on with the changed object; one that was never started does not begin.
            if not loop.is_started or not isinstance(error, _AutoscalerError):
                return
        self._scale(scaled, scaling, pause, target, loop)

    def _finish(self, scaled: Object) -> None:
        finalizers = scaled["metadata"].get("finalizers") or []
        self._loops.pop(scaled["metadata"]["uid"], None)
        if FINALIZER in finalizers:
            self._edit(scaled, {"metadata": {"finalizers": [name for name in finalizers if name != FINALIZER]}})

    def _take_charge(self, scaled: Object) -> None:
        metadata = scaled["metadata"]
        finalizers = metadata.get("finalizers") or []
        if FINALIZER not in finalizers:
            label = {objects.NAME_LABEL: metadata["name"]}
            change: dict[str, Any] = {"metadata": {"finalizers": [*finalizers, FINALIZER], "labels": label}}
            if scaled["spec"].get("advanced") is not None:
                # The operator writes the whole object, and its Go type has this structure without a pointer.
                change["spec"] = {"advanced": {"scalingModifiers": {}}}
            self._edit(scaled, change)

    def _edit(self, scaled: Object, change: Mapping[str, Any]) -> None:
        metadata = scaled["metadata"]
        body = {**change, "metadata": {**change["metadata"], "resourceVersion": metadata["resourceVersion"]}}
        fresh = self._client.patch(
            _API_VERSION, _KIND, metadata["name"], body, namespace=metadata["namespace"], field_manager=MANAGER
        )
        metadata["resourceVersion"] = fresh["metadata"]["resourceVersion"]

    def _target(self, scaled: Object) -> Object:
        """The scale of the target, `checkTargetResourceIsScalable` (444)."""
        target = scaled["spec"]["scaleTargetRef"]
        if (target.get("apiVersion", "apps/v1"), target.get("kind", "Deployment")) != _TARGET:
            raise InvalidError("not simulated: another target than a Deployment")
        found = self._client.find(*_TARGET, target["name"], scaled["metadata"]["namespace"])
        if found is None:
            raise InvalidError(f"ScaledObject doesn't have correct scaleTargetRef specification: no {target['name']}")
        return found

    def _hold(self, scaled: Object, pause: Pause, target: Object, loop: _Loop) -> None:
        """`handlePause`: no loop, no autoscaler, and the replicas of the annotation where it names some."""
        loop.is_started, loop.form = False, None
        with contextlib.suppress(ApiError):
            self._client.delete(*_HPA, objects.autoscaler_name(scaled), scaled["metadata"]["namespace"])
        if pause.replicas is not None and target["spec"]["replicas"] != pause.replicas:
            self._set(target, pause.replicas, MANAGER)

    def _make_autoscaler(self, scaled: Object, scaling: Scaling, pause: Pause, loop: _Loop) -> None:
        """`ensureHPAForScaledObjectExists` (524); the API server validates its rates and bounds."""
        metadata = scaled["metadata"]
        form = (metadata["generation"], pause)
        if loop.form != form:
            wanted = objects.autoscaler(scaled, scaling, pause)
            loop.refusal = ""
            try:
                found = self._client.find(*_HPA, wanted["metadata"]["name"], metadata["namespace"])
                (self._client.create if found is None else self._client.replace)(wanted, field_manager=MANAGER)
            except ApiError as error:
                if error.status == 0:
                    raise
                loop.refusal = f"failed to ensure HPA is correctly created for ScaledObject: {error}"
            loop.form = form
        if loop.refusal:
            raise _AutoscalerError(loop.refusal)
        loop.is_started = True

    def _scale(self, scaled: Object, scaling: Scaling, pause: Pause, target: Object, loop: _Loop) -> None:
        now, namespace = self.clock.now(), scaled["metadata"]["namespace"]
        value = None if self._unanswered else self._monitored.value(scaling.query, namespace)
        if value is None and not self._unanswered and scaling.value_may_be_missing:
            value = 0.0
        hpa = self._client.find(*_HPA, objects.autoscaler_name(scaled), namespace)
        # The autoscaler's question counts a failure, and so does KEDA's own poll: where a replica always runs, it polls
        # only after the autoscaler has got no answer.
        rounds = 1 + int((now - loop.polled) // scaling.poll_seconds) if loop.polled else 1
        polls = rounds - 1 if scaling.is_left_to_the_autoscaler and objects.is_asking(hpa) else rounds
        loop.failures = 0 if value is not None else loop.failures + rounds + polls
        loop.polled = now
        poll, current = Poll(value, loop.failures), target["spec"]["replicas"]
        cooled = loop.last_awake is None or now - loop.last_awake > scaling.cooldown_seconds
        decision = scaling.decide(current, poll, cooled=cooled, pause=pause)
        if decision.is_awake:
            loop.last_awake = now
        if decision.replicas != current:
            self._set(target, decision.replicas, MANAGER)
        conditions = self._sync(hpa, scaling.metric(decision.replicas, poll), decision.replicas, target, loop, now)
        fallen_back = scaling.has_fallen_back(poll)
        known = scaled.get("status") or {}
        statuses = {"ScaledObjectReady": "True", "TriggerError": "False", "PartialTriggerError": "Unknown"}
        ready = condition("Ready", statuses[decision.ready], decision.ready, objects.READY)
        reported = [
            *([ready] if not loop.refusal else []),
            condition("Active", str(decision.active == "ScalerActive"), decision.active),
            condition("Fallback", str(fallen_back), "FallbackExists" if fallen_back else "NoFallbackFound"),
            *objects.paused(known, holds=pause.scale_in or pause.scale_out),
            *([found] if (found := objects.hpa_condition(conditions)) else []),
        ]
        self._report(
            scaled,
            {
                **_statuses(known, *reported),
                "hpaName": objects.autoscaler_name(scaled),
                "originalReplicaCount": known.get("originalReplicaCount", current),
                "scaleTargetKind": "apps/v1.Deployment",
                "externalMetricNames": [objects.METRIC],
                "triggersTypes": "prometheus",
                **({"health": objects.health(poll, scaling.fallback)} if scaling.fallback else {}),
            },
        )

    def _sync(
        self, hpa: Object | None, metric: float | None, replicas: int, target: Object, loop: _Loop, now: float
    ) -> list[dict[str, Any]]:
        """One sync of the autoscaler's controller; the conditions that it leaves."""
        if hpa is None:
            return []
        pods = (target.get("status") or {}).get("replicas", 0)
        sync = loop.autoscaler.sync(hpa["spec"], replicas, pods, metric, now)
        if sync.replicas != replicas:
            self._set(target, sync.replicas, AUTOSCALER_MANAGER)
        before = hpa.get("status") or {}
        status = objects.status_of(sync, before, replicas)
        if {key: before.get(key) for key in status} != status:
            self._write_status(hpa, status, AUTOSCALER_MANAGER)
        return status["conditions"]

    def _set(self, target: Object, replicas: int, manager: str) -> None:
        metadata, body = target["metadata"], {"spec": {"replicas": replicas}}
        self._client.patch(
            *_TARGET,
            metadata["name"],
            body,
            namespace=metadata["namespace"],
            subresource="scale",
            field_manager=manager,
        )

    def _report(self, scaled: Object, status: Mapping[str, Any]) -> None:
        before = scaled.get("status") or {}
        if {key: before.get(key) for key in status} != dict(status):
            self._write_status(scaled, status, MANAGER)

    def _write_status(self, item: Object, status: Mapping[str, Any], manager: str) -> None:
        self._client.patch(
            item["apiVersion"],
            item["kind"],
            item["metadata"]["name"],
            {"status": status},
            namespace=item["metadata"]["namespace"],
            subresource="status",
            field_manager=manager,
        )


class _AutoscalerError(InvalidError):
    """The API server refuses the autoscaler."""


def _statuses(before: Mapping[str, Any], *changed: Mapping[str, Any]) -> dict[str, Any]:
    """Conditions with some changed; those that were never set are Unknown, but Paused (condition_types.go)."""
    initial = [condition(name, "Unknown") for name in ("Ready", "Active", "Fallback")] + [condition("Paused", "False")]
    conditions = {entry["type"]: entry for entry in (*initial, *(before.get("conditions") or []), *changed)}
    return {"conditions": list(conditions.values())}
