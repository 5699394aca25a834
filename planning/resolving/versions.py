"""The versions of a stack's components, pinned or bundled, compared with the version matrix."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from catalog import KubernetesMinor, Need, VersionLine, VersionRange, Versions
from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution, derived

KUBERNETES, OPERATOR, DRIVER, MIG_MANAGER = "kubernetes", "gpu-operator", "driver", "mig-manager"


class Component(Struct, frozen=True):
    """One component at its version.

    `path` is where the version is written, `in_stack_file` whether that is the stack file rather than the catalog.
    """

    name: str
    version: str
    path: str
    in_stack_file: bool
    line: VersionLine | None
    bundled_in: str | None = None
    """Name of the chart that brings it along; None where it is chosen by itself."""

    @property
    def label(self) -> str:
        """Name and version, as findings show them."""
        return f"{self.name} {self.version}"


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers; a leading `v` and a suffix after a dash are ignored."""
    return tuple(int(step) for step in version.removeprefix("v").split("-")[0].split("."))


def within(version: str, limits: VersionRange) -> bool:
    """Whether a version lies in a range; a limit of two numbers stands for all versions that begin with them."""
    found = numbers(version)
    if limits.first is not None and found < numbers(limits.first):
        return False
    last = numbers(limits.last) if limits.last is not None else None
    return last is None or found[: len(last)] <= last


def range_text(limits: VersionRange) -> str:
    """A range as text, such as `1.33 to 1.36`."""
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


def line_of(versions: Versions, name: str, version: str) -> VersionLine | None:
    """The line of the matrix for a component at a version."""
    return next((line for line in versions.of(name) if within(version, line.versions)), None)


def ended(line: VersionLine, day: str) -> bool:
    """Whether the support of a line of the matrix is over on a day, an ISO date."""
    return line.status == "ended" or (line.ends is not None and line.ends < day)


def supported(line: VersionLine, day: str) -> bool:
    """Whether versions of a line get patches on a day, and nothing speaks against them."""
    return line.status == "supported" and not ended(line, day)


def community_ended(minor: KubernetesMinor, day: str) -> bool:
    """Whether the community support of a Kubernetes minor version is over on a day, an ISO date."""
    return minor.community_end < day[: len(minor.community_end)]


@derived
def components(stack: Resolution) -> Mapping[str, Component]:
    """Every component of the stack that has a version: those of the stack file, the charts, and what charts bundle."""
    versions, wanted = stack.catalog.versions, stack.settings.cluster.kubernetes
    found = {KUBERNETES: Component(KUBERNETES, wanted, "cluster.kubernetes", in_stack_file=True, line=None)}
    for name, chart in stack.catalog.charts.items():
        line = line_of(versions, name, chart.version)
        path = f"catalog/charts.yaml.{name}"
        found[name] = Component(name, chart.version, path, in_stack_file=False, line=line)
        for bundled, version in (line.brings if line else {}).items():
            if _in_use(stack, bundled):
                found[bundled] = Component(
                    bundled,
                    version,
                    path,
                    in_stack_file=False,
                    line=line_of(versions, bundled, version),
                    bundled_in=name,
                )
    return found


def _in_use(stack: Resolution, name: str) -> bool:
    if name == DRIVER:
        return stack.settings.cluster.gpu_driver == "operator" and stack.settings.cluster.signed_driver is None
    return name != MIG_MANAGER or any(pool.mig_owner.operator_config is not None for pool in stack.pools)


def driver(stack: Resolution, pool: PoolView) -> Component | None:
    """The NVIDIA driver on a pool's nodes: the node image's, or the GPU Operator's; None where it is not known."""
    signed = stack.settings.cluster.signed_driver
    if stack.settings.cluster.gpu_driver == "operator":
        if signed is not None:
            return Component(DRIVER, signed, "cluster.signed_driver", in_stack_file=True, line=None)
        return components(stack).get(DRIVER)
    version = stack.catalog.versions.aks_driver.get(pool.vm.driver) if pool.vm else None
    if version is None:
        return None
    return Component(DRIVER, version, "cluster.gpu_driver", in_stack_file=True, line=None)


def unmet(stack: Resolution) -> Iterator[tuple[Component, Need, Component]]:
    """Each component, a requirement of it, and the dependency whose version doesn't meet that requirement.

    Either the two are known not to work together, or nobody tests them together. Parts bundled in a chart that is
    already reported are not reported again.
    """
    present = components(stack)
    for component in present.values():
        violated = {
            dependency.name: (need, dependency)
            for need in (component.line.needs if component.line else ())
            if (dependency := present.get(need.part)) is not None
            and not (within(dependency.version, need.works) and within(dependency.version, need.tested))
        }
        yield from (
            (component, need, dependency)
            for need, dependency in violated.values()
            if dependency.bundled_in not in violated
        )


def compatible_versions(versions: Versions, name: str, dependency: Component) -> list[str]:
    """Ranges of a component's versions that are tested with a dependency at its version and still supported."""
    return [
        range_text(line.versions)
        for line in versions.of(name)
        if line.status == "supported"
        and all(
            within(dependency.version, need.works) and within(dependency.version, need.tested)
            for need in line.needs
            if need.part == dependency.name
        )
    ]
