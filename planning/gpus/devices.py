"""What the GPUs of a pool look like to a pod: whole devices or MIG slices, with their memory and resource names."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from catalog import Gpu
from planning.gpus.capacity import gpu_memory_gib, resource_name, usable_gib
from planning.plan.devices import DeviceRequest, ExtendedResource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog import Catalog, VmSize
    from config.pools import Pool

WHOLE_GPU = "nvidia.com/gpu"
MigStrategy = Literal["none", "single", "mixed"]
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

    @property
    def label(self) -> str:
        """What people call it: `GPU`, `3g.47gb`, or a share of one, `GPU/2`."""
        name = "GPU" if self.kind == "whole" else self.kind
        return name if self.shared_by == 1 else f"{name}/{self.shared_by}"

    @property
    def full_name(self) -> str:
        """Its resource, and what it is where the name doesn't say so: `nvidia.com/gpu (3g.47gb)`."""
        known = self.label == "GPU" or self.resource != WHOLE_GPU
        return self.resource if known else f"{self.resource} ({self.label})"

    def request(self, count: int) -> DeviceRequest:
        """The request of a pod for `count` of them."""
        return ExtendedResource(name=self.resource, count=count, device=self.label)


def mig_strategy(layouts: Sequence[Sequence[str]]) -> MigStrategy:
    """The device plugin's MIG strategy for nodes whose GPUs have these layouts; empty layouts are whole GPUs.

    `single` names slices `nvidia.com/gpu` and takes one profile on all GPUs (k8s-device-plugin
    internal/rm/device_map.go). Wherever it is possible it is used, since the cluster autoscaler counts a node with
    the label of a GPU and without `nvidia.com/gpu` as unready for ever (cluster-autoscaler
    processors/customresources/gpu_processor.go).
    """
    profiles = {name for layout in layouts for name in layout}
    if not profiles:
        return "none"
    return "single" if len(profiles) == 1 else "mixed"


def offered(pool: Pool, vm: VmSize, catalog: Catalog) -> tuple[Device, ...]:
    """Kinds of devices on each node of a pool, with the names that the device plugin gives them.

    Shares of a device keep its name: renamed, they would be no GPU to the cluster autoscaler. Empty without GPUs, and
    where the layout names profiles that the GPU doesn't have (rules MIG-* report that).
    """
    gpu = catalog.gpus.get(vm.gpu) if vm.gpu else None
    if gpu is None:
        return ()
    shared_by = pool.gpu.replicas or 1
    if not pool.gpu.sliced:
        return (Device("whole", WHOLE_GPU, gpu_memory_gib(gpu), vm.gpu_count * shared_by, gpu, shared_by),)
    geometry, layouts = catalog.mig.get(gpu.name), pool.gpu.layouts_of(vm.gpu_count)
    slices = Counter(name for layout in layouts for name in layout)
    if geometry is None or any(name not in geometry.profiles for name in slices):
        return ()
    return tuple(
        Device(
            kind=name,
            resource=WHOLE_GPU if mig_strategy(layouts) == "single" else resource_name(name),
            memory_gib=usable_gib(geometry, geometry.profiles[name]),
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
