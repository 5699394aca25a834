"""The verdict on each move of a version: what the records say, and unknown where they say nothing."""

from collections.abc import Sequence

from msgspec import Struct

from catalog import Catalog
from catalog.upgrades import Steps, Upgrades
from planning.resolving.versions import KUBERNETES, community_ended, within
from planning.upgrading.matrix import Present, matrix_reasons
from planning.upgrading.order import in_order
from planning.upgrading.pins import Kind, Pins, VersionPin, digits, numbers_in, owner_of
from planning.upgrading.reasons import Reason, Verdict, worst
from planning.upgrading.skew import skew_reasons
from planning.upgrading.vllm import vllm_reasons

_AKS_VERSIONS = "https://learn.microsoft.com/azure/aks/supported-kubernetes-versions"


class Move(Struct, frozen=True, kw_only=True):
    """One pin that moves, and what is known of it.

    `why`, `source` and `as_of` are those of the reason that decides, `also` is what else is to be known, `do` what a
    person does; `crds` says what moves the CRDs of a chart.
    """

    kind: Kind
    name: str
    part: str
    path: str
    current: str
    target: str
    verdict: Verdict
    why: str
    do: str | None
    source: str | None
    as_of: str | None
    also: tuple[str, ...]
    crds: str | None


class Refusal(Struct, frozen=True):
    """What a file's own check says of a pin that can't be as it is written: a finding of the target."""

    path: str
    why: str
    fix: str
    rule: str


class Direction(Struct, frozen=True):
    """All that a verdict is drawn from: the records, the pins before and after, and the day.

    Support is judged by `today`, an ISO date, or without it by the date of the catalog.
    """

    catalog: Catalog
    records: Upgrades
    current: Pins
    target: Pins
    today: str | None = None


def moves(at: Direction, problems: Sequence[Refusal] = ()) -> tuple[Move, ...]:
    """A verdict for each pin that is on both sides at another version, in the order in which they move.

    `problems` are what the target's own check refuses: a pin at such a path is blocked.
    """
    found = [
        _move(at, pin, at.target[key], problems)
        for key, pin in at.current.items()
        if key in at.target and at.target[key].version != pin.version
    ]
    return in_order(found, at.records)


def _move(at: Direction, pin: VersionPin, target: VersionPin, problems: Sequence[Refusal]) -> Move:
    day = at.today or at.catalog.versions.as_of
    reasons = [*_own(at, pin, target), *matrix_reasons(Present.of(at.catalog, at.target), pin, target, day)]
    reasons += skew_reasons(at.records.skews, at.current, at.target, pin)
    reasons += _left_behind(at, pin)
    reasons += [
        Reason("blocked", each.why, each.fix, f"rule {each.rule}") for each in problems if each.path == target.path
    ]
    decisive = worst(reasons)
    others = [each for each in reasons if each is not decisive]
    dos = [each.do for each in (decisive, *others) if each.do is not None]
    return Move(
        kind=pin.kind,
        name=pin.name,
        part=pin.part,
        path=target.path,
        current=pin.version,
        target=target.version,
        verdict=decisive.verdict,
        why=decisive.why,
        do="; ".join(dict.fromkeys(dos)) or None,
        source=decisive.source,
        as_of=decisive.as_of,
        also=tuple(dict.fromkeys(each.why for each in others)),
        crds=_crds(at.catalog, pin),
    )


def _own(at: Direction, pin: VersionPin, target: VersionPin) -> list[Reason]:
    """What the records of the part itself say, at least one reason."""
    if pin.kind == "driver" and owner_of(pin.version) != owner_of(target.version):
        return [
            Reason(
                "manual",
                f"the driver's owner changes from {owner_of(pin.version)} to {owner_of(target.version)}; it is fixed "
                "once a pool is made, so every GPU pool is made again",
                "hold quota for old and new pools, and take no other move along",
                "docs/adr/0001-one-owner-of-the-gpu-driver.md",
                at.catalog.versions.as_of,
            )
        ]
    before, after = numbers_in(pin.version), numbers_in(target.version)
    if before is None or after is None:
        return [Reason("unknown", "a version without a number can't be compared")]
    if pin.kind == "vllm":
        return vllm_reasons(at.catalog, pin.version, target.version)
    steps = next((each for each in at.records.steps if each.part == pin.part), None)
    if after < before:
        return [_back(at, pin, steps)]
    if steps is not None:
        stepped = _stepped(at, pin, steps, before, after)
        if stepped is not None:
            return [stepped]
    return [_recorded(at, pin, target)]


def _back(at: Direction, pin: VersionPin, steps: Steps | None) -> Reason:
    if steps is not None and steps.back is not None:
        return Reason("blocked", steps.back, "stay, or make a new stack beside this one", steps.source, steps.as_of)
    chart = at.catalog.charts.get(pin.name) if pin.kind == "chart" else None
    if chart is not None and chart.crds_in is not None:
        back = at.records.charts_back
        return Reason("blocked", back.why, "stay, and mend what is wrong by a later version", back.source, back.as_of)
    return Reason("unknown", "no record of a move back to an earlier version")


def _stepped(
    at: Direction, pin: VersionPin, steps: Steps, before: tuple[int, ...], after: tuple[int, ...]
) -> Reason | None:
    """The verdict of a part that goes version by version; None where it does, and records decide."""
    short, wanted = before[: steps.digits], after[: steps.digits]
    if len(short) < steps.digits or len(wanted) < steps.digits:
        return Reason("unknown", f"a version with fewer than {steps.digits} numbers can't be compared")
    if short[:-1] != wanted[:-1]:
        return None
    if wanted[-1] - short[-1] > 1:
        following = ".".join(map(str, (*short[:-1], short[-1] + 1)))
        return Reason(
            steps.skipping, f"{steps.why}, and this leaves out {following}", f"move to {following} first", steps.source,
            steps.as_of,
        )  # fmt: skip
    return _next_minor(at, ".".join(map(str, wanted)), steps) if pin.part == KUBERNETES else None


def _next_minor(at: Direction, wanted: str, steps: Steps) -> Reason:
    if wanted not in at.catalog.azure.kubernetes:
        return Reason("unknown", f"the catalog has no Kubernetes {wanted}")
    over = _ended(at, wanted)
    if over is not None:
        return Reason("blocked", over, "move to a supported version", _AKS_VERSIONS, at.catalog.azure.as_of)
    return Reason(
        "manual",
        f"{steps.why}: the control plane moves in place, and node pools stay behind until they are upgraded",
        f"az aks nodepool upgrade -g GROUP --cluster-name CLUSTER -n POOL --kubernetes-version {wanted}, one pool "
        "after the other",
        steps.source,
        steps.as_of,
    )


def _ended(at: Direction, version: str) -> str | None:
    """What is left of a minor version's support, if that of the community has ended."""
    minor = at.catalog.azure.kubernetes.get(version)
    if minor is None or not community_ended(minor, at.today or at.catalog.azure.as_of):
        return None
    return (
        f"community support of {version} ended in {minor.community_end}; until {minor.lts_end} there is long-term "
        "support (LTS), with the Premium tier alone"
    )


def _left_behind(at: Direction, pin: VersionPin) -> list[Reason]:
    over = _ended(at, pin.version) if pin.kind == KUBERNETES else None
    return [] if over is None else [Reason("safe", over, None, _AKS_VERSIONS, at.catalog.azure.as_of)]


def _recorded(at: Direction, pin: VersionPin, target: VersionPin) -> Reason:
    before, after = digits(pin.version) or "", digits(target.version) or ""
    driver = next((each for each in at.target.values() if each.kind == "driver"), None)
    for each in at.records.moves:
        owned = each.driver is None or driver is None or owner_of(driver.version) == each.driver
        if owned and each.part == pin.part and within(before, each.from_) and within(after, each.to):
            return Reason(each.verdict, each.why, each.do, each.source, each.as_of)
    return Reason(
        "unknown", "no record of this move", "read the release notes, and add a record to catalog/upgrades.yaml"
    )


def _crds(catalog: Catalog, pin: VersionPin) -> str | None:
    chart = catalog.charts.get(pin.name) if pin.kind == "chart" else None
    if chart is None or chart.crds_in is None:
        return None
    if chart.crds_in == "templates":
        return "with the chart"
    how = {"hook": "by a Job of the chart, before its pods", "job": "by a Job of this platform, before the chart"}
    return how.get(chart.crds_updated_by or "", "by hand, before the chart: nothing updates them")
