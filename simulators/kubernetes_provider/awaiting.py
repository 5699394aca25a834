"""Whether, for what and how long the Kubernetes provider waits, as annotations and custom timeouts say.

Source: pulumi/pulumi-kubernetes provider/pkg/metadata/overrides.go:39-209, provider/pkg/await/condition/jsonpath.go
(`Satisfied`).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from simulators.api_server.client import Client, Object

# What an object lacks to be ready, in the provider's words; None where it is ready.
Look = Callable[[Client, Object], list[str] | None]
# The provider's own limit for everything is ten minutes.
DEFAULT_WAIT_SECONDS: Final = 600.0
_SKIP: Final = "pulumi.com/skipAwait"
_TIMEOUT: Final = "pulumi.com/timeoutSeconds"
_WAIT_FOR: Final = "pulumi.com/waitFor"
_PATH: Final = re.compile(r"^jsonpath=\{\.([\w.]+)\}$")
_DELETED_AT_ONCE: Final = frozenset(
    {
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("batch/v1", "Job"),
        ("v1", "Namespace"),
        ("v1", "Pod"),
        ("v1", "ReplicationController"),
    }
)


class NotReadyError(Exception):
    """The object is there and did not get ready; `reasons` say what was missing."""

    def __init__(self, message: str, reasons: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.reasons = tuple(reasons)


def wait_seconds(inputs: Mapping[str, Any], engine_seconds: float) -> float:
    """Longest wait for an object: the program's custom timeout, else its annotation's, else the default."""
    return float(engine_seconds or _annotations(inputs).get(_TIMEOUT) or DEFAULT_WAIT_SECONDS)


def is_not_awaited(inputs: Mapping[str, Any]) -> bool:
    """Whether the inputs say that nobody waits for the object (`SkipAwaitLogic`)."""
    return _annotations(inputs).get(_SKIP) == "true"


def deletion_is_not_awaited(inputs: Mapping[str, Any]) -> bool:
    """Whether the same annotation ends the wait for a deletion too (`allowsSkipAwaitWithDelete`)."""
    return is_not_awaited(inputs) and (str(inputs.get("apiVersion")), str(inputs.get("kind"))) in _DELETED_AT_ONCE


def _annotations(inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    return (inputs.get("metadata") or {}).get("annotations") or {}


def is_observed(live: Object) -> bool:
    """Whether the object's controller has seen its last change."""
    return live.get("status", {}).get("observedGeneration", 0) >= live["metadata"]["generation"]


def waited_for(live: Object) -> Look | None:
    """What the annotation `waitFor` says in place of the kind's own readiness (`ReadyCondition`).

    Only the existence of a path through mappings is played. A status without `observedGeneration` is taken as it is.

    Raises:
        NotReadyError: it says anything else.

    """
    expression = _annotations(live).get(_WAIT_FOR)
    if not expression:
        return None
    match = _PATH.match(expression)
    if match is None:
        raise NotReadyError(f"the stand-in waits for no {expression!r}")

    def look(_client: Client, current: Object) -> list[str] | None:
        value: Any = current
        for part in match[1].split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        is_current = "observedGeneration" not in current.get("status", {}) or is_observed(current)
        return None if value is not None and is_current else []

    return look
