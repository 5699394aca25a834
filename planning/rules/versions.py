"""Rules about versions: which are compatible and supported, and what else must change when one of them does."""

from catalog import Need
from config.wording import listed
from planning.placement.release_on_pool import ReleaseOnPool
from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution
from planning.resolving.versions import (
    DRIVER,
    MIG_MANAGER,
    Component,
    compatible_versions,
    components,
    driver,
    ended,
    line_of,
    numbers,
    range_text,
    supported,
    unmet,
    within,
)
from planning.rules.reads import DEVICES
from planning.rules.register import Violation, Violations, placement_rule, pool_rule, stack_rule

_MATRIX = "catalog/versions.yaml"


@stack_rule(
    "VERSION-PAIR",
    "error",
    prevents="`pulumi up` stops at a Helm chart, or its operator crash-loops: it doesn't run with the version of "
    "another component.",
    source=_MATRIX,
)
def pairs_work(stack: Resolution) -> Violations:
    """Each component runs with the versions of the other components that it needs."""
    for component, need, dependency in unmet(stack):
        if not within(dependency.version, need.works):
            yield Violation(
                dependency.path,
                f"{component.label} needs {need.part} {range_text(need.works)}, and {dependency.label} is installed",
                _moves(stack, component, need, dependency),
                _reads(component, dependency),
            )


@stack_rule(
    "VERSION-UNTESTED",
    "warning",
    prevents="Incompatibilities show up first on this cluster: no project tests these two versions together.",
    source=_MATRIX,
)
def choices_tested(stack: Resolution) -> Violations:
    """Versions that the stack file sets are among those with which the charts' projects test."""
    for component, need, dependency in unmet(stack):
        if dependency.in_stack_file and within(dependency.version, need.works):
            yield Violation(
                dependency.path,
                _untested(component, need, dependency),
                _moves(stack, component, need, dependency),
                _reads(component, dependency),
            )


@stack_rule(
    "VERSION-UNCONFIRMED",
    "info",
    prevents="Incompatibilities show up first on this cluster: the charts should work together, but no project tests "
    "them together.",
    source=_MATRIX,
)
def charts_tested(stack: Resolution) -> Violations:
    """Charts that the platform pins are tested together by their projects."""
    for component, need, dependency in unmet(stack):
        if not dependency.in_stack_file and within(dependency.version, need.works):
            yield Violation(
                dependency.path,
                _untested(component, need, dependency),
                _moves(stack, component, need, dependency),
                _reads(component, dependency),
            )


def _reads(*concerned: Component) -> tuple[str, ...]:
    """The settings that the versions of some components depend on; a pinned chart depends on none."""
    found = {component.path for component in concerned if component.in_stack_file}
    names = {component.name for component in concerned}
    found |= {"cluster.gpu_driver"} if names & {DRIVER, MIG_MANAGER} else set()
    found |= {"pools"} if MIG_MANAGER in names else set()
    return tuple(sorted(found))


def _untested(component: Component, need: Need, dependency: Component) -> str:
    return f"{component.label} is tested with {need.part} {range_text(need.tested)}, not with {dependency.version}"


def _moves(stack: Resolution, component: Component, need: Need, dependency: Component) -> str:
    """What would have to change: the dependency into the range, or the component to a version that supports it."""
    known = [range_text(line.versions) for line in stack.catalog.versions.of(need.part) if line.status == "supported"]
    limits = need.tested if need.tested.first or need.tested.last else need.works
    back = f"move {need.part} to {range_text(limits)}"
    if known and not any(
        within(line.versions.last or "0", limits) or within(line.versions.first or "0", limits)
        for line in stack.catalog.versions.of(need.part)
        if line.status == "supported"
    ):
        back += " (none of those is supported any more)"
    able = compatible_versions(stack.catalog.versions, component.name, dependency)
    forward = (
        f"or {component.name} to {' or '.join(able)}"
        if able
        else f"no {component.name} in the catalog takes {dependency.label}"
    )
    return f"{back}; {forward}"


@stack_rule(
    "VERSION-FAULT",
    "error",
    prevents="The stack hits a known bug of that version.",
    source=_MATRIX,
)
def versions_without_faults(stack: Resolution) -> Violations:
    """No version with a known bug is installed in a stack that would hit it."""
    for component in components(stack).values():
        if component.line is not None and component.line.status == "faulty":
            supported = [
                range_text(line.versions)
                for line in stack.catalog.versions.of(component.name)
                if line.status == "supported"
            ]
            yield Violation(
                component.path,
                f"{component.label}: {component.line.fault} ({component.line.source})",
                f"move to a version with {component.name} {' or '.join(supported) or 'without it'}",
                _reads(component),
            )


@stack_rule(
    "VERSION-ENDED",
    "warning",
    prevents="Security vulnerabilities and bugs stay unfixed: the version no longer gets patches.",
    source=_MATRIX,
)
def versions_supported(stack: Resolution) -> Violations:
    """Every component's version is supported on the day of the check."""
    day = stack.today or stack.catalog.versions.as_of
    for component in components(stack).values():
        line = component.line
        if line is None or line.status == "faulty" or supported(line, day):
            continue
        current = [
            range_text(newer.versions) for newer in stack.catalog.versions.of(component.name) if supported(newer, day)
        ]
        since = f" since {line.ends}" if line.ends is not None else ""
        state = f"no longer supported{since}" if ended(line, day) else "deprecated"
        yield Violation(
            component.path,
            f"{component.label} is {state} ({line.source})",
            f"move to {' or '.join(current)}" if current else f"look up which version is, and add it to {_MATRIX}",
            _reads(component),
        )


@stack_rule(
    "VERSION-UNKNOWN",
    "warning",
    prevents="A chart is updated, and its requirements on Kubernetes, the driver or other charts are not checked.",
    source=_MATRIX,
)
def versions_in_matrix(stack: Resolution) -> Violations:
    """The version matrix has the pinned version of every chart that it covers."""
    for component in components(stack).values():
        lines = stack.catalog.versions.of(component.name)
        if lines and component.line is None:
            needed = {need.part for line in lines for need in line.needs}
            brought = {name for line in lines for name in line.brings}
            names = listed(sorted(needed | brought))
            covered = listed(range_text(line.versions) for line in lines)
            yield Violation(
                component.path,
                f"{component.label} is not in the version matrix, which has {covered}",
                f"look up which versions of {names} it needs and bundles, and add a line to {_MATRIX}",
                _reads(component),
            )


@placement_rule(
    "VERSION-CUDA",
    "error",
    prevents="vLLM exits at start: `The NVIDIA driver on your system is too old`, after the pod has waited for its GPU "
    "node.",
    source="catalog/charts.yaml images; https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/",
    model=("engine.version", "pool", "slice"),
    pool=("name", *DEVICES),
    reads=("cluster.gpu_driver", "cluster.signed_driver"),
)
def driver_runs_image(stack: Resolution, place: ReleaseOnPool) -> Violations:
    """The NVIDIA driver of a pool is new enough for the CUDA of the vLLM images that run on it."""
    release, pool = place.release, place.pool
    image = stack.catalog.images[release.vllm.image] if release.vllm is not None else None
    if image is None or image.min_driver is None or place.device is None:
        return
    installed = driver(stack, pool)
    if installed is not None and numbers(installed.version) < numbers(image.min_driver):
        yield Violation(
            f"{release.path}.engine.version",
            (
                f"{image.tag} of {image.repository} has CUDA {image.cuda} and needs driver {image.min_driver}; "
                f"`{pool.name}` has {installed.version} ({installed.path})"
            ),
            _other_driver(stack, image.min_driver),
        )


@pool_rule(
    "MIG-DRIVER",
    "error",
    prevents="The GPU stays whole: pods stay Pending, or get a whole GPU for a slice, since the driver does not "
    "support MIG on that GPU.",
    source="https://docs.nvidia.com/datacenter/tesla/mig-user-guide/",
    pool=("name", *DEVICES),
    reads=("cluster.gpu_driver",),
)
def driver_has_mig(stack: Resolution, pool: PoolView) -> Violations:
    """The NVIDIA driver of a MIG pool supports MIG on the pool's GPU."""
    geometry = stack.catalog.mig.get(pool.gpu.name) if pool.gpu else None
    installed = driver(stack, pool)
    if geometry is None or not pool.is_mig or installed is None:
        return
    faulty = stack.catalog.versions.mig_faulty_drivers.get(geometry.name, ())
    if installed.version in faulty or numbers(installed.version) < numbers(geometry.min_driver):
        but = f" other than {listed(faulty)}" if faulty else ""
        yield Violation(
            f"{pool.path}.gpu.sharing",
            (
                f"MIG on {geometry.name} needs driver {geometry.min_driver} or later{but}; `{pool.name}` has "
                f"{installed.version} ({installed.path})"
            ),
            _other_driver(stack, geometry.min_driver),
        )


def _other_driver(stack: Resolution, least: str) -> str:
    """The other owner of the driver, if its driver is new enough."""
    if stack.settings.cluster.signed_driver is not None:
        return f"write cluster.signed_driver: {least} or a later one with a signed image"
    if stack.settings.cluster.gpu_driver == "operator":
        owned = stack.catalog.versions.aks_driver.get("cuda")
        return (
            f"write cluster.gpu_driver: aks (node images have {owned})"
            if owned is not None and numbers(owned) >= numbers(least)
            else "wait for a GPU Operator with a newer driver"
        )
    line = line_of(stack.catalog.versions, "gpu-operator", stack.catalog.charts["gpu-operator"].version)
    bundled = line.brings.get("driver") if line else None
    return (
        f"write cluster.gpu_driver: operator (it bundles {bundled})"
        if bundled is not None and numbers(bundled) >= numbers(least)
        else "choose an older version of vLLM, or wait for a newer node image"
    )
