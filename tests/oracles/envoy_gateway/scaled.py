"""The stack's own time limits on a faster clock: each relation between two of them stays, minutes become seconds."""

import re
from collections.abc import Iterable
from copy import deepcopy
from typing import Any, Final

from tests.graph.stacks import entries_of
from tests.oracles.envoy_gateway.objects import Object

# Unless a test says otherwise, a minute is a second.
FACTOR: Final = 60
_LIMITS: Final = frozenset(
    {
        "connectionIdleTimeout",
        "connectionInspectionTimeout",
        "idleTimeout",
        "request",
        "requestHeadersReceivedTimeout",
        "requestReceivedTimeout",
        "streamIdleTimeout",
        "tlsHandshakeTimeout",
    }
)
_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> float:
    """A duration such as `10m`."""
    found = re.fullmatch(r"(\d+)(ms|s|m|h)", text)
    assert found, text
    return int(found[1]) * _UNITS[found[2]]


def scaled(objects: Iterable[Object], factor: int = FACTOR) -> list[Object]:
    """The same objects with every limit on the way of a request divided by the factor."""
    return [_scaled(deepcopy(item), factor) for item in objects]


def limit(objects: Iterable[Object], kind: str, *path: str | int) -> float:
    """One limit in seconds, from the first object of a kind that has it: the route of lists of models has none."""
    for item in objects:
        value: Any = item["spec"] if item["kind"] == kind else None
        for step in path:
            if isinstance(step, str):
                value = value.get(step) if isinstance(value, dict) else None
            else:
                value = value[step] if value else None
        if value is not None:
            return seconds(value)
    raise LookupError(f"no {kind} has {path}")


def server_keep_alive(stack: str, model: str) -> float:
    """Seconds for which a model's server keeps an idle connection, from its pod's environment, on the faster clock."""
    for entry in entries_of(stack):
        inputs = entry["inputs"]
        if inputs.get("kind") == "Deployment" and inputs["metadata"]["labels"].get("app.kubernetes.io/name") == model:
            environment = inputs["spec"]["template"]["spec"]["containers"][0]["env"]
            found = {item["name"]: item.get("value") for item in environment}
            return float(found["VLLM_HTTP_TIMEOUT_KEEP_ALIVE"]) / FACTOR
    raise LookupError(model)


def _scaled(value: Any, factor: int) -> Any:
    if isinstance(value, list):
        return [_scaled(item, factor) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _text(seconds(item) / factor) if key in _LIMITS and isinstance(item, str) else _scaled(item, factor)
        for key, item in value.items()
    }


def _text(seconds: float) -> str:
    """A duration; a number in it has five digits at most."""
    milliseconds = round(seconds * 1000)
    return f"{milliseconds}ms" if milliseconds < 10**5 else f"{round(seconds)}s"
