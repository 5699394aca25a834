"""Small programs on the real engine and a real API server, with a provider of their own and no Azure."""

from collections.abc import Callable

import pulumi_kubernetes as k8s

from rehearsal.engine import StackRun
from rehearsal.outcome import Outcome

Program = Callable[[k8s.Provider], None]
Run = Callable[[Program], StackRun]


def operations(outcome: Outcome) -> dict[str, tuple[str, ...]]:
    """What the engine did that changes something, by logical name."""
    return {urn.rsplit("::", 1)[1]: steps for urn, steps in outcome.operations.items()}
