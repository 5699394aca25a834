"""A stack, what was seen of it, and whether that is enough for any advice."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from advising.advice import Advice, Certainty, Evidence
from advising.changes import Outcome, Stack
from advising.seen import Seen, planned
from config.models import ModelSettings
from config.pools import Pool
from observability.advice import POOL, samples
from planning.plan import ModelPlan, ReleasePlan

# Prometheus itself, and the models while they are ready: less has gaps in which anything may have happened.
_FEWEST_COVERED: Final = 0.9
# Fewer requests say nothing about a model's peaks.
FEWEST_REQUESTS: Final = 1000


class Model(Struct, frozen=True):
    """One model: its place in the stack file, its settings, its plan."""

    index: int
    settings: ModelSettings
    plan: ModelPlan
    sequences: int
    """Requests that one replica computes at once."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self.settings.name

    @property
    def path(self) -> str:
        """Place in the stack file."""
        return f"models[{self.index}]"

    @property
    def release(self) -> ReleasePlan:
        """Its release; a model has one."""
        return self.plan.releases[0]

    @property
    def pools(self) -> tuple[str, ...]:
        """The pools that it runs on, without repetitions."""
        return tuple(dict.fromkeys(workload.pool for workload in self.plan.workloads))


class Comparison(Struct, frozen=True):
    """A stack with what was seen of it."""

    stack: Stack
    seen: Seen

    @property
    def models(self) -> tuple[Model, ...]:
        """The models, in the order of the stack file."""
        settings, plan = self.stack.found.loaded.settings, self.stack.plan
        assert settings is not None  # noqa: S101 - there is a Plan
        shown = {model.name: model for model in plan.dashboards.models}
        named = {model.name: model for model in plan.models}
        return tuple(
            Model(index, model, named[model.name], shown[model.name].sequences)
            for index, model in enumerate(settings.models)
        )

    def of_model(self, key: str, model: Model) -> float | None:
        """What one model's metrics say."""
        return self.seen.value(key, model_name=model.name)

    def of_replicas(self, key: str, model: Model) -> float | None:
        """What was seen of a model's Deployments, added up; None without any."""
        found = [self.seen.value(key, deployment=workload.name) for workload in model.plan.workloads]
        known = [value for value in found if value is not None]
        return sum(known) if known else None

    def of_pool(self, key: str, pool: str) -> float | None:
        """What was seen of one pool."""
        return self.seen.value(key, **{POOL: pool})

    @property
    def pools(self) -> tuple[Pool, ...]:
        """The pools, in the order of the stack file."""
        settings = self.stack.found.loaded.settings
        return settings.pools if settings is not None else ()

    def pool_index(self, name: str) -> int:
        """Place of a pool in the stack file."""
        return next(index for index, pool in enumerate(self.pools) if pool.name == name)

    def indices(self, model: Model) -> tuple[int, ...]:
        """Places of a model's pools."""
        return tuple(self.pool_index(name) for name in model.pools)

    def evidence(self, key: str, what: str) -> Evidence:
        """A value with the query that says it."""
        return Evidence(f"{what} ({self.seen.days} days)", self.seen.answers[key].query)

    def problem(self) -> str | None:
        """Why there is no advice at all; None where there may be."""
        wanted, found = samples(self.seen.days), self.seen.value("covered")
        if found is None:
            return "Prometheus has no series of GPU nodes in this window: is it this stack's, and is it the right one?"
        if found < _FEWEST_COVERED * wanted:
            return (
                f"Prometheus has {found / wanted:.0%} of the last {self.seen.days} days: it is younger, keeps less or "
                "has gaps. Ask for fewer --days, or later"
            )
        return None

    def gap(self, model: Model) -> str | None:
        """Why there is no advice about one model; None where there may be."""
        if planned(self.stack.plan)[model.name] != self.seen.planned.get(model.name):
            return f"{model.name}: the stack file has changed since this was saved; save it again some days after `up`"
        ready = max(
            (self.seen.value("ready", deployment=workload.name) or 0 for workload in model.plan.workloads), default=0
        )
        scraped = self.of_model("scraped", model) or 0
        if ready == 0:
            return f"{model.name}: it had no ready replica in {self.seen.days} days"
        if scraped < _FEWEST_COVERED * min(ready, _FEWEST_COVERED * samples(self.seen.days)):
            return f"{model.name}: its metrics were scraped for {scraped / ready:.0%} of the time in which it was ready"
        return None

    def quiet(self, model: Model) -> str | None:
        """Why there is no advice about a model's load; None where there may be."""
        requests = self.of_model("requests", model) or 0
        if 0 < requests < FEWEST_REQUESTS:
            return (
                f"{model.name}: {requests:,.0f} requests in {self.seen.days} days; {FEWEST_REQUESTS:,} are the fewest "
                "from which its memory, batch, context and times are judged"
            )
        return None

    def proposed(self, advice: Advice, outcome: Outcome) -> Advice:
        """The advice with its changed lines and its saving; or with the reason for which it isn't proposed."""
        if not outcome.holds:
            return replace(advice, refused=outcome.problem)
        return replace(advice, difference=self.stack.difference(outcome), saving=self.stack.saving(outcome))


def lower(certainty: Certainty) -> Certainty:
    """One step less sure."""
    return "medium" if certainty == "high" else "low"
