"""Rules about GPUs that several pods share, by turns or side by side: how many, how much each, and at what risk."""

from collections import defaultdict
from collections.abc import Iterator

from planning.gpus import devices
from planning.gpus.devices import Device
from planning.resolving.pools import PoolView
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import Workload, workloads_of
from planning.rules.register import Problem, rule
from planning.rules.words import listed

_PLUGIN = "NVIDIA k8s-device-plugin v0.20.0 api/config/v1, cmd/mps-control-daemon"
# Clients of one GPU, and those of one below the compute capability (cmd/mps-control-daemon/mps/device.go).
_MPS_CLIENTS, _MPS_CLIENTS_EARLIER, _MPS_CAPABILITY = 48, 16, 7.5
# Contexts of CUDA lie outside vLLM's budget; vLLM stops when less is free at its start than it is to take.
_LARGEST_SUM = 0.95


def _shared(stack: Resolution) -> Iterator[PoolView]:
    return (pool for pool in stack.pools if pool.settings.gpu.shared)


@rule("SHARE-GPU", "error", prevents="a setting that nothing reads", source="this stack file")
def something_to_share(stack: Resolution) -> Iterator[Problem]:
    """Only GPUs are shared."""
    for pool in stack.pools:
        if pool.vm is not None and pool.vm.gpu is None and pool.settings.gpu.sharing != "none":
            yield (
                f"{pool.path}.gpu.sharing",
                f"`{pool.settings.gpu.sharing}`, but `{pool.vm.name}` has no GPU",
                "leave `gpu` out, or choose a size with GPUs",
            )


@rule("SHARE-REPLICAS", "error", prevents="a device plugin that stops, so that the node has no GPUs", source=_PLUGIN)
def clients_counted(stack: Resolution) -> Iterator[Problem]:
    """MPS takes a limited number of clients on one GPU."""
    for pool in _shared(stack):
        if pool.settings.gpu.sharing != "mps" or pool.gpu is None:
            continue
        recent = float(pool.gpu.compute_capability) >= _MPS_CAPABILITY
        most = _MPS_CLIENTS if recent else _MPS_CLIENTS_EARLIER
        wanted = pool.settings.gpu.replicas or 0
        if wanted > most:
            yield f"{pool.path}.gpu.replicas", f"{wanted}; MPS takes {most} on {pool.gpu.name}", f"write {most} or less"


@rule("SHARE-TP", "error", prevents="UnexpectedAdmissionError: a pod that asks for two shares of GPUs", source=_PLUGIN)
def one_share_each(stack: Resolution) -> Iterator[Problem]:
    """A pod takes one share: two may be of the same GPU, and tensor parallelism needs GPUs of its own."""
    for model in stack.releases:
        wanted = model.settings.engine.tensor_parallel
        for pool, device in model.placed:
            if wanted > 1 and device.shared_by > 1 and not pool.is_mig:
                yield (
                    f"{model.path}.engine.tensor_parallel",
                    f"{wanted}, but pool `{pool.name}` offers shares of GPUs ({pool.path}.gpu.sharing)",
                    "write 1, or choose a pool of whole GPUs",
                )


@rule(
    "SHARE-SCALE-ZERO",
    "error",
    prevents="pods Pending for ever: the autoscaler can't know the shares of a node that doesn't exist",
    source="kubernetes/autoscaler#8095; Azure/AKS#5161",
)
def shared_pool_never_empty(stack: Resolution) -> Iterator[Problem]:
    """Shared resources have names of their own, which are learnt from a running node."""
    for pool in _shared(stack):
        if pool.settings.nodes.min == 0 and pool.gpu is not None and not pool.is_mig:
            yield f"{pool.path}.nodes.min", "0: a pool of shared GPUs can't scale from zero", "write 1 or more"


@rule(
    "SHARE-MEMORY",
    "error",
    prevents="`Free memory on device … on startup is less than desired`, or out of memory under load",
    source="vLLM 0.33 vllm/v1/worker/utils.py request_memory; NVIDIA k8s-device-plugin README, Shared Access to GPUs",
)
def shares_add_up(stack: Resolution) -> Iterator[Problem]:
    """Whichever pods meet on one device, what they take together fits; each of them sees all of its memory."""
    on_device: dict[tuple[str, str], list[tuple[Workload, ReleaseView]]] = defaultdict(list)
    for model in stack.releases:
        if any(device.shared_by > 1 for _, device in model.placed):
            for workload in workloads_of(model):
                if workload.device.shared_by > 1:
                    on_device[workload.pool.name, workload.device.kind].append((workload, model))
    for members in on_device.values():
        pool, device = members[0][0].pool, members[0][0].device
        most = 1 / device.shared_by
        over = [model for _, model in members if (model.utilization or 0) > most]
        if pool.settings.gpu.sharing == "mps" and over:
            for model in over:
                yield (
                    f"{model.path}.engine.gpu_memory_utilization",
                    (
                        f"{model.utilization:g} of {_what(device)}; MPS lets each of {device.shared_by} pods on "
                        f"`{pool.name}` have {most:.3g} of it"
                    ),
                    _fix(device),
                )
            continue
        takers = _greediest(members, device.shared_by)
        total = sum(model.utilization or 0 for model in takers)
        if total > _LARGEST_SUM + 1e-9:
            told = " + ".join(f"{model.name} {model.utilization:g}" for model in takers)
            yield (
                f"{takers[0].path}.engine.gpu_memory_utilization",
                (
                    f"{told} may meet on {_what(device)} of `{pool.name}` and take {total:.3g} of its memory together; "
                    f"{_LARGEST_SUM} is left beside CUDA's own"
                ),
                _fix(device),
            )


def _greediest(members: list[tuple[Workload, ReleaseView]], candidates: int) -> list[ReleaseView]:
    """The pods that take most, as many as share a device; the scheduler may bring any of them together."""
    takers: list[ReleaseView] = []
    for workload, model in sorted(members, key=lambda pair: (-(pair[1].utilization or 0), pair[1].name)):
        takers += [model] * min(workload.high, candidates - len(takers))
    return takers


def _what(device: Device) -> str:
    return f"one {device.gpu.name}" if device.kind == "whole" else f"one {device.kind} of {device.gpu.name}"


def _fix(device: Device) -> str:
    return f"leave it out, or write {devices.shared_utilization(device.shared_by):g} or less"


@rule(
    "SHARE-ISOLATION",
    "warning",
    prevents="one model that takes down its neighbours, unexpected because nobody said that it can",
    source="NVIDIA GPU Operator documentation, Time-Slicing GPUs; NVIDIA MPS documentation",
)
def risks_told(stack: Resolution) -> Iterator[Problem]:
    """What a way of sharing doesn't keep apart is said."""
    on_pool: dict[str, list[str]] = defaultdict(list)
    for model in stack.releases:
        for pool, _ in model.placed:
            on_pool[pool.name].append(model.name)
    for pool in _shared(stack):
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
        yield (
            f"{pool.path}.gpu.sharing",
            f"`{pool.settings.gpu.sharing}` {risk}; on `{pool.name}` that is {listed(on_pool[pool.name])}",
            "write sharing: mig where models must not disturb one another" if _mig_able(stack, pool) else "accept it",
        )


def _mig_able(stack: Resolution, pool: PoolView) -> bool:
    return pool.gpu is not None and pool.gpu.name in stack.catalog.mig
