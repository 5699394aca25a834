"""Rules about GPUs that several pods share, by turns or side by side: how many, how much each, and at what risk."""

from collections import defaultdict

from config.wording import listed
from planning.gpus import devices
from planning.gpus.devices import Device
from planning.placement.release_on_pool import ReleaseOnPool
from planning.placement.shared_memory import LARGEST_SUM, Sharer, greediest, too_much, total
from planning.resolving.pools import PoolView
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import workloads_of
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
# Clients of one GPU, and those of one below the compute capability (cmd/mps-control-daemon/mps/device.go).
_MPS_CLIENTS, _MPS_CLIENTS_EARLIER, _MPS_CAPABILITY = 48, 16, 7.5


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
def clients_counted(_: Resolution, pool: PoolView) -> Violations:
    """No more pods share a GPU by MPS than the GPU takes clients: 48, or 16 before compute capability 7.5."""
    if pool.settings.gpu.sharing != "mps" or pool.gpu is None:
        return
    recent = float(pool.gpu.compute_capability) >= _MPS_CAPABILITY
    most = _MPS_CLIENTS if recent else _MPS_CLIENTS_EARLIER
    wanted = pool.settings.gpu.replicas or 0
    if wanted > most:
        yield Violation(
            f"{pool.path}.gpu.replicas", f"{wanted}; MPS takes {most} on {pool.gpu.name}", f"write {most} or less"
        )


@placement_rule(
    "SHARE-TP",
    "error",
    prevents="The pod fails with `UnexpectedAdmissionError`: the device plugin hands out one share of a GPU a pod.",
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


@pool_rule(
    "SHARE-SCALE-ZERO",
    "error",
    prevents="The pod stays Pending and no node comes: the cluster autoscaler doesn't know which shares a new node of "
    "an empty pool would have.",
    source="kubernetes/autoscaler#8095; Azure/AKS#5161",
    pool=(*DEVICES, "nodes"),
)
def shared_pool_never_empty(_: Resolution, pool: PoolView) -> Violations:
    """A pool of shared GPUs keeps at least one node, from which the autoscaler learns the shares' resource names."""
    if pool.settings.gpu.shared and pool.settings.nodes.min == 0 and pool.gpu is not None and not pool.is_mig:
        yield Violation(f"{pool.path}.nodes.min", "0: a pool of shared GPUs can't scale from zero", "write 1 or more")


@placement_rule(
    "SHARE-MEMORY",
    "error",
    prevents=f"{_NO_MEMORY}: replicas of one model meet on a GPU.",
    source=_REQUEST,
    model=_MODEL,
    pool=_POOL,
)
def replicas_add_up(_: Resolution, place: ReleaseOnPool) -> Violations:
    """Replicas of a model that may meet on one GPU fit into its memory together; by MPS each keeps to its part."""
    workload = place.workload
    if workload is None or workload.device.shared_by == 1:
        return
    release, pool, device = place.release, place.pool, workload.device
    sharer = Sharer(release.name, workload.high, release.utilization or 0)
    takers = greediest([sharer], device.shared_by)
    if _above_part(sharer, pool, device):
        yield Violation(
            f"{release.path}.engine.gpu_memory_utilization",
            (
                f"{sharer.utilization:g} of {_what(device)}; MPS lets each of {device.shared_by} pods on "
                f"`{pool.name}` have {1 / device.shared_by:.3g} of it"
            ),
            _fix(device),
        )
    elif too_much(takers):
        yield Violation(f"{release.path}.engine.gpu_memory_utilization", _meeting(takers, pool, device), _fix(device))


def _above_part(sharer: Sharer, pool: PoolView, device: Device) -> bool:
    """Whether a pod takes more than MPS lets each have."""
    return pool.settings.gpu.sharing == "mps" and sharer.utilization > 1 / device.shared_by


@stack_rule("SHARE-SUM", "error", prevents=f"{_NO_MEMORY}: pods of several models meet on a GPU.", source=_REQUEST)
def neighbours_add_up(stack: Resolution) -> Violations:
    """Whichever models meet on one shared GPU fit into its memory together; vLLM sees all of the memory."""
    on_device: dict[tuple[str, str], list[tuple[Sharer, ReleaseView]]] = defaultdict(list)
    shared: dict[tuple[str, str], tuple[PoolView, Device]] = {}
    for release in stack.releases:
        if any(device.shared_by > 1 for _, device in release.placed):
            for workload in workloads_of(release):
                if workload.device.shared_by > 1:
                    key = workload.pool.name, workload.device.kind
                    shared[key] = workload.pool, workload.device
                    on_device[key].append((Sharer(release.name, workload.high, release.utilization or 0), release))
    for key, members in on_device.items():
        pool, device = shared[key]
        sharers = [sharer for sharer, _ in members]
        takers = greediest(sharers, device.shared_by)
        # What one model takes alone is reported by SHARE-MEMORY.
        alone = [greediest([sharer], device.shared_by) for sharer in sharers]
        if any(map(too_much, alone)) or any(_above_part(sharer, pool, device) for sharer in sharers):
            continue
        if not too_much(takers):
            continue
        largest = next(release for sharer, release in members if sharer is takers[0])
        yield Violation(
            f"{largest.path}.engine.gpu_memory_utilization",
            _meeting(takers, pool, device),
            _fix(device),
            (
                *(f"{pool.path}.{key}" for key in _POOL),
                *(f"{release.path}.{key}" for sharer, release in members if sharer in takers for key in _MODEL),
            ),
        )


def _meeting(takers: list[Sharer], pool: PoolView, device: Device) -> str:
    parts = " + ".join(f"{taker.model} {taker.utilization:g}" for taker in takers)
    return (
        f"{parts} may meet on {_what(device)} of `{pool.name}` and take {total(takers):.3g} of its memory together; "
        f"{LARGEST_SUM} is left beside CUDA's own"
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
                "keeps neither memory nor faults apart: a pod that takes more than its share starves the others, "
                "and DCGM can't tell whose load it sees"
            )
        else:
            risk = (
                "is experimental in the device plugin and limits memory only: a fatal fault of one pod ends all on its "
                "GPU, and whether vLLM sees the whole GPU or its share isn't documented (k8s-device-plugin#764)"
            )
        yield Violation(
            f"{pool.path}.gpu.sharing",
            f"`{pool.settings.gpu.sharing}` {risk}; on `{pool.name}` that is {listed(on_pool[pool.name])}",
            "write sharing: mig where models must not disturb one another" if _mig_able(stack, pool) else "accept it",
        )


def _mig_able(stack: Resolution, pool: PoolView) -> bool:
    return pool.gpu is not None and pool.gpu.name in stack.catalog.mig
