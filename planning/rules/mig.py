"""Rules about MIG: profiles that exist, layouts that fit on a GPU, and pools that can scale up."""

from collections.abc import Iterator

from config.wording import listed, nearest
from planning.gpus import mig
from planning.placement.release_on_pool import ReleaseOnPool
from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution
from planning.rules.pools import supported_sizes
from planning.rules.reads import DEVICES
from planning.rules.register import Violation, Violations, placement_rule, pool_rule

_GUIDE = "https://docs.nvidia.com/datacenter/tesla/mig-user-guide/"
_AUTOSCALER = "kubernetes/autoscaler cluster-autoscaler/cloudprovider/azure"
_UNREADY = (
    "kubernetes-sigs/cluster-autoscaler pkg/processors/customresources/gpu_processor.go; kubernetes/autoscaler#8095"
)


def _layouts(pool: PoolView) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every layout that the stack file writes for a pool, with its place."""
    gpu = pool.settings.gpu
    if gpu.layout:
        yield f"{pool.path}.gpu.layout", gpu.layout
    for index, layout in enumerate(gpu.layouts):
        yield f"{pool.path}.gpu.layouts[{index}]", layout


@pool_rule(
    "MIG-GPU",
    "error",
    prevents="The node's label `nvidia.com/mig.config.state` is `failed` and pods stay Pending: the GPU has no MIG.",
    source=_GUIDE,
    pool=DEVICES,
)
def gpu_has_mig(stack: Resolution, pool: PoolView) -> Violations:
    """`sharing: mig` is written only for GPUs that NVIDIA partitions."""
    if pool.is_mig and pool.gpu is not None and pool.gpu.name not in stack.catalog.mig:
        candidates = [name for name in supported_sizes(stack) if stack.catalog.vm_sizes[name].gpu in stack.catalog.mig]
        yield Violation(
            f"{pool.path}.gpu.sharing",
            f"`mig`, but {pool.gpu.name} of {pool.settings.vm_size} has no MIG",
            f"write sharing: none, or choose one of {listed(candidates)}",
        )


@pool_rule(
    "MIG-PROFILE",
    "error",
    prevents="The node's label `nvidia.com/mig.config.state` is `failed`: the profile doesn't exist on that GPU.",
    source=_GUIDE,
    pool=DEVICES,
)
def profiles_exist(stack: Resolution, pool: PoolView) -> Violations:
    """Every profile of a MIG layout is one of the pool's GPU."""
    geometry = stack.catalog.mig.get(pool.gpu.name) if pool.gpu else None
    if geometry is None or not pool.is_mig:
        return
    for path, layout in _layouts(pool):
        for index, name in enumerate(layout):
            if name not in geometry.profiles:
                yield Violation(
                    f"{path}[{index}]",
                    f"`{name}` is not a profile of {geometry.name}; profiles: {listed(geometry.profiles)}",
                    nearest(name, geometry.profiles),
                )


@pool_rule(
    "MIG-LAYOUTS",
    "error",
    prevents="Some GPUs of the node are never partitioned: it offers fewer slices than planned and pods stay Pending.",
    source="NVIDIA mig-parted api/spec/v1",
    pool=DEVICES,
)
def one_layout_per_gpu(_: Resolution, pool: PoolView) -> Violations:
    """`layouts` has one MIG layout for each GPU of a node."""
    given = len(pool.settings.gpu.layouts)
    if pool.vm is not None and pool.gpu is not None and given and given != pool.vm.gpu_count:
        yield Violation(
            f"{pool.path}.gpu.layouts",
            f"{given} layouts; a {pool.vm.name} has {pool.vm.gpu_count} GPUs",
            f"write {pool.vm.gpu_count} layouts, or one `layout` for every GPU",
        )


@pool_rule(
    "MIG-PACKING",
    "error",
    prevents="The node's label `nvidia.com/mig.config.state` is `failed`: the slices don't fit on one GPU in any order "
    "of creation.",
    source="NVIDIA mig-parted pkg/mig/config/config.go",
    pool=DEVICES,
)
def layout_packs(stack: Resolution, pool: PoolView) -> Violations:
    """The slices of a MIG layout fit together into the memory slots of one GPU."""
    geometry = stack.catalog.mig.get(pool.gpu.name) if pool.gpu else None
    if geometry is None or not pool.is_mig:
        return
    for path, layout in _layouts(pool):
        if any(name not in geometry.profiles for name in layout) or mig.packing(geometry, layout) is not None:
            continue
        limits = ", ".join(f"at most {geometry.profiles[name].max} of {name}" for name in dict.fromkeys(layout))
        slots = sum(geometry.profiles[name].size for name in layout)
        yield Violation(
            path,
            (
                f"[{', '.join(layout)}] doesn't fit on one {geometry.name}: it takes {slots} of {geometry.slots} "
                f"memory slots, where slices start at fixed slots only; {limits}"
            ),
            "choose fewer or smaller slices; the layout is per GPU",
        )


@pool_rule(
    "MIG-UNSUPPORTED",
    "error",
    prevents="Pods stay Pending: older device plugins have no resource name for slices with media engines.",
    source="NVIDIA k8s-device-plugin v0.20.0",
    pool=("gpu.layout", "gpu.layouts"),
)
def plain_profiles(_: Resolution, pool: PoolView) -> Violations:
    """MIG profiles with media-engine attributes are refused: vLLM does not use them."""
    for path, layout in _layouts(pool):
        for index, name in enumerate(layout):
            if "+" in name or name.endswith("-me"):
                yield Violation(
                    f"{path}[{index}]",
                    f"`{name}` reserves or drops media engines, which vLLM does not use",
                    f"write `{name.split('+')[0].removesuffix('-me')}`",
                )


@pool_rule(
    "MIG-SCALE-ZERO",
    "error",
    prevents="The pod stays Pending and no node comes: the cluster autoscaler doesn't know that a new node of an empty "
    "pool would have these slices.",
    source=f"{_AUTOSCALER}/azure_template.go; NVIDIA/gpu-operator#2670",
    pool=("name", *DEVICES, "nodes"),
    reads=("cluster.gpu_driver",),
)
def sliced_pool_never_empty(_: Resolution, pool: PoolView) -> Violations:
    """A pool of MIG slices may be empty only where AKS makes them, all of one profile.

    Pods on slices of the MIG manager select its label of nodes that are done, which the autoscaler knows from a running
    node only.
    """
    if pool.settings.nodes.min or pool.scales_from_zero:
        return
    why = (
        "slices of several profiles have resource names that the autoscaler doesn't know"
        if pool.fixed_size
        else "the GPU Operator makes its slices when a node is running, and the autoscaler doesn't foresee that"
    )
    yield Violation(
        f"{pool.path}.nodes.min",
        f"0: `{pool.name}` can't scale from zero, since {why}",
        "write 1 or more, or let AKS make the slices (cluster.gpu_driver: aks, one profile as often as a GPU holds it)",
    )


@pool_rule(
    "MIG-FIXED",
    "error",
    prevents="Pods stay Pending and no node comes: the cluster autoscaler takes nodes without `nvidia.com/gpu` for "
    "unready, and never adds one like them.",
    source=_UNREADY,
    pool=("name", *DEVICES, "nodes"),
)
def several_profiles_never_grow(_: Resolution, pool: PoolView) -> Violations:
    """A pool with several MIG profiles has a fixed number of nodes."""
    nodes = pool.settings.nodes
    if pool.fixed_size and nodes.max > nodes.min:
        # Without a node nothing can be left as it is: such a pool has at least one.
        fewer = f", or max: {nodes.min}" if nodes.min else ""
        profiles = listed(device.kind for device in pool.devices)
        yield Violation(
            f"{pool.path}.nodes.max",
            (
                f"{nodes.max}, but `{pool.name}` stays at {nodes.min}: the slices {profiles} have resource names of "
                "their own, so its nodes offer no `nvidia.com/gpu` and the autoscaler never adds one"
            ),
            f"write min: {nodes.max} too{fewer}; or use one profile, with which a pool can grow",
        )


@placement_rule(
    "MIG-SLICE",
    "error",
    prevents="The pod stays Pending (`Insufficient nvidia.com/mig-…`) or gets another slice than its memory was "
    "calculated for.",
    source="NVIDIA k8s-device-plugin internal/rm/device_map.go",
    model=("slice", "pool"),
    pool=("name", *DEVICES),
)
def slice_offered(_: Resolution, place: ReleaseOnPool) -> Violations:
    """A model names a slice that its pool has; it may leave the slice out where the pool has one kind only."""
    release, pool = place.release, place.pool
    if not pool.devices:
        return
    kinds = [device.kind for device in pool.devices]
    wanted = release.settings.slice
    if not pool.is_mig and wanted is not None:
        yield Violation(
            f"{release.path}.slice", f"`{wanted}`, but pool `{pool.name}` offers whole GPUs", "leave `slice` out"
        )
    elif pool.is_mig and wanted is None and len(kinds) > 1:
        yield Violation(
            f"{release.path}.slice", f"pool `{pool.name}` offers {listed(kinds)}", "add slice: with one of them"
        )
    elif pool.is_mig and wanted is not None and wanted not in kinds:
        yield Violation(
            f"{release.path}.slice",
            f"`{wanted}`, but pool `{pool.name}` offers {listed(kinds)}",
            nearest(wanted, kinds),
        )
