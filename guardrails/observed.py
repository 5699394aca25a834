"""Metrics and logs: what was decided, how long it took; never a prompt, an answer, or a part of one."""

import json
import logging
import sys
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# Beside a model's time to its first token these are short and long.
_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)
_LOG: Final = logging.getLogger("guardrails")


class Metrics:
    """The processor's metrics."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        make: dict[str, Any] = {"registry": self.registry}
        self.decisions = Counter(
            "llm_safety_decisions", "Texts that were decided about.", ["policy", "stage", "mode", "decision"], **make
        )
        self.findings = Counter("llm_safety_findings", "Findings of guards.", ["policy", "stage", "type"], **make)
        self.failures = Counter(
            "llm_safety_failures", "Texts without a verdict.", ["policy", "stage", "reason"], **make
        )
        self.seconds = Histogram(
            "llm_safety_guard_seconds", "Time of a check.", ["policy", "stage"], buckets=_SECONDS, **make
        )
        self.streams = Gauge("llm_safety_streams", "Requests that are open.", **make)
        self.held = Gauge("llm_safety_held_bytes", "Bytes of streamed answers that are held back.", **make)
        self.left_out = Counter("llm_safety_shadow_left_out", "Checks in the background that were left out.", **make)


class _Json(logging.Formatter):
    """One line of JSON. An exception's text and its trace are left out: they may hold what was checked."""

    def format(self, record: logging.LogRecord) -> str:
        facts = record.msg if isinstance(record.msg, dict) else {"event": "log", "logger": record.name}
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        return json.dumps({"level": record.levelname.lower(), **facts, **({"error": kind} if kind else {})})


def log_to_stdout() -> None:
    """Write all logs of this process as JSON, those of libraries by their logger's name alone."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Json())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


def say(event: str, **facts: str | float | list[str] | None) -> None:
    """Log one event."""
    _LOG.info({"event": event, **{name: value for name, value in facts.items() if value is not None}})


def complain(event: str, error: BaseException) -> None:
    """Log a fault by its kind alone."""
    _LOG.error({"event": event, "error": type(error).__name__})
