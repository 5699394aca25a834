"""What a model promises its clients over a window of days, and which series say whether it is kept."""

from typing import Any, Literal

from msgspec import Struct

# Of every objective: budgets of calendar months would be reset in the middle of an incident.
WINDOW_DAYS = 30
# What part of the first tokens, and of the tokens after it, is within the stated time.
PERCENTILE = 0.95
# A failure counts for an alert once there are so many in its long window: one of three requests at night wakes nobody.
FEWEST_BAD = 5
# The factor of the fastest alert, at which an hour uses up 2 % of the budget of 30 days.
FASTEST_BURN = 14.4

Kind = Literal["availability", "ttft", "itl"]


class ObjectivePlan(Struct, frozen=True, kw_only=True):
    """One promise: which share of what is counted is good."""

    kind: Kind
    """Answers that clients get, the time to the first token, or the time between two tokens."""
    target: float
    """Share that is good, above 0 and below 1: of requests, or of tokens for `itl`."""
    seconds: float | None
    """Longest time that is good, a bucket of vLLM's histogram; None for `availability`."""

    @property
    def budget(self) -> float:
        """Share that may be bad."""
        return round(1 - self.target, 10)

    @property
    def budget_minutes(self) -> float:
        """Minutes of the window in which everything may be bad."""
        return self.budget * WINDOW_DAYS * 24 * 60


class ModelObjectivesPlan(Struct, frozen=True, kw_only=True):
    """What one model promises."""

    model: str
    """Name of the model: of its route at the gateway, and the label `model_name` of vLLM's metrics."""
    objectives: tuple[ObjectivePlan, ...]
    """Its promises, one of a kind."""
    workloads: tuple[str, ...]
    """Names of the Deployments that run it."""
    requests_per_day: int | None
    """Requests expected on a day; None where the stack doesn't say."""

    def bad_requests(self, objective: ObjectivePlan) -> int | None:
        """Requests that may fail within the window; None where the number of requests isn't stated, or tokens count."""
        if self.requests_per_day is None or objective.kind == "itl":
            return None
        return int(self.requests_per_day * WINDOW_DAYS * objective.budget + 1e-6)


def contents(model: ModelObjectivesPlan) -> dict[str, Any]:
    """The promises as JSON has them: keys as in the stack file, budgets of the window in minutes and in requests."""
    return {
        "window_days": WINDOW_DAYS,
        "requests_per_day": model.requests_per_day,
        "objectives": [
            {
                "slo": promise.kind,
                "target": promise.target,
                "seconds": promise.seconds,
                "budget_minutes": round(promise.budget_minutes, 3),
                "budget_requests": model.bad_requests(promise),
            }
            for promise in model.objectives
        ],
    }
