"""Rules about node pools: their machines, who owns the driver, spot, and quota."""

from collections.abc import Iterator

from planning.money import quota
from planning.resolving.resolution import Resolution
from planning.rules.register import Problem, rule
from planning.rules.words import listed, nearest

_OWNERSHIP = "https://learn.microsoft.com/azure/aks/nvidia-gpu-operator"
_SPOT = "https://learn.microsoft.com/azure/aks/spot-node-pool"
_QUOTA = "https://learn.microsoft.com/azure/quotas/per-vm-quota-requests"


@rule("VM-UNKNOWN", "error", prevents="a plan about a machine that nobody knows", source="catalog/vm_sizes.yaml")
def size_known(stack: Resolution) -> Iterator[Problem]:
    """The VM size must be on file."""
    for pool in stack.pools:
        if pool.vm is None:
            size = pool.settings.vm_size
            yield f"{pool.path}.vm_size", f"VM size `{size}` is not on file", nearest(size, stack.catalog.vm_sizes)


@rule(
    "VM-CLASS",
    "error",
    prevents="a GPU pool without GPUs, or GPUs idling in a pool for other work",
    source="catalog/vm_sizes.yaml",
)
def class_matches_size(stack: Resolution) -> Iterator[Problem]:
    """Inference and fine-tuning pools have GPUs; background pools have none."""
    for pool in stack.pools:
        if pool.vm is None:
            continue
        if pool.settings.workload == "background" and pool.vm.gpu is not None:
            yield (
                f"{pool.path}.vm_size",
                f"`{pool.vm.name}` has GPUs, but {pool.path}.class is `background`",
                "choose a size without GPUs",
            )
        if pool.settings.workload != "background" and pool.vm.gpu is None:
            yield (
                f"{pool.path}.vm_size",
                f"`{pool.vm.name}` has no GPU, but {pool.path}.class is `{pool.settings.workload}`",
                "choose a size with GPUs, or class `background`",
            )


@rule(
    "VM-UNSUPPORTED",
    "error",
    prevents="a GPU that neither the NVIDIA driver nor vLLM's image runs on",
    source="vLLM 0.33 wheel: x86-64, compute capability 7.5 and above; NVIDIA GPU Operator",
)
def gpu_runs_here(stack: Resolution) -> Iterator[Problem]:
    """GPU pools are NVIDIA data-centre cards on x86-64 with the plain CUDA driver."""
    for pool in stack.pools:
        if pool.vm is None or pool.vm.gpu is None:
            continue
        if pool.gpu is None or pool.gpu.vendor != "nvidia" or pool.vm.arch != "amd64" or pool.vm.driver != "cuda":
            yield (
                f"{pool.path}.vm_size",
                f"`{pool.vm.name}` ({pool.vm.gpu}, {pool.vm.arch}, driver track {pool.vm.driver}) is not supported yet",
                f"choose one of {listed(supported_sizes(stack))}",
            )


def supported_sizes(stack: Resolution) -> list[str]:
    """GPU sizes that inference pools can use."""
    return [
        name
        for name, vm in stack.catalog.vm_sizes.items()
        if vm.gpu is not None
        and vm.arch == "amd64"
        and vm.driver == "cuda"
        and (gpu := stack.catalog.gpus.get(vm.gpu)) is not None
        and gpu.vendor == "nvidia"
    ]


@rule(
    "DRV-OWNER",
    "error",
    prevents="nodes without GPUs or with a dead containerd, because two parties install the driver",
    source=_OWNERSHIP,
)
def one_driver_owner(stack: Resolution) -> Iterator[Problem]:
    """The driver has one owner in the whole cluster, since the GPU Operator has one ClusterPolicy."""
    owner = stack.settings.cluster.gpu_driver
    for pool in stack.pools:
        wanted = pool.settings.gpu.driver
        if wanted is not None and wanted != owner:
            yield (
                f"{pool.path}.gpu.driver",
                f"`{wanted}`, but cluster.gpu_driver says `{owner}`: one owner for all pools",
                f"write `{owner}`, or change cluster.gpu_driver (every GPU pool is then replaced)",
            )


@rule("SPOT-ROTATION", "error", prevents="a spot pool that can't come back", source=_SPOT)
def spot_pool_sound(stack: Resolution) -> Iterator[Problem]:
    """A spot pool that is deleted first may find no capacity again."""
    for pool in stack.pools:
        if pool.spot and pool.settings.rotation == "delete-first":
            yield (
                f"{pool.path}.rotation",
                f"`delete-first` gives up spot nodes ({pool.path}.capacity) that may not come back",
                "write `create-first`",
            )


@rule(
    "SCALE-ZERO",
    "warning",
    prevents="a pool that waits minutes for its first node",
    source="https://learn.microsoft.com/azure/aks/cluster-autoscaler",
)
def first_node_takes_time(stack: Resolution) -> Iterator[Problem]:
    """Where the floor of a model lies on a pool that starts at zero, its first request waits for a node."""
    for model in stack.releases:
        for pool, _ in model.placed[:1]:
            if pool.settings.nodes.min == 0:
                yield (
                    f"{pool.path}.nodes.min",
                    f"0, though `{model.name}` always runs there: an empty pool takes minutes to its first node",
                    "write 1, or accept the wait",
                )


@rule("POOL-UNUSED", "warning", prevents="paying for nodes that no model is placed on", source="this stack file")
def pool_has_models(stack: Resolution) -> Iterator[Problem]:
    """An inference pool without a model serves nothing."""
    used = {pool.name for model in stack.releases for pool in model.pools if pool is not None}
    for pool in stack.pools:
        if pool.settings.workload == "inference" and pool.name not in used:
            yield (
                f"{pool.path}.name",
                f"no model names the inference pool `{pool.name}`",
                "place a model on it, or remove it",
            )


@rule("QUOTA-CORES", "error", prevents="nodes that Azure refuses with QuotaExceeded", source=_QUOTA)
def quota_suffices(stack: Resolution) -> Iterator[Problem]:
    """Where a quota is stated, the pools at their largest stay inside it; on demand and spot are counted apart."""
    for demand in quota.demands(stack).values():
        limit = quota.stated(stack, demand.quota)
        if limit is None or demand.cores <= limit[1]:
            continue
        yield (
            f"quota.{limit[0]}",
            (
                f"{_whose(demand.quota)} need {demand.cores} cores at their largest ({_summands(demand)}) before any "
                f"surge node, the quota is {limit[1]}"
            ),
            f"make the pools smaller, or ask Azure for {demand.cores} cores",
        )


@rule("QUOTA-SURGE", "warning", prevents="an upgrade that runs short of nodes, or fails for want of one", source=_QUOTA)
def surge_inside_quota(stack: Resolution) -> Iterator[Problem]:
    """Where a quota is stated, it holds a surge node of each pool on top of the pools at their largest."""
    for demand in quota.demands(stack).values():
        limit = quota.stated(stack, demand.quota)
        if limit is None or demand.cores > limit[1] or demand.quota == quota.SPOT:
            continue
        left = limit[1] - demand.cores
        short = [one for one in demand.billed_pools if one.vm is not None and one.vm.vcpu > left]
        if not short:
            continue
        most = max(one.vm.vcpu for one in short if one.vm is not None)
        names = listed(one.name for one in short)
        without = (
            "they are upgraded without one, each with a node fewer meanwhile"
            if all(one.gpu for one in short)
            else "pools without GPUs can then not be upgraded at their largest"
        )
        yield (
            f"quota.{limit[0]}",
            (
                f"{_whose(demand.quota)} fit at their largest ({demand.cores} of {limit[1]} cores), but not with a "
                f"surge node of {names}, {demand.cores + most} in all: {without}"
            ),
            f"ask Azure for {demand.cores + most} cores, or make a pool smaller",
        )


def _whose(name: str) -> str:
    label = quota.TOTALS.get(name)
    if label is None:
        return f"the pools of {name}"
    return "all spot pools together" if name == quota.SPOT else "all on-demand pools together"


def _summands(demand: quota.QuotaDemand) -> str:
    return " + ".join(
        f"{one.name} {one.max_nodes} × {one.vm.vcpu}"
        for one in demand.billed_pools
        if one.vm is not None and one.max_nodes
    )


@rule(
    "QUOTA-FAMILY",
    "error",
    prevents="a quota that is never compared with anything because its family is misspelt",
    source="catalog/vm_sizes.yaml",
)
def quota_family_known(stack: Resolution) -> Iterator[Problem]:
    """Quotas are named as `az vm list-usage` names them."""
    known = {vm.quota_family for vm in stack.catalog.vm_sizes.values() if vm.quota_family is not None}
    known |= {*quota.TOTALS, *quota.TOTALS.values()}
    for family in stack.settings.quota:
        if family not in known:
            yield f"quota.{family}", f"VM family `{family}` is not on file", nearest(family, known)
