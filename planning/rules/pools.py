"""Rules about node pools: their VM sizes, who installs the driver, spot, and quota."""

from config.wording import listed, nearest
from planning.money import quota
from planning.placement.release_on_pool import ReleaseOnPool
from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, placement_rule, pool_rule, stack_rule

_OWNERSHIP = "https://learn.microsoft.com/azure/aks/nvidia-gpu-operator"
_SPOT = "https://learn.microsoft.com/azure/aks/spot-node-pool"
_QUOTA = "https://learn.microsoft.com/azure/quotas/per-vm-quota-requests"


@pool_rule(
    "VM-UNKNOWN",
    "error",
    prevents="az aks nodepool add fails: the VM size doesn't exist, or its GPUs, memory and price are unknown.",
    source="catalog/vm_sizes.yaml",
    pool=("vm_size",),
    needs="aks",
)
def size_known(stack: Resolution, pool: PoolView) -> Violations:
    """The catalog has the VM size."""
    if pool.vm is None:
        size = pool.settings.vm_size
        yield Violation(
            f"{pool.path}.vm_size",
            f"VM size `{size}` is not in the catalog",
            nearest(size, stack.catalog.vm_sizes),
        )


@pool_rule(
    "VM-CLASS",
    "error",
    prevents="Model pods stay Pending: `Insufficient nvidia.com/gpu` on nodes without GPUs; or GPU nodes are billed "
    "for work that needs none.",
    source="catalog/vm_sizes.yaml",
    pool=("vm_size", "class"),
    needs="aks",
)
def class_matches_size(_: Resolution, pool: PoolView) -> Violations:
    """Pools of class inference and fine-tuning have GPUs; pools of class background have none."""
    if pool.vm is None:
        return
    if pool.settings.pool_class == "background" and pool.vm.gpu is not None:
        yield Violation(
            f"{pool.path}.vm_size",
            f"`{pool.vm.name}` has GPUs, but {pool.path}.class is `background`",
            "choose a size without GPUs",
        )
    if pool.settings.pool_class != "background" and pool.vm.gpu is None:
        yield Violation(
            f"{pool.path}.vm_size",
            f"`{pool.vm.name}` has no GPU, but {pool.path}.class is `{pool.settings.pool_class}`",
            "choose a size with GPUs, or class `background`",
        )


@pool_rule(
    "VM-UNSUPPORTED",
    "error",
    prevents="The driver isn't installed (`nvidia-smi` fails on the node), or vLLM's image doesn't start: `exec format "
    "error`, `no kernel image is available for execution on the device`.",
    source="vLLM 0.33 wheel: x86-64, compute capability 7.5 and above; NVIDIA GPU Operator",
    pool=("vm_size",),
)
def gpu_supported(stack: Resolution, pool: PoolView) -> Violations:
    """GPU pools have NVIDIA data-centre GPUs on x86-64 machines with the CUDA driver, signed on confidential ones."""
    if pool.vm is None or pool.vm.gpu is None:
        return
    if pool.gpu is None or pool.vm.arch != "amd64" or pool.vm.driver not in ("cuda", "signed"):
        yield Violation(
            f"{pool.path}.vm_size",
            f"`{pool.vm.name}` ({pool.vm.gpu}, {pool.vm.arch}, driver track {pool.vm.driver}) is not supported yet",
            f"choose one of {listed(supported_sizes(stack))}",
        )


def supported_sizes(stack: Resolution) -> list[str]:
    """GPU sizes that inference pools can use."""
    return [
        name
        for name, vm in stack.catalog.vm_sizes.items()
        if vm.gpu is not None and vm.arch == "amd64" and vm.driver == "cuda" and vm.gpu in stack.catalog.gpus
    ]


@pool_rule(
    "DRV-OWNER",
    "error",
    prevents="Nodes have no GPUs or containerd crashes: AKS and the GPU Operator both install the NVIDIA driver, or "
    "neither does.",
    source=_OWNERSHIP,
    pool=("gpu.driver",),
    reads=("cluster.gpu_driver",),
    needs="aks",
)
def one_driver_owner(stack: Resolution, pool: PoolView) -> Violations:
    """All pools have the same driver owner, since the GPU Operator has one ClusterPolicy for the whole cluster."""
    owner, wanted = stack.settings.cluster.gpu_driver, pool.settings.gpu.driver
    if wanted is not None and wanted != owner:
        yield Violation(
            f"{pool.path}.gpu.driver",
            f"`{wanted}`, but cluster.gpu_driver says `{owner}`: one owner for all pools",
            f"write `{owner}`, or change cluster.gpu_driver (every GPU pool is then replaced)",
        )


@pool_rule(
    "SPOT-ROTATION",
    "error",
    prevents="After an update the spot pool stays empty: Azure answers `SkuNotAvailable` or "
    "`OverconstrainedAllocationRequest` for its new nodes.",
    source=_SPOT,
    pool=("capacity", "rotation"),
    needs="aks",
)
def spot_pool_rotates_safely(_: Resolution, pool: PoolView) -> Violations:
    """A spot pool is replaced with `rotation: create-first`."""
    if pool.spot and pool.settings.rotation == "delete-first":
        yield Violation(
            f"{pool.path}.rotation",
            f"`delete-first` deletes spot nodes ({pool.path}.capacity) for which there may be no replacement",
            "write `create-first`",
        )


@placement_rule(
    "SCALE-ZERO",
    "warning",
    prevents="The model's first pod stays Pending for minutes until the autoscaler has brought up a node.",
    source="https://learn.microsoft.com/azure/aks/cluster-autoscaler",
)
def first_node_takes_time(_: Resolution, place: ReleaseOnPool) -> Violations:
    """The pool on which a model always runs keeps at least one node."""
    release, pool = place.release, place.pool
    if release.placed[:1] and release.placed[0][0] is pool and pool.settings.nodes.min == 0:
        yield Violation(
            f"{pool.path}.nodes.min",
            f"0, but `{release.name}` always runs there: an empty pool takes minutes to provision its first node",
            "write 1, or accept the wait",
        )


@stack_rule(
    "POOL-UNUSED",
    "warning",
    prevents="Nodes are billed on which no model runs.",
    source="this stack file",
)
def pool_has_models(stack: Resolution) -> Violations:
    """At least one model runs on every pool of class inference."""
    used = {pool.name for release in stack.releases for pool in release.pools if pool is not None}
    for pool in stack.pools:
        if pool.settings.pool_class == "inference" and pool.name not in used:
            yield Violation(
                f"{pool.path}.name",
                f"no model names the inference pool `{pool.name}`",
                "place a model on it, or remove it",
            )


def _counted(demand: quota.QuotaDemand) -> tuple[str, ...]:
    """The settings that the cores of a quota depend on, including which quota a pool counts against."""
    keys = ("name", "vm_size", "nodes", "capacity")
    return ("quota", *(place for billed in demand.billed_pools for place in billed.places(*keys)))


@stack_rule(
    "QUOTA-CORES",
    "error",
    prevents="Scaling up fails with `QuotaExceeded` or `OperationNotAllowed`: new nodes never come.",
    source=_QUOTA,
    needs="aks",
)
def quota_suffices(stack: Resolution) -> Violations:
    """Every pool at its maximum of nodes stays within the stated quotas, on demand and spot counted separately."""
    for demand in quota.demands(stack).values():
        limit = quota.stated(stack, demand.quota)
        if limit is None or demand.cores <= limit[1]:
            continue
        yield Violation(
            f"quota.{limit[0]}",
            (
                f"{_whose(demand.quota)} need {demand.cores} cores at their largest ({_summands(demand)}) without any "
                f"surge node, the quota is {limit[1]}"
            ),
            f"make the pools smaller, or request {demand.cores} cores from Azure",
            _counted(demand),
        )


@stack_rule(
    "QUOTA-SURGE",
    "warning",
    prevents="az aks nodepool upgrade fails with `QuotaExceeded`, or drains a node before its replacement is ready.",
    source=_QUOTA,
    needs="aks",
)
def surge_inside_quota(stack: Resolution) -> Violations:
    """The stated quotas leave cores for one surge node of any pool while all pools are at their maximum of nodes."""
    for demand in quota.demands(stack).values():
        limit = quota.stated(stack, demand.quota)
        if limit is None or demand.cores > limit[1] or demand.quota == quota.SPOT:
            continue
        left = limit[1] - demand.cores
        short = [billed for billed in demand.billed_pools if billed.vm is not None and billed.vm.vcpu > left]
        if not short:
            continue
        most = max(billed.vm.vcpu for billed in short if billed.vm is not None)
        names = listed(billed.name for billed in short)
        without = (
            "they are upgraded without one, each with one node fewer during the upgrade, and replicas that find no "
            "other place are down until it is back"
            if all(billed.gpu for billed in short)
            else "pools without GPUs can then not be upgraded at their largest"
        )
        yield Violation(
            f"quota.{limit[0]}",
            (
                f"{_whose(demand.quota)} fit at their largest ({demand.cores} of {limit[1]} cores), but not with a "
                f"surge node of {names}, {demand.cores + most} cores in total: {without}"
            ),
            f"request {demand.cores + most} cores from Azure, or make a pool smaller",
            _counted(demand),
        )


def _whose(name: str) -> str:
    label = quota.TOTALS.get(name)
    if label is None:
        return f"the pools of {name}"
    return "all spot pools together" if name == quota.SPOT else "all on-demand pools together"


def _summands(demand: quota.QuotaDemand) -> str:
    return " + ".join(
        f"{billed.name} {billed.max_nodes} × {billed.vm.vcpu}"
        for billed in demand.billed_pools
        if billed.vm is not None and billed.max_nodes
    )


@stack_rule(
    "QUOTA-FAMILY",
    "error",
    prevents="The stated quota is not checked, and scaling up later fails with `QuotaExceeded`.",
    source="catalog/vm_sizes.yaml",
    reads=("quota",),
    needs="aks",
)
def quota_family_known(stack: Resolution) -> Violations:
    """Quotas have the names that `az vm list-usage` shows."""
    known = {vm.quota_family for vm in stack.catalog.vm_sizes.values() if vm.quota_family is not None}
    known |= {*quota.TOTALS, *quota.TOTALS.values()}
    for family in stack.settings.quota:
        if family not in known:
            yield Violation(
                f"quota.{family}",
                f"VM family `{family}` is not in the catalog",
                nearest(family, known),
                (f"quota.{family}",),
            )
