"""What the GPUs of a pool look like to a pod: whole devices or MIG slices, with their memory and resource names."""

from collections import Counter
from dataclasses import dataclass

from catalog import Catalog, Gpu, VmSize
from config.pools import Pool
from planning import mig

WHOLE_GPU = "nvidia.com/gpu"


@dataclass(frozen=True, slots=True)
class Device:
    """One kind of device on a pool's nodes: `kind` is `whole` or a MIG profile, `memory_gib` what a process sees."""

    kind: str
    resource: str
    memory_gib: float
    per_node: int
    gpu: Gpu


def gpu_memory_gib(gpu: Gpu) -> float:
    """Memory of a whole GPU; a cautious share of the nominal figure where the driver's isn't published."""
    return gpu.memory_gib if gpu.memory_gib is not None else gpu.nominal_gb * gpu.unknown_memory_ratio


def offered(pool: Pool, vm: VmSize, catalog: Catalog) -> tuple[Device, ...]:
    """Kinds of devices on each node of a pool, as the device plugin offers them under strategy `mixed`.

    Empty without GPUs, and where the layout names profiles that the GPU doesn't have (rules MIG-* tell that).
    """
    gpu = catalog.gpus.get(vm.gpu) if vm.gpu else None
    if gpu is None:
        return ()
    if pool.gpu.sharing == "none":
        return (Device("whole", WHOLE_GPU, gpu_memory_gib(gpu), vm.gpu_count, gpu),)
    geometry = catalog.mig.get(gpu.name)
    if geometry is None or any(name not in geometry.profiles for name in pool.gpu.layout):
        return ()
    return tuple(
        Device(
            name, mig.resource_name(name), mig.usable_gib(geometry, geometry.profiles[name]),
            count * vm.gpu_count, gpu,
        )
        for name, count in sorted(Counter(pool.gpu.layout).items())
    )  # fmt: skip
