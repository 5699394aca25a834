"""Rules about GPUs that several pods share (time-slicing, MPS): number of pods, memory of each, and isolation."""

from collections import defaultdict

from config.wording import listed
from planning.gpus import devices
from planning.gpus.devices import Device
from planning.placement.release_on_pool import ReleaseOnPool
from planning.placement.shared_memory import (
    LARGEST_SUM,
    Sharer,
    exceeds_memory,
    exceeds_mps_share,
    largest_sharers,
    sharer_of,
    total,
)
from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import Workload
from planning.rules.reads import DEVICES, ENGINE
from planning.rules.register import Violation, Violations, placement_rule, pool_rule, stack_rule

_PLUGIN = "NVIDIA k8s-device-plugin v0.20.0 api/config/v1, cmd/mps-control-daemon"
_REQUEST = "vLLM 0.33 vllm/v1/worker/utils.py request_memory; NVIDIA k8s-device-plugin README, Shared Access to GPUs"
_NO_MEMORY = (
    "vLLM exits at start with `Free memory on device … on startup is less than desired GPU memory utilization`, or "
    "with CUDA out of memory under load"
)
# What the memory of pods that share a GPU depends on.
_MODEL, _POOL = ("name", "pool", "slice", "replicas", *ENGINE), ("name", *DEVICES)


@pool_rule(
    "SHARE-GPU",
    "error",
    prevents="The setting has no effect: the nodes have no GPU to share.",
    source="this stack file",
    pool=DEVICES,
)
def something_to_share(_: Resolution, pool: PoolView) -> Violations:
    """`gpu.sharing` is written only for pools with GPUs."""
    if pool.vm is not None and pool.vm.gpu is None and pool.settings.gpu.sharing != "none":
        yield Violation(
            f"{pool.path}.gpu.sharing",
            f"`{pool.settings.gpu.sharing}`, but `{pool.vm.name}` has no GPU",
            "leave `gpu` out, or choose a size with GPUs",
        )


@pool_rule(
    "SHARE-REPLICAS",
    "error",
    prevents="The NVIDIA device plugin exits with `invalid MPS configuration`, and the node offers no GPUs.",
    source=_PLUGIN,
    pool=DEVICES,
)
def mps_clients_within_limit(_: Resolution, pool: PoolView) -> Violations:
    """With MPS no more pods share a GPU than MPS allows clients: 48, or 16 before compute capability 7.5."""
    if pool.settings.gpu.sharing != "mps" or pool.gpu is None:
        return
    limits = pool.gpu.mps
    recent = float(pool.gpu.compute_capability) >= limits.capability
    most = limits.clients if recent else limits.earlier_clients
    wanted = pool.settings.gpu.replicas or 0
    if wanted > most:
        yield Violation(
            f"{pool.path}.gpu.replicas", f"{wanted}; MPS allows {most} on {pool.gpu.name}", f"write {most} or less"
        )


@placement_rule(
    "SHARE-TP",
    "error",
    prevents="The pod fails with `UnexpectedAdmissionError`: the device plugin allocates one share of a GPU per pod.",
    source=_PLUGIN,
    model=("engine.tensor_parallel", "pool", "slice"),
    pool=("name", *DEVICES),
)
def one_share_each(_: Resolution, place: ReleaseOnPool) -> Violations:
    """A model on shared GPUs has `tensor_parallel: 1`: two shares may be of the same GPU."""
    release, pool, wanted = place.release, place.pool, place.release.settings.engine.tensor_parallel
    if wanted > 1 and place.device is not None and place.device.shared_by > 1 and not pool.is_mig:
        yield Violation(
            f"{release.path}.engine.tensor_parallel",
            f"{wanted}, but pool `{pool.name}` offers shares of GPUs ({pool.path}.gpu.sharing)",
            "write 1, or choose a pool of whole GPUs",
        )


@stack_rule(
    "SHARE-MEMORY",
    "error",
    prevents=f"{_NO_MEMORY}: the pods on a shared GPU together take more than it has.",
    source=_REQUEST,
)
def sharers_add_up(stack: Resolution) -> Violations:
    """Any pods that may run on the same shared GPU fit into its memory; with MPS each stays within its share."""
    on_device: dict[tuple[str, str], list[tuple[Sharer, Workload]]] = defaultdict(list)
    for workload in stack.workloads:
        if workload.device.shared_by > 1:
            on_device[workload.pool.name, workload.device.kind].append((sharer_of(workload), workload))
    for members in on_device.values():
        alone = [found for sharer, workload in members if (found := _too_much_alone(sharer, workload)) is not None]
        yield from alone or _too_much_together(members)


def _too_much_alone(sharer: Sharer, workload: Workload) -> Violation | None:
    """A violation where the pods of one model alone take too much."""
    device, pool, path = workload.device, workload.pool, workload.release.path
    rests_on = _rests_on(pool, [workload])
    if exceeds_mps_share(sharer, pool, device):
        message = (
            f"{sharer.utilization:g} of {_what(device)}; MPS limits each of {device.shared_by} pods on `{pool.name}` "
            f"to {1 / device.shared_by:.3g} of it"
        )
    elif exceeds_memory(largest := largest_sharers([sharer], device.shared_by)):
        message = _sum_text(largest, pool, device)
    else:
        return None
    return Violation(f"{path}.engine.gpu_memory_utilization", message, _fix(device), rests_on)


def _too_much_together(members: list[tuple[Sharer, Workload]]) -> Violations:
    device, pool = members[0][1].device, members[0][1].pool
    largest = largest_sharers([sharer for sharer, _ in members], device.shared_by)
    if exceeds_memory(largest):
        first = next(workload for sharer, workload in members if sharer is largest[0])
        rests_on = _rests_on(pool, [workload for sharer, workload in members if sharer in largest])
        path = f"{first.release.path}.engine.gpu_memory_utilization"
        yield Violation(path, _sum_text(largest, pool, device), _fix(device), rests_on)


def _rests_on(pool: PoolView, workloads: list[Workload]) -> tuple[str, ...]:
    return (
        *(f"{pool.path}.{key}" for key in _POOL),
        *(f"{workload.release.path}.{key}" for workload in workloads for key in _MODEL),
    )


def _sum_text(sharers: list[Sharer], pool: PoolView, device: Device) -> str:
    parts = " + ".join(f"{sharer.model} {sharer.utilization:g}" for sharer in sharers)
    return (
        f"{parts} may run on {_what(device)} of `{pool.name}` and together take {total(sharers):.3g} of its memory; "
        f"CUDA contexts leave {LARGEST_SUM}"
    )


def _what(device: Device) -> str:
    return f"one {device.gpu.name}" if device.kind == "whole" else f"one {device.kind} of {device.gpu.name}"


def _fix(device: Device) -> str:
    return f"leave it out, or write {devices.shared_utilization(device.shared_by):g} or less"


@stack_rule(
    "SHARE-ISOLATION",
    "warning",
    prevents="One model that crashes, or takes more memory than its share, stops the other models on its GPU.",
    source="NVIDIA GPU Operator documentation, Time-Slicing GPUs; NVIDIA MPS documentation",
)
def isolation_lacking(stack: Resolution) -> Violations:
    """Reports which isolation a sharing mode lacks."""
    on_pool: dict[str, list[str]] = defaultdict(list)
    for release in stack.releases:
        for pool, _ in release.placed:
            on_pool[pool.name].append(release.name)
    for pool in stack.pools:
        if not pool.settings.gpu.shared:
            continue
        if pool.settings.gpu.sharing == "time-slicing":
            risk = (
                "isolates neither memory nor faults: a pod that takes more than its share starves the others, "
                "and DCGM can't attribute GPU load to a pod"
            )
        else:
            risk = (
                "is experimental in the device plugin and limits memory only: a fatal fault of one pod stops all pods "
                "on its GPU, and whether vLLM sees the whole GPU or its share isn't documented (k8s-device-plugin#764)"
            )
        yield Violation(
            f"{pool.path}.gpu.sharing",
            f"`{pool.settings.gpu.sharing}` {risk}; on `{pool.name}` this affects {listed(on_pool[pool.name])}",
            "write sharing: mig where models must be isolated" if _mig_able(stack, pool) else "accept it",
        )


def _mig_able(stack: Resolution, pool: PoolView) -> bool:
    return pool.gpu is not None and pool.gpu.name in stack.catalog.mig
