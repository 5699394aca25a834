"""Errors that Azure answers with, as azure-native passes them on, and which of them the provider retries by itself.

Source: pulumi/pulumi-azure-native provider/pkg/azure/client_azcore.go (what is retried, the form of the message) and
provider/pkg/provider/crud (an operation that fails after it was accepted leaves the resource in the state).
"""

import threading
from dataclasses import dataclass, field
from typing import Final, Literal

# Answers that azure-native takes for one request: the first and three tries more (azcore's default).
TRIES: Final = 4


@dataclass(frozen=True)
class FaultAnswer:
    """One answer of Azure. `after` is how far the operation got: refused at once, or failed or left when accepted."""

    message: str
    after: Literal["refused", "failed", "unfinished"] = "refused"
    retried: bool = False


def throttled(retry_after_seconds: int = 30) -> FaultAnswer:
    """429: too many requests."""
    text = f"The request is being throttled. Retry-After: {retry_after_seconds}"
    return FaultAnswer(f'Status=429 Code="TooManyRequests" Message="{text}"', retried=True)


def another_operation() -> FaultAnswer:
    """409: Azure is still busy with the resource."""
    text = "Another operation on this resource or a dependent one is in progress. Try again after it has completed."
    return FaultAnswer(f'Status=409 Code="AnotherOperationInProgress" Message="{text}"', retried=True)


def sku_not_available(size: str = "the requested size", region: str = "this location") -> FaultAnswer:
    """409: the size is not sold in the region; refused before anything is created."""
    text = f"{size} is currently not available in {region}. Try another size or deploy to another location or zones."
    return FaultAnswer(f'Status=409 Code="SkuNotAvailable" Message="{text}"')


def not_authorized(action: str) -> FaultAnswer:
    """403: whoever runs the update lacks a role. Azure names the action that is missing."""
    text = (
        f"The client does not have authorization to perform action '{action}' over the scope, or the scope is invalid. "
        "If access was recently granted, please refresh your credentials."
    )
    return FaultAnswer(f'Status=403 Code="AuthorizationFailed" Message="{text}"')


def allocation_failed() -> FaultAnswer:
    """The operation was accepted, then no machine was found: the resource is there, in state Failed."""
    text = "Allocation failed. There is not enough capacity for the requested VM size in this region."
    return FaultAnswer(f'Code="AllocationFailed" Message="{text}"', after="failed")


def timed_out() -> FaultAnswer:
    """The engine's patience ended first: the resource is there, and Azure goes on with it."""
    return FaultAnswer("context deadline exceeded", after="unfinished")


@dataclass
class _Planned:
    method: str
    type: str
    before: int
    times: int
    answer: FaultAnswer


@dataclass
class Faults:
    """Answers that a test has ordered; `met` lists those that were given, in order, as (method, type, message)."""

    met: list[tuple[str, str, str]] = field(default_factory=list)
    _planned: list[_Planned] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, answer: FaultAnswer, type_: str, *, method: str = "Create", nth: int = 1, times: int = 1) -> None:
        """Give this answer to the nth request of a method for a resource type, and to the `times - 1` after it."""
        with self._lock:
            self._planned.append(_Planned(method, type_, nth - 1, times, answer))

    def meet(self, method: str, type_: str) -> FaultAnswer | None:
        """The ordered answer to the operation at hand, None where it goes well.

        An answer that is tried again is met once for each try, until Azure gives in or the provider gives up.
        """
        with self._lock:
            for fault in self._planned:
                if (fault.method, fault.type) != (method, type_):
                    continue
                if fault.before:
                    fault.before -= 1
                    continue
                return self._give(fault)
        return None

    def _give(self, fault: _Planned) -> FaultAnswer | None:
        tries = min(fault.times, TRIES) if fault.answer.retried else 1
        self.met += [(fault.method, fault.type, fault.answer.message)] * tries
        fault.times -= tries
        if fault.times <= 0:
            self._planned.remove(fault)
        gave_in = fault.answer.retried and tries < TRIES
        return None if gave_in else fault.answer
