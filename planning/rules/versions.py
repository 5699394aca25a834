"""Rules about versions: what goes together, what is supported, and what else must move when one of them does."""

from collections.abc import Iterator

from catalog import Need
from planning.resolving.resolution import Resolution
from planning.resolving.versions import (
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
from planning.rules.register import Problem, rule
from planning.rules.words import listed

_MATRIX = "catalog/versions.yaml"
_AKS = "https://learn.microsoft.com/azure/aks/supported-kubernetes-versions"


@rule("VERSION-PAIR", "error", prevents="a version that doesn't run beside another one", source=_MATRIX)
def pairs_work(stack: Resolution) -> Iterator[Problem]:
    """What a version is known to need of others is there."""
    for part, need, other in unmet(stack):
        if not within(other.version, need.works):
            yield (
                other.path,
                f"{part.said} needs {need.part} {told(need.works)}, and {other.said} is chosen",
                _moves(stack, part, need, other),
            )


@rule(
    "VERSION-UNTESTED",
    "warning",
    prevents="a pair of versions that nobody has run before, met first in production",
    source=_MATRIX,
)
def choices_tested(stack: Resolution) -> Iterator[Problem]:
    """A version that the stack file chooses is one with which the charts' owners test."""
    for part, need, other in unmet(stack):
        if other.ours and within(other.version, need.works):
            yield other.path, _untested(part, need, other), _moves(stack, part, need, other)


@rule(
    "VERSION-UNCONFIRMED",
    "info",
    prevents="mistaking a pair of charts that should work for one that its owners test",
    source=_MATRIX,
)
def charts_tested(stack: Resolution) -> Iterator[Problem]:
    """Charts that this platform pins are said to be untested together where their owners don't test them so."""
    for part, need, other in unmet(stack):
        if not other.ours and within(other.version, need.works):
            yield other.path, _untested(part, need, other), _moves(stack, part, need, other)


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
    forward = f"or {part.name} to {' or '.join(able)}" if able else f"no {part.name} on file takes {other.said}"
    return f"{back}; {forward}"


@rule("VERSION-FAULT", "error", prevents="a version that is known to fail in what this stack does", source=_MATRIX)
def no_known_fault(stack: Resolution) -> Iterator[Problem]:
    """No version with a known fault is installed where the fault matters."""
    for part in parts(stack).values():
        if part.line is not None and part.line.status == "faulty":
            known_good = [
                told(line.versions) for line in stack.catalog.versions.of(part.name) if line.status == "supported"
            ]
            yield (
                part.path,
                f"{part.said}: {part.line.fault} ({part.line.source})",
                f"move to a version with {part.name} {' or '.join(known_good) or 'without it'}",
            )


@rule("VERSION-ENDED", "warning", prevents="faults that nobody mends any more", source=_MATRIX)
def versions_supported(stack: Resolution) -> Iterator[Problem]:
    """Every version is still supported on the day of the catalog."""
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
        yield part.path, f"{part.said} is {word}{since} ({line.source})", f"move to {' or '.join(current)}"


@rule(
    "VERSION-UNKNOWN",
    "warning",
    prevents="a bumped pin of which nobody has looked up what it needs",
    source=_MATRIX,
)
def versions_in_matrix(stack: Resolution) -> Iterator[Problem]:
    """Of every chart in the matrix, the pinned version is in it."""
    for part in parts(stack).values():
        lines = stack.catalog.versions.of(part.name)
        if lines and part.line is None:
            needed = {need.part for line in lines for need in line.needs}
            brought = {name for line in lines for name in line.brings}
            ask = listed(sorted(needed | brought))
            yield (
                part.path,
                f"{part.said} is not in the matrix, which has {listed(told(line.versions) for line in lines)}",
                f"look up which {ask} it needs and brings, and add a line to {_MATRIX}",
            )


@rule(
    "VERSION-CUDA",
    "error",
    prevents="`The NVIDIA driver on your system is too old` from a pod that waited for its node",
    source="catalog/charts.yaml images; https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/",
)
def driver_runs_image(stack: Resolution) -> Iterator[Problem]:
    """The driver of each pool runs the CUDA of the vLLM images placed on it."""
    for model in stack.releases:
        image = stack.catalog.images[model.vllm.image] if model.vllm is not None else None
        if image is None or image.min_driver is None:
            continue
        for pool, _ in model.placed:
            there = driver(stack, pool)
            if there is not None and numbers(there.version) < numbers(image.min_driver):
                yield (
                    f"{model.path}.engine.version",
                    (
                        f"{image.tag} of {image.repository} has CUDA {image.cuda} and needs driver {image.min_driver}; "
                        f"on `{pool.name}` is {there.version} ({there.path})"
                    ),
                    _other_driver(stack, image.min_driver),
                )


@rule(
    "MIG-DRIVER",
    "error",
    prevents="a GPU that stays whole because its driver has no MIG for it",
    source="https://docs.nvidia.com/datacenter/tesla/mig-user-guide/",
)
def driver_has_mig(stack: Resolution) -> Iterator[Problem]:
    """The driver of a MIG pool has MIG for its GPU."""
    for pool in stack.pools:
        geometry = stack.catalog.mig.get(pool.gpu.name) if pool.gpu else None
        there = driver(stack, pool)
        if geometry is None or not pool.is_mig or there is None:
            continue
        faulty = stack.catalog.versions.mig_faulty_drivers.get(geometry.name, ())
        if there.version in faulty or numbers(there.version) < numbers(geometry.min_driver):
            but = f" other than {listed(faulty)}" if faulty else ""
            yield (
                f"{pool.path}.gpu.sharing",
                (
                    f"slices of {geometry.name} take driver {geometry.min_driver} or later{but}; on `{pool.name}` is "
                    f"{there.version} ({there.path})"
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


@rule("K8S-LTS", "error", prevents="a cluster that AKS creates under long-term support only", source=_AKS)
def community_support(stack: Resolution) -> Iterator[Problem]:
    """The Kubernetes minor still has community support on the day of the catalog."""
    known, today = stack.catalog.azure.kubernetes, stack.catalog.azure.as_of
    minor = known.get(stack.settings.cluster.kubernetes)
    if minor is not None and minor.community_end < today[: len(minor.community_end)]:
        current = [name for name, one in known.items() if one.community_end >= today[: len(one.community_end)]]
        yield (
            "cluster.kubernetes",
            (
                f"community support of {minor.minor} ended in {minor.community_end}; AKS offers it with the Premium "
                f"tier's long-term support only, until {minor.lts_end}"
            ),
            f"write one of {listed(current)}",
        )
