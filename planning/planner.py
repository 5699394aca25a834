"""Plans a stack: checks its settings against every rule and, if none is an error, builds the Plan."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar

from msgspec import Struct

from catalog import Catalog
from config import Finding, Loaded, Settings, blocking, in_order
from config.findings import printable
from planning.collisions import collisions
from planning.deciding import (
    azure,
    models,
    services,
)
from planning.deciding import (
    gpu_operator as operator,
)
from planning.deciding.access import access
from planning.deciding.dashboards import dashboards
from planning.deciding.image_admission import image_admission
from planning.deciding.logs import logs
from planning.deciding.safety import safety
from planning.deciding.telemetry import telemetry
from planning.money.cost import cost
from planning.placement import auto
from planning.placement.candidates import Objections
from planning.plan import Plan
from planning.resolving.request_path import request_path
from planning.resolving.resolution import Resolution, ResolvedStack
from planning.rules import register

# The Plan that a caller in this process has already made, with the settings and secret names it was made from.
_DECIDED: ContextVar[tuple[Plan, Loaded, tuple[str, ...]] | None] = ContextVar("_DECIDED", default=None)


class Planned(Struct, frozen=True):
    """The outcome of planning: `plan` is None where a finding is an error."""

    plan: Plan | None
    findings: tuple[Finding, ...]


def plan_stack(
    settings: Settings,
    catalog: Catalog,
    *,
    bootstrap: Iterable[str] = (),
    problems: Iterable[Finding] = (),
    today: str | None = None,
) -> Planned:
    """Check a stack against every rule and, if no finding is an error, build its Plan.

    `bootstrap` names the secrets in the stack's configuration that are to be written to the vault; `problems` are the
    findings of loading, of which an error prevents a Plan too; by `today` (an ISO date) the age of prices
    and the end of support are judged, the Plan does not depend on it. Never raises on bad settings.
    """
    objections = Objections(register.pool_errors, register.placement_errors)
    resolution = auto.resolve(Resolution(settings, catalog, tuple(sorted(bootstrap)), today), objections)
    ordered = in_order([*problems, *register.findings(resolution)])
    if blocking(ordered):
        return Planned(None, ordered)
    stack = resolution.complete()
    if stack is None:
        raise IncompleteError("every rule passed, but part of this stack could not be resolved against the catalog")
    plan = build(stack)
    taken = collisions(plan)
    if taken:
        return Planned(None, in_order([*ordered, *taken]))
    return Planned(plan, in_order([*ordered, *register.plan_findings(plan, catalog)]))


class IncompleteError(Exception):
    """An internal error: a stack passed every rule although part of it could not be resolved."""


def build(stack: ResolvedStack) -> Plan:
    """Build the Plan of a stack that passed every rule."""
    foundation = azure.azure(stack)
    pools = tuple(agent_pool.pool for agent_pool in foundation.agent_pools)
    revisions = {pool.name: pool.revision for pool in pools}
    monitoring = services.monitoring(stack, foundation.system_nodes)
    served = tuple(models.model(stack, model, revisions, monitoring.server) for model in stack.models)
    costs = cost(stack.resolution)
    return Plan(
        platform=services.platform(stack),
        foundation=foundation,
        pools=pools,
        system_load=services.system_load(stack),
        image_admission=image_admission(stack),
        access=access(stack),
        secrets=services.secrets(stack),
        gpu_operator=operator.operator(stack, foundation.system_nodes),
        serving=services.serving(stack),
        models=served,
        autoscaling=services.autoscaling(stack),
        certificates=services.certificates(stack),
        gateway=services.gateway(stack, foundation.system_nodes),
        safety=safety(stack),
        request_path=request_path(stack.resolution),
        monitoring=monitoring,
        telemetry=telemetry(stack),
        logs=logs(stack),
        dashboards=dashboards(stack, served, pools, monitoring, costs),
        cost=costs,
    )


class RejectedError(Exception):
    """A stack that must not be built; its text has every finding."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        lines = [
            printable(f"{finding.severity} {finding.rule} {finding.path}: {finding.message} → {finding.fix}")
            for finding in findings
        ]
        super().__init__("this stack is rejected, nothing was changed:\n  " + "\n  ".join(lines))
        self.findings = findings


def assess(loaded: Loaded, catalog: Catalog, *, bootstrap: Iterable[str] = (), today: str | None = None) -> Planned:
    """Plan what was loaded, adding the planner's findings to those of loading.

    Invalid values were replaced so that the rest can be checked: findings that rest on a replaced value are left out.
    """
    if loaded.settings is None:
        return Planned(None, loaded.problems)
    planned = plan_stack(loaded.settings, catalog, bootstrap=bootstrap, problems=loaded.problems, today=today)
    if not loaded.recovered:
        return planned
    kept = [finding for finding in planned.findings if finding in loaded.problems or _holds(finding, loaded.recovered)]
    return Planned(planned.plan, tuple(kept))


def _holds(finding: Finding, recovered: tuple[str, ...]) -> bool:
    """Whether a finding is an error that rests only on values that the operator wrote.

    Notes and warnings are reported once the stack file is valid.
    """
    return finding.severity == "error" and not any(
        _inside(place, read) or _inside(read, place)
        for place in recovered
        for read in (finding.path, *finding.rests_on)
    )


def _inside(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))


def decide(loaded: Loaded, catalog: Catalog, *, bootstrap: Iterable[str] = ()) -> Plan:
    """Plan what was loaded, or refuse it; inside `already_decided`, the Plan of equal settings is reused.

    Raises:
        RejectedError: a finding is an error.
    """
    names = tuple(sorted(bootstrap))
    known = _DECIDED.get()
    if known is not None and known[1:] == (loaded, names):
        return known[0]
    planned = assess(loaded, catalog, bootstrap=names)
    if planned.plan is None:
        raise RejectedError(planned.findings)
    return planned.plan


@contextmanager
def already_decided(plan: Plan, loaded: Loaded, bootstrap: Iterable[str] = ()) -> Generator[None]:
    """Let `decide` reuse a Plan inside this block, so that a preview doesn't plan its stack a second time.

    The Plan is reused only for equal settings and bootstrap secrets. The catalog must be the one that `catalog.load()`
    returns.
    """
    token = _DECIDED.set((plan, loaded, tuple(sorted(bootstrap))))
    try:
        yield
    finally:
        _DECIDED.reset(token)
