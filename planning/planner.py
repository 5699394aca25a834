"""From settings to a Plan, with every finding on the way."""

from collections.abc import Iterable

from msgspec import Struct

from catalog import Catalog
from config import Finding, Loaded, Settings, blocking, in_order
from planning.deciding import (
    cluster,
    models,
    network,
    services,
)
from planning.deciding import (
    gpu_operator as operator,
)
from planning.money.cost import cost
from planning.placement import auto
from planning.placement.candidates import Objections
from planning.plan import Plan
from planning.resolving.resolution import Resolution
from planning.rules import register


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
    """Check a stack against every rule and, if none objects, decide it.

    `bootstrap` names the secrets that the stack's configuration brings for the vault; `problems` are those found
    while loading, which keep a plan from being made as well; by `today` (an ISO date) the age of prices is judged,
    never the Plan. Never raises on bad settings.
    """
    objections = Objections(register.pool_errors, register.placement_errors)
    stack = auto.resolve(Resolution(settings, catalog, tuple(sorted(bootstrap)), today), objections)
    ordered = in_order([*problems, *register.findings(stack)])
    return Planned(None if blocking(ordered) else build(stack), ordered)


def build(stack: Resolution) -> Plan:
    """Build the Plan of a stack that passed every rule."""
    pools = tuple(cluster.pool(stack, view) for view in stack.pools)
    revisions = {pool.name: pool.revision for pool in pools}
    monitoring = services.monitoring(stack)
    return Plan(
        platform=services.platform(stack),
        network=network.network(stack),
        identity=cluster.identities(stack),
        cluster=cluster.cluster(stack),
        pools=pools,
        vault=services.vault(stack),
        registry=services.registry(stack),
        model_store=services.model_store(stack),
        secrets=services.secrets(stack),
        gpu_operator=operator.operator(stack),
        serving=services.serving(stack),
        models=tuple(
            models.model(stack, view, memory, revisions, monitoring.server)
            for view, memory in zip(stack.models, stack.memory, strict=True)
            if memory is not None
        ),
        autoscaling=services.autoscaling(stack),
        gateway=services.gateway(stack),
        monitoring=monitoring,
        cost=cost(stack),
    )


class RejectedError(Exception):
    """A stack that must not be built; its text has every finding."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        lines = [f"{one.severity} {one.rule} {one.path}: {one.message} → {one.fix}" for one in findings]
        super().__init__("this stack is rejected, nothing was changed:\n  " + "\n  ".join(lines))
        self.findings = findings


def assess(loaded: Loaded, catalog: Catalog, *, bootstrap: Iterable[str] = (), today: str | None = None) -> Planned:
    """Plan what was loaded, adding the planner's findings to those of loading.

    Values that can't be read are replaced by others, so that the rest can be checked: findings that rest on such a
    place are left out.
    """
    if loaded.settings is None:
        return Planned(None, loaded.problems)
    planned = plan_stack(loaded.settings, catalog, bootstrap=bootstrap, problems=loaded.problems, today=today)
    if not loaded.unclear:
        return planned
    kept = [one for one in planned.findings if one in loaded.problems or _holds(one, loaded.unclear)]
    return Planned(planned.plan, tuple(kept))


def _holds(finding: Finding, recovered: tuple[str, ...]) -> bool:
    """Whether a finding is an error that rests on the operator's own values alone.

    Notes and warnings wait until the stack file can be read.
    """
    return finding.severity == "error" and not any(
        _inside(place, read) or _inside(read, place)
        for place in recovered
        for read in (finding.path, *finding.rests_on)
    )


def _inside(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))


def decide(loaded: Loaded, catalog: Catalog, *, bootstrap: Iterable[str] = ()) -> Plan:
    """Plan what was loaded, or refuse it.

    Raises:
        RejectedError: a finding is an error.
    """
    planned = assess(loaded, catalog, bootstrap=bootstrap)
    if planned.plan is None:
        raise RejectedError(planned.findings)
    return planned.plan
