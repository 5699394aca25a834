"""What the GPUs of a pool look like to a pod: whole devices or MIG slices, with their memory and resource names."""

import math
from collections import Counter

from msgspec import Struct

from catalog import Catalog, Gpu, VmSize
from config.pools import Pool
from planning.gpus import mig
from planning.plan import DeviceRequest, ExtendedResource

WHOLE_GPU = "nvidia.com/gpu"
# The fraction of a shared device's memory that all of its vLLM processes take together.
SHAREABLE_FRACTION = 0.9


class Device(Struct, frozen=True):
    """One kind of device on a pool's nodes: `kind` is `whole` or a MIG profile, `memory_gib` what a process sees.

    `shared_by` pods get the same device and each sees all of its memory; `per_node` counts what pods may request.
    """

    kind: str
    resource: str
    memory_gib: float
    per_node: int
    gpu: Gpu
    shared_by: int = 1

    @property
    def share_gib(self) -> float:
        """Memory that is one pod's share."""
        return self.memory_gib / self.shared_by

    def request(self, count: int) -> DeviceRequest:
        """The request of a pod for `count` of them."""
        return ExtendedResource(name=self.resource, count=count)


def gpu_memory_gib(gpu: Gpu) -> float:
    """Memory of a whole GPU; a conservative fraction of the nominal capacity where the driver's isn't published."""
    return gpu.memory_gib if gpu.memory_gib is not None else gpu.nominal_gb * gpu.unknown_memory_ratio


def offered(pool: Pool, vm: VmSize, catalog: Catalog) -> tuple[Device, ...]:
    """Kinds of devices on each node of a pool, as the device plugin offers them under strategy `mixed`.

    Empty without GPUs, and where the layout names profiles that the GPU doesn't have (rules MIG-* report that).
    """
    gpu = catalog.gpus.get(vm.gpu) if vm.gpu else None
    if gpu is None:
        return ()
    shared_by = pool.gpu.replicas or 1
    if not pool.gpu.sliced:
        resource = shared_name(WHOLE_GPU) if pool.gpu.shared else WHOLE_GPU
        return (Device("whole", resource, gpu_memory_gib(gpu), vm.gpu_count * shared_by, gpu, shared_by),)
    geometry = catalog.mig.get(gpu.name)
    slices = Counter(name for layout in pool.gpu.layouts_of(vm.gpu_count) for name in layout)
    if geometry is None or any(name not in geometry.profiles for name in slices):
        return ()
    return tuple(
        Device(
            kind=name,
            resource=shared_name(mig.resource_name(name)) if pool.gpu.shared else mig.resource_name(name),
            memory_gib=mig.usable_gib(geometry, geometry.profiles[name]),
            per_node=count * shared_by,
            gpu=gpu,
            shared_by=shared_by,
        )
        for name, count in sorted(slices.items())
    )


def shared_utilization(shared_by: int) -> float:
    """Fraction of a device's whole memory that one of `shared_by` vLLM processes takes, rounded down to a thousandth.

    The rest is for CUDA: each process has a context outside vLLM's budget (vLLM, gpu_memory_utilization).
    """
    return math.floor(SHAREABLE_FRACTION / shared_by * 1000) / 1000


def shared_name(resource: str) -> str:
    """Name of a shared resource under `renameByDefault` (k8s-device-plugin api/config/v1/replicas.go).

    Renamed, so that a pod that needs a GPU of its own never gets a shared one.
    """
    return f"{resource}.shared"
