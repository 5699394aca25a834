"""Rules about MIG: profiles that exist, layouts that pack, and pools that the autoscaler can grow."""

from collections.abc import Iterator

from planning.gpus import mig
from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution
from planning.rules.pools import supported_sizes
from planning.rules.register import Problem, rule
from planning.rules.words import listed, nearest

_GUIDE = "https://docs.nvidia.com/datacenter/tesla/mig-user-guide/"


def _layouts(pool: PoolView) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every layout that the stack file writes for a pool, with its place."""
    gpu = pool.settings.gpu
    if gpu.layout:
        yield f"{pool.path}.gpu.layout", gpu.layout
    for index, layout in enumerate(gpu.layouts):
        yield f"{pool.path}.gpu.layouts[{index}]", layout


@rule("MIG-GPU", "error", prevents="a node that waits for slices its GPU can't make", source=_GUIDE)
def gpu_has_mig(stack: Resolution) -> Iterator[Problem]:
    """Only some GPUs can be sliced."""
    for pool in stack.pools:
        if pool.is_mig and pool.gpu is not None and pool.gpu.name not in stack.catalog.mig:
            able = [name for name in supported_sizes(stack) if stack.catalog.vm_sizes[name].gpu in stack.catalog.mig]
            yield (
                f"{pool.path}.gpu.sharing",
                f"`mig`, but {pool.gpu.name} of {pool.settings.vm_size} has no MIG",
                f"write sharing: none, or choose one of {listed(able)}",
            )


@rule(
    "MIG-PROFILE", "error", prevents="MIG manager state `failed`: the profile doesn't exist on that GPU", source=_GUIDE
)
def profiles_exist(stack: Resolution) -> Iterator[Problem]:
    """Every profile of a layout is one of the pool's GPU."""
    for pool in stack.pools:
        geometry = stack.catalog.mig.get(pool.gpu.name) if pool.gpu else None
        if geometry is None or not pool.is_mig:
            continue
        for path, layout in _layouts(pool):
            for index, name in enumerate(layout):
                if name not in geometry.profiles:
                    yield (
                        f"{path}[{index}]",
                        f"`{name}` is not a profile of {geometry.name}; profiles: {listed(geometry.profiles)}",
                        nearest(name, geometry.profiles),
                    )


@rule(
    "MIG-LAYOUTS",
    "error",
    prevents="GPUs that nobody cuts, or layouts for GPUs that aren't there",
    source="NVIDIA mig-parted api/spec/v1",
)
def one_layout_per_gpu(stack: Resolution) -> Iterator[Problem]:
    """Where GPUs differ, each of a node's GPUs has its layout."""
    for pool in stack.pools:
        given = len(pool.settings.gpu.layouts)
        if pool.vm is not None and pool.gpu is not None and given and given != pool.vm.gpu_count:
            yield (
                f"{pool.path}.gpu.layouts",
                f"{given} layouts; a {pool.vm.name} has {pool.vm.gpu_count} GPUs",
                f"write {pool.vm.gpu_count} layouts, or one `layout` for every GPU",
            )


@rule(
    "MIG-PACKING",
    "error",
    prevents="MIG manager state `failed`: no order of creation puts the slices on one GPU",
    source="NVIDIA mig-parted pkg/mig/config/config.go",
)
def layout_packs(stack: Resolution) -> Iterator[Problem]:
    """The layout of one GPU must fit its memory slots."""
    for pool in stack.pools:
        geometry = stack.catalog.mig.get(pool.gpu.name) if pool.gpu else None
        if geometry is None or not pool.is_mig:
            continue
        for path, layout in _layouts(pool):
            if any(name not in geometry.profiles for name in layout) or mig.packing(geometry, layout) is not None:
                continue
            limits = ", ".join(f"at most {geometry.profiles[name].max} of {name}" for name in dict.fromkeys(layout))
            slots = sum(geometry.profiles[name].size for name in layout)
            yield (
                path,
                (
                    f"[{', '.join(layout)}] doesn't fit on one {geometry.name}: it takes {slots} of {geometry.slots} "
                    f"memory slots, where slices start at fixed slots only; {limits}"
                ),
                "choose fewer or smaller slices; the layout is per GPU",
            )


@rule(
    "MIG-UNSUPPORTED",
    "error",
    prevents="media-engine slices whose resource names older device plugins don't have",
    source="NVIDIA k8s-device-plugin v0.20.0",
)
def plain_profiles(stack: Resolution) -> Iterator[Problem]:
    """VLLM needs no media engines; profiles with attributes would only take them from others."""
    for pool in stack.pools:
        for path, layout in _layouts(pool):
            for index, name in enumerate(layout):
                if "+" in name or name.endswith("-me"):
                    yield (
                        f"{path}[{index}]",
                        f"`{name}` reserves or drops media engines, which no model here uses",
                        f"write `{name.split('+')[0].removesuffix('-me')}`",
                    )


@rule(
    "MIG-SCALE-ZERO",
    "error",
    prevents="pods Pending for ever: the autoscaler can't know the slices of a node that doesn't exist",
    source="Azure/AKS#4216, #5161; kubernetes/autoscaler#8095",
)
def mig_pool_never_empty(stack: Resolution) -> Iterator[Problem]:
    """Resources named after slices are learnt from a running node."""
    for pool in stack.pools:
        if pool.is_mig and pool.settings.nodes.min == 0:
            yield f"{pool.path}.nodes.min", "0: a pool of MIG slices can't scale from zero", "write 1 or more"


@rule(
    "MIG-SLICE",
    "error",
    prevents="pods that ask for a slice nobody offers",
    source="NVIDIA k8s-device-plugin internal/rm/device_map.go",
)
def slice_offered(stack: Resolution) -> Iterator[Problem]:
    """A model names one of its pool's slices; it may leave that out where there is one kind only."""
    for model in stack.releases:
        for pool in model.pools:
            if pool is None or not pool.devices:
                continue
            kinds = [device.kind for device in pool.devices]
            wanted = model.settings.slice
            if not pool.is_mig and wanted is not None:
                yield (
                    f"{model.path}.slice",
                    f"`{wanted}`, but pool `{pool.name}` offers whole GPUs",
                    "leave `slice` out",
                )
            elif pool.is_mig and wanted is None and len(kinds) > 1:
                yield f"{model.path}.slice", f"pool `{pool.name}` offers {listed(kinds)}", "add slice: with one of them"
            elif pool.is_mig and wanted is not None and wanted not in kinds:
                yield (
                    f"{model.path}.slice",
                    f"`{wanted}`, but pool `{pool.name}` offers {listed(kinds)}",
                    nearest(wanted, kinds),
                )
