"""The versions of a stack's parts, pinned or brought along by others, held against the matrix of what goes together."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from catalog import Need, VersionLine, VersionRange, Versions
from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution, derived

KUBERNETES, OPERATOR, DRIVER, MIG_MANAGER = "kubernetes", "gpu-operator", "driver", "mig-manager"


class Part(Struct, frozen=True):
    """One part at its version; `path` is where that is written, `ours` whether in the stack file."""

    name: str
    version: str
    path: str
    ours: bool
    line: VersionLine | None
    by: str | None = None
    """The part that brings it along."""

    @property
    def said(self) -> str:
        """The part in words."""
        return f"{self.name} {self.version}"


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers; a leading `v` and what follows a dash don't count."""
    return tuple(int(step) for step in version.removeprefix("v").split("-")[0].split("."))


def within(version: str, limits: VersionRange) -> bool:
    """Whether a version lies in a range; a limit of two numbers stands for all versions that begin with them."""
    found = numbers(version)
    if limits.first is not None and found < numbers(limits.first):
        return False
    last = numbers(limits.last) if limits.last is not None else None
    return last is None or found[: len(last)] <= last


def told(limits: VersionRange) -> str:
    """A range in words."""
    match limits.first, limits.last:
        case None, None:
            return "any version"
        case None, last:
            return f"up to {last}"
        case first, None:
            return f"{first} or later"
        case str(first), str(last) if first.startswith(f"{last}."):
            return f"{first} and later {last}"
        case first, last:
            return f"{first} to {last}" if first != last else f"{first}"


def line_of(versions: Versions, part: str, version: str) -> VersionLine | None:
    """The line of the matrix that a version belongs to."""
    return next((line for line in versions.of(part) if within(version, line.versions)), None)


@derived
def parts(stack: Resolution) -> Mapping[str, Part]:
    """Every part of the stack that has a version: what the stack file says, the charts, and what those bring along."""
    versions, wanted = stack.catalog.versions, stack.settings.cluster.kubernetes
    found = {KUBERNETES: Part(KUBERNETES, wanted, "cluster.kubernetes", ours=True, line=None)}
    for name, chart in stack.catalog.charts.items():
        line = line_of(versions, name, chart.version)
        path = f"catalog/charts.yaml.{name}"
        found[name] = Part(name, chart.version, path, ours=False, line=line)
        for brought, version in (line.brings if line else {}).items():
            if _in_use(stack, brought):
                found[brought] = Part(
                    brought, version, path, ours=False, line=line_of(versions, brought, version), by=name
                )
    return found


def _in_use(stack: Resolution, part: str) -> bool:
    if part == DRIVER:
        return stack.settings.cluster.gpu_driver == "operator"
    return part != MIG_MANAGER or any(pool.mig_owner.operator_config is not None for pool in stack.pools)


def driver(stack: Resolution, pool: PoolView) -> Part | None:
    """The NVIDIA driver on a pool's nodes: the node image's, or the GPU Operator's; None where nobody has said."""
    if stack.settings.cluster.gpu_driver == "operator":
        return parts(stack).get(DRIVER)
    version = stack.catalog.versions.aks_driver.get(pool.vm.driver) if pool.vm else None
    return Part(DRIVER, version, "cluster.gpu_driver", ours=True, line=None) if version is not None else None


def unmet(stack: Resolution) -> Iterator[tuple[Part, Need, Part]]:
    """Each need that another part's version doesn't meet, be it known not to work or merely untested.

    What comes inside a part that is itself in want isn't told again.
    """
    present = parts(stack)
    for part in present.values():
        short = {
            other.name: (need, other)
            for need in (part.line.needs if part.line else ())
            if (other := present.get(need.part)) is not None
            and not (within(other.version, need.works) and within(other.version, need.tested))
        }
        yield from ((part, need, other) for need, other in short.values() if other.by not in short)


def takers(versions: Versions, part: str, other: Part) -> list[str]:
    """Versions of a part, as ranges, that are tested with another part at its version and still supported."""
    return [
        told(line.versions)
        for line in versions.of(part)
        if line.status == "supported"
        and all(
            within(other.version, need.works) and within(other.version, need.tested)
            for need in line.needs
            if need.part == other.name
        )
    ]
