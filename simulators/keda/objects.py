"""The objects that KEDA and the HorizontalPodAutoscaler's controller write.

Source: kedacore/keda v2.21.0 controllers/keda/hpa.go (73 to 192), controllers/keda/scaledobject_controller.go,
apis/keda/v1alpha1/condition_types.go; kubernetes 1.36.3 pkg/controller/podautoscaler/horizontal.go (1475).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from simulators.api_server.client import Object
from simulators.keda.autoscaler import Sync
from simulators.keda.scaling import Fallback, Pause, Poll, Scaling

NAME_LABEL: Final = "scaledobject.keda.sh/name"
METRIC: Final = "s0-prometheus"
READY: Final = "ScaledObject is defined correctly and is ready for scaling"


def autoscaler_name(scaled: Object) -> str:
    """Name of its HorizontalPodAutoscaler."""
    return f"keda-hpa-{scaled['metadata']['name']}"


def autoscaler(scaled: Object, scaling: Scaling, pause: Pause) -> Object:
    """The HorizontalPodAutoscaler of a ScaledObject, which owns it."""
    metadata, target = scaled["metadata"], scaled["spec"]["scaleTargetRef"]
    config = (scaled["spec"].get("advanced") or {}).get("horizontalPodAutoscalerConfig") or {}
    behavior = {name: dict(rules) for name, rules in (config.get("behavior") or {}).items()}
    for held, name in ((pause.scale_in, "scaleDown"), (pause.scale_out, "scaleUp")):
        if held:
            behavior.setdefault(name, {})["selectPolicy"] = "Disabled"
    metric = {"name": METRIC, "selector": {"matchLabels": {NAME_LABEL: metadata["name"]}}}
    average = {"type": "AverageValue", "averageValue": f"{round(scaling.threshold * 1000)}m"}
    owner = {
        "apiVersion": scaled["apiVersion"],
        "kind": scaled["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "name": autoscaler_name(scaled),
            "namespace": metadata["namespace"],
            "labels": {**(metadata.get("labels") or {}), "app.kubernetes.io/managed-by": "keda-operator"},
            "annotations": metadata.get("annotations") or {},
            "ownerReferences": [owner],
        },
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", **target},
            "minReplicas": scaling.fewest_awake,
            "maxReplicas": scaling.high,
            "metrics": [{"type": "External", "external": {"metric": metric, "target": average}}],
            # Without any the API server fills in its own.
            "behavior": behavior or {"scaleUp": {}, "scaleDown": {}},
        },
    }


def condition(type_: str, status: str, reason: str = "", message: str = "") -> dict[str, str]:
    """One condition of a ScaledObject."""
    texts = {"reason": reason, "message": message or reason} if reason else {}
    return {"type": type_, "status": status, **texts}


def health(poll: Poll, fallback: Fallback) -> dict[str, Any]:
    """Health of the trigger; failures are counted up to the one from which the fallback holds, by KEDA without end."""
    failures = min(poll.failures, fallback.failures + 1)
    return {METRIC: {"numberOfFailures": failures, "status": "Happy" if poll.value is not None else "Failing"}}


def paused(before: Mapping[str, Any], *, holds: bool) -> list[dict[str, str]]:
    """The condition Paused where annotations hold something back, or did so before (`reconcileScaledObject`, 243)."""
    if holds:
        return [condition("Paused", "True", "ScaledObjectPaused", "ScaledObject is paused")]
    was = {entry["type"]: entry["status"] for entry in before.get("conditions") or []}.get("Paused")
    return [condition("Paused", "False", "ScaledObjectUnpaused")] if was == "True" else []


def status_of(sync: Sync, before: Mapping[str, Any], replicas: int) -> dict[str, Any]:
    """Status of a HorizontalPodAutoscaler after a sync, from its status before."""
    known = {entry["type"]: entry for entry in before.get("conditions") or []}
    return {
        "currentReplicas": replicas,
        "desiredReplicas": sync.replicas,
        "conditions": [_dated(known, *entry) for entry in sync.conditions],
    }


def _dated(known: Mapping[str, Any], type_: str, status: str, reason: str) -> dict[str, Any]:
    before = known.get(type_, {})
    same = before.get("status") == status
    moment = before["lastTransitionTime"] if same else datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": type_, "status": status, "reason": reason, "message": reason, "lastTransitionTime": moment}


def is_asking(hpa: Object | None) -> bool:
    """Whether the autoscaler gets its metrics (`hpaActivelyQuerying`): not where it is switched off or got an error."""
    conditions = (hpa or {}).get("status", {}).get("conditions") or []
    return any(entry["type"] == "ScalingActive" and entry["status"] == "True" for entry in conditions)


def hpa_condition(conditions: Iterable[Mapping[str, Any]]) -> dict[str, str] | None:
    """KEDA's condition HPAActive (scale_scaledobjects.go, 148); None while the autoscaler has no condition yet."""
    for entry in conditions:
        if entry["type"] == "ScalingActive":
            if entry["status"] == "True":
                return condition("HPAActive", "True", "HPAActive", "HPA is actively scaling")
            if entry["reason"] == "ScalingDisabled":
                return condition("HPAActive", "True", "ScalingDisabled")
            return condition("HPAActive", "False", entry["reason"], f"HPA is not actively scaling: {entry['message']}")
    return None
