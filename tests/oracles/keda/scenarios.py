"""What happens to one Deployment that KEDA scales: objects, load, and what a user changes, phase by phase."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.graph.stacks import entries_of

STACK: Final = "prod"
FLOOR, BURST, FIXED = "chat", "reasoning-burst", "reasoning"


@dataclass(frozen=True)
class Phase:
    """Something happens, and then time passes."""

    seconds: int
    load: float | None = None
    """Requests of the model from now on; None leaves them."""
    without_metrics: bool | None = None
    """Whether the pods' metrics fail from now on."""
    by_hand: int | None = None
    """Replicas that somebody sets."""
    bounds: tuple[int, int] | None = None
    """Bounds that the ScaledObject gets, before the Deployment gets `fixed`."""
    fixed: int | None = None


@dataclass(frozen=True)
class Scenario:
    """A ScaledObject's spec as the program writes it, the Deployment's first number, and the phases.

    `others` is how many pods of the model there are beside the Deployment's.
    """

    spec: Mapping[str, Any]
    replicas: int
    phases: tuple[Phase, ...]
    others: int = 0


def rendered(name: str, **changes: Any) -> dict[str, Any]:
    """The spec of a workload's ScaledObject, with changes; None takes a field out."""
    (found,) = (
        entry["inputs"]["spec"]
        for entry in entries_of(STACK)
        if entry["type"].endswith(":ScaledObject") and entry["inputs"]["metadata"]["name"] == name
    )
    spec = {**copy.deepcopy(found), **changes}
    return {key: value for key, value in spec.items() if value is not None}


# What a burst had before: woken by its own fallback.
_FALLBACK: Final = {"failureThreshold": 3, "replicas": 1, "behavior": "currentReplicasIfHigher"}

# In `reasoning` a floor of 2 carries 2 requests each, and each replica of the burst 2 more; `chat` carries 4 a replica.
SCENARIOS: Final[Mapping[str, Scenario]] = {
    "a floor starts with its minimum and keeps it without a metric": Scenario(
        rendered(FLOOR), 2, (Phase(75, without_metrics=True),)
    ),
    "the load calls for one replica at a time": Scenario(rendered(FLOOR), 2, (Phase(30, load=0), Phase(90, load=40))),
    "a burst without load or metrics has no pod": Scenario(
        rendered(BURST), 0, (Phase(120, without_metrics=True),), others=1
    ),
    "a burst that sleeps stays asleep without metrics": Scenario(
        rendered(BURST), 0, (Phase(40, load=0), Phase(100, without_metrics=True)), others=2
    ),
    "a fallback wakes what sleeps": Scenario(
        rendered(BURST, fallback=_FALLBACK), 0, (Phase(40, load=0), Phase(110, without_metrics=True)), others=2
    ),
    "one request above the floor wakes nothing, two do": Scenario(
        rendered(BURST), 0, (Phase(60, load=5), Phase(75, load=6)), others=2
    ),
    "a burst goes to sleep after its cooldown, all at once": Scenario(
        rendered(BURST, cooldownPeriod=40), 0, (Phase(75, load=8), Phase(110, load=0)), others=2
    ),
    "a floor without metrics keeps its replicas": Scenario(
        rendered(FLOOR), 3, (Phase(40, load=12), Phase(90, without_metrics=True))
    ),
    "a floor that is gone comes back": Scenario(
        rendered(FLOOR), 2, (Phase(40, load=0), Phase(170, without_metrics=True, by_hand=0))
    ),
    "fixed: what is set by hand is taken back": Scenario(
        rendered(FIXED), 2, (Phase(40, load=100), Phase(40, by_hand=5))
    ),
    "from 5 under load to fixed 2": Scenario(
        rendered(FLOOR), 5, (Phase(50, load=20), Phase(50, load=40, bounds=(2, 2), fixed=2))
    ),
    "from idle at 2 to fixed 4": Scenario(rendered(FLOOR), 2, (Phase(50, load=0), Phase(50, bounds=(4, 4), fixed=4))),
    "from fixed 4 to autoscaled under load": Scenario(
        rendered(FLOOR, minReplicaCount=4, maxReplicaCount=4), 4, (Phase(50, load=16), Phase(60, bounds=(2, 6)))
    ),
    "a raised minimum and a lowered maximum hold at once": Scenario(
        rendered(FLOOR), 2, (Phase(40, load=0), Phase(45, bounds=(4, 6)), Phase(45, load=40, bounds=(2, 3)))
    ),
}
