"""One pool of the stack file with the catalog's data on its nodes."""

from msgspec import Struct
from msgspec.structs import asdict

from catalog import Catalog, Gpu, VmSize
from config.base import Taint
from config.pools import Pool
from planning.gpus import devices, mig
from planning.gpus.devices import Device, MigStrategy
from planning.resolving import node
from planning.resolving.node import NodeOffer

SPOT_TAINT = Taint("kubernetes.azure.com/scalesetpriority", "spot", "NoSchedule")
GPU_TAINT = Taint("nvidia.com/gpu", "present", "NoSchedule")


class MigOwner(Struct, frozen=True):
    """Who partitions a pool's GPUs with MIG: AKS by a profile, the GPU Operator by a configuration, or nobody."""

    aks_profile: str | None = None
    """`gpuInstanceProfile` of the agent pool."""
    operator_config: str | None = None
    """Name of the MIG manager's configuration."""


class PoolView(Struct, frozen=True, dict=True):
    """One pool; what the catalog lacks is None, and `devices` is empty where the layout names unknown profiles."""

    index: int
    settings: Pool
    vm: VmSize | None
    gpu: Gpu | None
    devices: tuple[Device, ...]
    offer: NodeOffer | None
    mig_owner: MigOwner
    mig_strategy: MigStrategy
    """How the device plugin names its slices; `none` without slices, and where the layout can't be made."""

    @property
    def path(self) -> str:
        """Place in the stack file."""
        return f"pools[{self.index}]"

    @property
    def name(self) -> str:
        """The pool's name."""
        return self.settings.name

    @property
    def spot(self) -> bool:
        """Whether its nodes can be evicted."""
        return self.settings.capacity == "spot"

    @property
    def confidential(self) -> bool:
        """Whether its machines are confidential: Azure can't read their memory, and they load signed drivers alone."""
        return self.vm is not None and self.vm.driver == "signed"

    @property
    def is_mig(self) -> bool:
        """Whether its GPUs are partitioned into MIG slices."""
        return self.settings.gpu.sliced

    @property
    def fixed_size(self) -> bool:
        """Whether it never has more nodes than its fewest.

        Nodes that offer no `nvidia.com/gpu` count as unready for ever, and new ones are not learnt from them: the
        autoscaler takes the VM size's whole GPUs for what another node would offer (cluster-autoscaler
        processors/customresources/gpu_processor.go, processors/nodeinfosprovider/mixed_nodeinfos_processor.go).
        """
        return self.mig_strategy == "mixed"

    @property
    def most_nodes(self) -> int:
        """The most nodes that it can have, whatever the stack file asks for."""
        return self.settings.nodes.min if self.fixed_size else self.settings.nodes.max

    @property
    def starts_whole(self) -> bool:
        """Whether a new node first offers whole GPUs under the name of its slices, until the MIG manager is done."""
        return self.mig_strategy == "single" and self.mig_owner.operator_config is not None

    @property
    def scales_from_zero(self) -> bool:
        """Whether the autoscaler knows what a node of it offers before there is one."""
        return not self.fixed_size and not self.starts_whole

    @property
    def layouts(self) -> tuple[tuple[str, ...], ...]:
        """The MIG layout of each of a node's GPUs; empty where they are whole."""
        return self.settings.gpu.layouts_of(self.vm.gpu_count if self.vm else 1)

    @property
    def taints(self) -> tuple[Taint, ...]:
        """All taints of its nodes, those that Azure adds to spot nodes included."""
        own = (GPU_TAINT,) if self.settings.pool_class != "background" and self.gpu is not None else ()
        return (*own, *((SPOT_TAINT,) if self.spot else ()), *self.settings.taints)

    def complete(self) -> "ResolvedPool | None":
        """The same without gaps; None where the catalog lacks the VM size."""
        if self.vm is None or self.offer is None:
            return None
        return ResolvedPool(**asdict(self))


class ResolvedPool(PoolView, frozen=True, dict=True):
    """One pool without gaps, as builders of the Plan get it."""

    vm: VmSize
    offer: NodeOffer


def resolve_pool(index: int, pool: Pool, catalog: Catalog, *, max_pods: int, gpu_driver: str) -> PoolView:
    """Look up one pool; `max_pods` and `gpu_driver` are the cluster's."""
    vm = catalog.vm_sizes.get(pool.vm_size)
    gpu = catalog.gpus.get(vm.gpu) if vm and vm.gpu else None
    offered = devices.offered(pool, vm, catalog) if vm else ()
    layouts = pool.gpu.layouts_of(vm.gpu_count) if vm else ()
    geometry = catalog.mig.get(gpu.name) if gpu else None
    possible = bool(offered) and geometry is not None and all(mig.packing(geometry, layout) for layout in layouts)
    return PoolView(
        index=index,
        settings=pool,
        vm=vm,
        gpu=gpu,
        devices=offered,
        offer=node.offer(vm, pool.os_disk_gib, max_pods, catalog) if vm else None,
        mig_owner=_mig_owner(pool, vm, gpu, catalog, gpu_driver) if vm and gpu and offered else MigOwner(),
        mig_strategy=devices.mig_strategy(layouts) if possible else "none",
    )


def _mig_owner(pool: Pool, vm: VmSize, gpu: Gpu, catalog: Catalog, gpu_driver: str) -> MigOwner:
    """AKS where it can, else the GPU Operator's MIG manager; never both.

    AKS partitions every GPU of a pool at provisioning, before any pod can hold it, but only into one full profile, and
    only where AKS installs the driver.
    """
    geometry = catalog.mig.get(gpu.name)
    if geometry is None or not pool.gpu.sliced:
        return MigOwner()
    layouts = pool.gpu.layouts_of(vm.gpu_count)
    by_profile = {profile: name for name, profile in geometry.aks_profiles.items()}
    full = len(set(layouts)) == 1 and mig.uniform_full(geometry, layouts[0])
    if vm.aks_mig and gpu_driver == "aks" and full and layouts[0][0] in by_profile:
        return MigOwner(aks_profile=by_profile[layouts[0][0]])
    return MigOwner(operator_config=mig.layout_name(geometry, layouts))
