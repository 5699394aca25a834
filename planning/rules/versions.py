"""Rules about versions: what goes together, what is supported, and what else must move when one of them does."""

from catalog import Need
from config.wording import listed
from planning.placement.release_on_pool import ReleaseOnPool
from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution
from planning.resolving.versions import (
    DRIVER,
    MIG_MANAGER,
    Part,
    driver,
    line_of,
    numbers,
    parts,
    takers,
    told,
    unmet,
    within,
)
from planning.rules.reads import DEVICES
from planning.rules.register import Violation, Violations, placement_rule, pool_rule, stack_rule

_MATRIX = "catalog/versions.yaml"
_AKS = "https://learn.microsoft.com/azure/aks/supported-kubernetes-versions"


@stack_rule(
    "VERSION-PAIR",
    "error",
    prevents="`pulumi up` stops at a Helm chart, or its operator crash-loops: it doesn't run with the version of "
    "another part.",
    source=_MATRIX,
)
def pairs_work(stack: Resolution) -> Violations:
    """Each part runs with the versions of the other parts that it needs."""
    for part, need, other in unmet(stack):
        if not within(other.version, need.works):
            yield Violation(
                other.path,
                f"{part.said} needs {need.part} {told(need.works)}, and {other.said} is chosen",
                _moves(stack, part, need, other),
                _reads(part, other),
            )


@stack_rule(
    "VERSION-UNTESTED",
    "warning",
    prevents="A fault that nobody has seen before: no project tests these two versions together.",
    source=_MATRIX,
)
def choices_tested(stack: Resolution) -> Violations:
    """Versions that the stack file chooses are among those with which the charts' projects test."""
    for part, need, other in unmet(stack):
        if other.ours and within(other.version, need.works):
            yield Violation(
                other.path, _untested(part, need, other), _moves(stack, part, need, other), _reads(part, other)
            )


@stack_rule(
    "VERSION-UNCONFIRMED",
    "info",
    prevents="A fault that nobody has seen before: the charts should work together, but no project tests them so.",
    source=_MATRIX,
)
def charts_tested(stack: Resolution) -> Violations:
    """Charts that this platform pins are among those that their projects test together."""
    for part, need, other in unmet(stack):
        if not other.ours and within(other.version, need.works):
            yield Violation(
                other.path, _untested(part, need, other), _moves(stack, part, need, other), _reads(part, other)
            )


def _reads(*concerned: Part) -> tuple[str, ...]:
    """What the versions of some parts rest on in the stack file; a pinned chart on nothing."""
    found = {part.path for part in concerned if part.ours}
    names = {part.name for part in concerned}
    found |= {"cluster.gpu_driver"} if names & {DRIVER, MIG_MANAGER} else set()
    found |= {"pools"} if MIG_MANAGER in names else set()
    return tuple(sorted(found))


def _untested(part: Part, need: Need, other: Part) -> str:
    return f"{part.said} is tested with {need.part} {told(need.tested)}, not with {other.version}"


def _moves(stack: Resolution, part: Part, need: Need, other: Part) -> str:
    """What would have to move: the other part into the range, or this part to a version that takes the other."""
    known = [told(line.versions) for line in stack.catalog.versions.of(need.part) if line.status == "supported"]
    limits = need.tested if need.tested.first or need.tested.last else need.works
    back = f"move {need.part} to {told(limits)}"
    if known and not any(
        within(line.versions.last or "0", limits) or within(line.versions.first or "0", limits)
        for line in stack.catalog.versions.of(need.part)
        if line.status == "supported"
    ):
        back += " (none of those is supported any more)"
    able = takers(stack.catalog.versions, part.name, other)
    forward = f"or {part.name} to {' or '.join(able)}" if able else f"no {part.name} in the catalog takes {other.said}"
    return f"{back}; {forward}"


@stack_rule(
    "VERSION-FAULT",
    "error",
    prevents="The known fault of that version, in something that this stack does.",
    source=_MATRIX,
)
def versions_without_faults(stack: Resolution) -> Violations:
    """No version with a known fault is installed where the fault matters."""
    for part in parts(stack).values():
        if part.line is not None and part.line.status == "faulty":
            supported = [
                told(line.versions) for line in stack.catalog.versions.of(part.name) if line.status == "supported"
            ]
            yield Violation(
                part.path,
                f"{part.said}: {part.line.fault} ({part.line.source})",
                f"move to a version with {part.name} {' or '.join(supported) or 'without it'}",
                _reads(part),
            )


@stack_rule(
    "VERSION-ENDED",
    "warning",
    prevents="Security holes and faults stay open: the version gets no patches any more.",
    source=_MATRIX,
)
def versions_supported(stack: Resolution) -> Violations:
    """Every part's version is supported on the day of the catalog."""
    today = stack.catalog.versions.as_of
    for part in parts(stack).values():
        line = part.line
        if line is None or line.status == "faulty":
            continue
        over = line.ends is not None and line.ends < today
        if line.status == "supported" and not over:
            continue
        current = [
            told(other.versions)
            for other in stack.catalog.versions.of(part.name)
            if other.status == "supported" and (other.ends is None or other.ends >= today)
        ]
        since = f" since {line.ends}" if line.ends is not None else ""
        word = "deprecated" if line.status == "deprecated" else "no longer supported"
        yield Violation(
            part.path,
            f"{part.said} is {word}{since} ({line.source})",
            f"move to {' or '.join(current)}",
            _reads(part),
        )


@stack_rule(
    "VERSION-UNKNOWN",
    "warning",
    prevents="A chart is updated and what it needs of Kubernetes, the driver or other charts is never checked.",
    source=_MATRIX,
)
def versions_in_matrix(stack: Resolution) -> Violations:
    """The matrix of versions has the pinned version of every chart that is in it."""
    for part in parts(stack).values():
        lines = stack.catalog.versions.of(part.name)
        if lines and part.line is None:
            needed = {need.part for line in lines for need in line.needs}
            brought = {name for line in lines for name in line.brings}
            ask = listed(sorted(needed | brought))
            yield Violation(
                part.path,
                f"{part.said} is not in the matrix, which has {listed(told(line.versions) for line in lines)}",
                f"look up which {ask} it needs and brings, and add a line to {_MATRIX}",
                _reads(part),
            )


@placement_rule(
    "VERSION-CUDA",
    "error",
    prevents="vLLM exits at start: `The NVIDIA driver on your system is too old`, after the pod has waited for its GPU "
    "node.",
    source="catalog/charts.yaml images; https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/",
    model=("engine.version", "pool", "slice"),
    pool=("name", *DEVICES),
    reads=("cluster.gpu_driver",),
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
                f"on `{pool.name}` is {installed.version} ({installed.path})"
            ),
            _other_driver(stack, image.min_driver),
        )


@pool_rule(
    "MIG-DRIVER",
    "error",
    prevents="The GPU stays whole and pods stay Pending (`Insufficient nvidia.com/mig-…`): the driver has no MIG for "
    "that GPU.",
    source="https://docs.nvidia.com/datacenter/tesla/mig-user-guide/",
    pool=DEVICES,
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
                f"slices of {geometry.name} take driver {geometry.min_driver} or later{but}; on `{pool.name}` is "
                f"{installed.version} ({installed.path})"
            ),
            _other_driver(stack, geometry.min_driver),
        )


def _other_driver(stack: Resolution, least: str) -> str:
    """Who else could own a driver that is new enough."""
    if stack.settings.cluster.gpu_driver == "operator":
        owned = stack.catalog.versions.aks_driver.get("cuda")
        return (
            f"write cluster.gpu_driver: aks (node images have {owned})"
            if owned is not None and numbers(owned) >= numbers(least)
            else "wait for a GPU Operator with a newer driver"
        )
    line = line_of(stack.catalog.versions, "gpu-operator", stack.catalog.charts["gpu-operator"].version)
    brought = line.brings.get("driver") if line else None
    return (
        f"write cluster.gpu_driver: operator (it brings {brought})"
        if brought is not None and numbers(brought) >= numbers(least)
        else "choose an older version of vLLM, or wait for a newer node image"
    )


@stack_rule(
    "K8S-LTS",
    "error",
    prevents="AKS refuses the cluster: that Kubernetes version is offered under long-term support (Premium tier) only.",
    source=_AKS,
    reads=("cluster.kubernetes",),
    needs="aks",
)
def community_support(stack: Resolution) -> Violations:
    """The cluster's Kubernetes minor version has community support on the day of the catalog."""
    known, today = stack.catalog.azure.kubernetes, stack.catalog.azure.as_of
    minor = known.get(stack.settings.cluster.kubernetes)
    if minor is not None and minor.community_end < today[: len(minor.community_end)]:
        current = [name for name, one in known.items() if one.community_end >= today[: len(one.community_end)]]
        yield Violation(
            "cluster.kubernetes",
            (
                f"community support of {minor.minor} ended in {minor.community_end}; AKS offers it with the Premium "
                f"tier's long-term support only, until {minor.lts_end}"
            ),
            f"write one of {listed(current)}",
        )
