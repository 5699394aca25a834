"""The register of rules: each has an id, a severity, what it prevents, and a function that yields violations.

A rule is about one of five subjects: the whole stack, one pool, one model, one model on one of its pools, or the
finished Plan. The register runs it over all subjects of its kind. `pool: auto` checks the rules about pools and about
models on pools before it places a model, so a new rule of these kinds needs no entry anywhere else.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple, Required, TypedDict, TypeVar, Unpack

from msgspec import Struct

from catalog import Catalog
from config import Finding, Settings
from config.findings import Severity
from planning.placement.release_on_pool import ReleaseOnPool, releases_on_pools
from planning.plan import Plan
from planning.resolving.pools import PoolView
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution

Foundation = Literal["aks"]
# Every section of the stack file.
WHOLE_STACK = tuple(Settings.model_fields)


class Violation(NamedTuple):
    """One violation: the place in the stack file, what is wrong, what to write instead.

    `rests_on` are the places of the stack file from which it follows; None stands for all that the rule reads.
    """

    path: str
    message: str
    fix: str
    rests_on: tuple[str, ...] | None = None


Violations = Iterator[Violation]


class Rule(Struct, frozen=True, kw_only=True):
    """One rule.

    `prevents` is what goes wrong without it, `source` the reference for that. `reads` are places of the stack file on
    which a violation rests, besides the subject of the rule. `needs` is the only foundation on which the rule
    applies; None where it applies to every Kubernetes cluster.
    """

    name: str
    severity: Severity
    prevents: str
    source: str
    check: Callable[..., Violations]
    reads: tuple[str, ...] = ()
    needs: Foundation | None = None

    def violations(self, stack: Resolution) -> Violations:
        """Every violation in a stack, with the places that it rests on."""
        raise NotImplementedError

    def findings(self, stack: Resolution) -> list[Finding]:
        """Every violation as a finding; those that differ only in what they rest on are one."""
        found: dict[tuple[str, str, str], tuple[str, ...]] = {}
        for path, message, fix, rests_on in self.violations(stack):
            before = found.get((path, message, fix), ())
            found[path, message, fix] = tuple(dict.fromkeys((*before, *(rests_on or ()))))
        return [Finding(self.severity, self.name, *key, rests_on=rests_on) for key, rests_on in found.items()]


class StackRule(Rule, frozen=True, kw_only=True):
    """A rule about the whole stack; its violations rest on every section unless it names the places that it reads."""

    def violations(self, stack: Resolution) -> Violations:
        """Every violation in a stack, with the places that it rests on."""
        for violation in self.check(stack):
            yield _resting(violation, self.reads or WHOLE_STACK)


class PoolRule(Rule, frozen=True, kw_only=True):
    """A rule about each pool; its violations rest on the pool's item, or on the keys `pool` that it reads of it."""

    pool: tuple[str, ...] = ()

    def violations(self, stack: Resolution) -> Violations:
        """Every violation in a stack, with the places that it rests on."""
        for pool in stack.pools:
            for violation in self.check(stack, pool):
                yield _resting(violation, _keys(pool.path, self.pool), self.reads)


class ReleaseRule(Rule, frozen=True, kw_only=True):
    """A rule about each model wherever it runs; its violations rest on the model's item, or on the keys `model`."""

    model: tuple[str, ...] = ()

    def violations(self, stack: Resolution) -> Violations:
        """Every violation in a stack, with the places that it rests on."""
        for release in stack.releases:
            for violation in self.check(stack, release):
                yield _resting(violation, _keys(release.path, self.model), self.reads)


class PlacementRule(Rule, frozen=True, kw_only=True):
    """A rule about each model on each of its pools; its violations rest on both items, or on keys of them.

    An error of such a rule must depend only on the model and on what pools of one shape have in common, never on a
    pool's name, its number of nodes or other models: `pool: auto` checks it once for all equal models and pools.
    """

    model: tuple[str, ...] = ()
    pool: tuple[str, ...] = ()

    def violations(self, stack: Resolution) -> Violations:
        """Every violation in a stack, with the places that it rests on."""
        for place in releases_on_pools(stack):
            for violation in self.check(stack, place):
                release, pool = _keys(place.release.path, self.model), _keys(place.pool.path, self.pool)
                yield _resting(violation, release, pool, self.reads)


def _keys(item: str, keys: Iterable[str]) -> tuple[str, ...]:
    """Places of some keys of an item; the item itself where none is named."""
    return tuple(f"{item}.{key}" for key in keys) or (item,)


def _resting(violation: Violation, *reads: tuple[str, ...]) -> Violation:
    """The violation with the places that its rule reads, where it doesn't name what it rests on itself."""
    if violation.rests_on is not None:
        return violation
    return violation._replace(rests_on=tuple(place for places in reads for place in places))


class PlanRule(Rule, frozen=True, kw_only=True):
    """A rule about the finished Plan: a note or a warning, since there is no Plan where anything is an error."""

    def violations(self, stack: Resolution) -> Violations:
        """None: it says nothing of a stack that has no Plan yet."""
        del stack
        yield from ()


REGISTER: dict[str, Rule] = {}


class _Texts(TypedDict, total=False):
    """What every rule declares beside its id and severity."""

    prevents: Required[str]
    source: Required[str]
    reads: tuple[str, ...]
    needs: Foundation


class _PoolTexts(_Texts, total=False):
    pool: tuple[str, ...]


class _ReleaseTexts(_Texts, total=False):
    model: tuple[str, ...]


class _PlacementTexts(_Texts, total=False):
    model: tuple[str, ...]
    pool: tuple[str, ...]


_Check = TypeVar("_Check", bound=Callable[..., Violations])
StackCheck = Callable[[Resolution], Violations]
PoolCheck = Callable[[Resolution, PoolView], Violations]
ReleaseCheck = Callable[[Resolution, ReleaseView], Violations]
PlacementCheck = Callable[[Resolution, ReleaseOnPool], Violations]
PlanCheck = Callable[[Plan, Catalog], Violations]


def stack_rule(name: str, severity: Severity, **texts: Unpack[_Texts]) -> Callable[[StackCheck], StackCheck]:
    """Enter a function of the whole stack into the register.

    Raises:
        ValueError: the id is taken.
    """
    return lambda check: _enter(StackRule(name=name, severity=severity, check=check, **texts), check)


def pool_rule(name: str, severity: Severity, **texts: Unpack[_PoolTexts]) -> Callable[[PoolCheck], PoolCheck]:
    """Enter a function of a stack and one of its pools into the register.

    Raises:
        ValueError: the id is taken.
    """
    return lambda check: _enter(PoolRule(name=name, severity=severity, check=check, **texts), check)


def release_rule(
    name: str, severity: Severity, **texts: Unpack[_ReleaseTexts]
) -> Callable[[ReleaseCheck], ReleaseCheck]:
    """Enter a function of a stack and one of its models into the register.

    Raises:
        ValueError: the id is taken.
    """
    return lambda check: _enter(ReleaseRule(name=name, severity=severity, check=check, **texts), check)


def placement_rule(
    name: str, severity: Severity, **texts: Unpack[_PlacementTexts]
) -> Callable[[PlacementCheck], PlacementCheck]:
    """Enter a function of a stack and one model on one of its pools into the register.

    Raises:
        ValueError: the id is taken.
    """
    return lambda check: _enter(PlacementRule(name=name, severity=severity, check=check, **texts), check)


def plan_rule(
    name: str, severity: Literal["warning", "info"], **texts: Unpack[_Texts]
) -> Callable[[PlanCheck], PlanCheck]:
    """Enter a function of a finished Plan and the catalog into the register.

    Raises:
        ValueError: the id is taken.
    """
    return lambda check: _enter(PlanRule(name=name, severity=severity, check=check, **texts), check)


def _enter(rule: Rule, check: _Check) -> _Check:
    if rule.name in REGISTER:
        message = f"two rules are called {rule.name}"
        raise ValueError(message)
    REGISTER[rule.name] = rule
    return check


def findings(stack: Resolution, foundation: Foundation = "aks") -> list[Finding]:
    """Every violation of every rule that applies to a foundation, ordered by the rules' ids."""
    return [
        finding
        for name in sorted(REGISTER)
        if _applies(REGISTER[name], foundation)
        for finding in REGISTER[name].findings(stack)
    ]


def plan_findings(plan: Plan, catalog: Catalog, foundation: Foundation = "aks") -> list[Finding]:
    """Every violation of the rules about finished Plans, ordered by the rules' ids."""
    return [
        Finding(rule.severity, name, path, message, fix, rests_on=rests_on or rule.reads)
        for name, rule in sorted(REGISTER.items())
        if isinstance(rule, PlanRule) and _applies(rule, foundation)
        for path, message, fix, rests_on in rule.check(plan, catalog)
    ]


def _applies(rule: Rule, foundation: str) -> bool:
    return rule.needs is None or rule.needs == foundation


def pool_errors(stack: Resolution, pool: PoolView) -> tuple[str, ...]:
    """Ids of the rules about pools that this pool violates as an error, sorted."""
    return _violated(PoolRule, stack, pool)


def placement_errors(stack: Resolution, place: ReleaseOnPool) -> tuple[str, ...]:
    """Ids of the rules about placement that this model on this pool violates as an error, sorted."""
    return _violated(PlacementRule, stack, place)


def _violated(
    kind: type[Rule], stack: Resolution, subject: PoolView | ReleaseOnPool, foundation: Foundation = "aks"
) -> tuple[str, ...]:
    return tuple(
        name
        for name, rule in sorted(REGISTER.items())
        if isinstance(rule, kind)
        and rule.severity == "error"
        and _applies(rule, foundation)
        and any(True for _ in rule.check(stack, subject))
    )
