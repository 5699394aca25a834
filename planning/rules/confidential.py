"""Rules about confidential GPU pools: their driver, and what nobody has confirmed on them."""

from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, pool_rule, stack_rule

_AKS = "https://learn.microsoft.com/azure/aks/use-confidential-gpus"
_OWNER, _SIGNED = "cluster.gpu_driver", "cluster.signed_driver"


@pool_rule(
    "CONF-OWNER",
    "error",
    prevents="Nodes have no GPUs: on confidential machines AKS installs no driver.",
    source=_AKS,
    pool=("vm_size",),
    reads=(_OWNER,),
    needs="aks",
)
def the_operator_owns_the_driver(stack: Resolution, pool: PoolView) -> Violations:
    """On confidential GPU pools the GPU Operator installs the driver."""
    if pool.confidential and stack.settings.cluster.gpu_driver != "operator":
        yield Violation(
            f"{pool.path}.vm_size", f"`{pool.settings.vm_size}` is confidential: AKS installs no driver there",
            f"write {_OWNER}: operator (every GPU pool is then replaced), or choose another size",
        )  # fmt: skip


@pool_rule(
    "CONF-DRIVER",
    "error",
    prevents="Nodes have no GPUs: confidential machines load signed modules alone, and those that the GPU Operator "
    "builds by itself are not signed.",
    source=f"{_AKS}; NVIDIA/gpu-operator controllers/object_controls.go (resolveDriverTag)",
    pool=("vm_size",),
    reads=(_OWNER, _SIGNED),
    needs="aks",
)
def the_driver_is_signed(stack: Resolution, pool: PoolView) -> Violations:
    """A stack with confidential GPU pools names the version of a signed driver."""
    cluster = stack.settings.cluster
    if pool.confidential and cluster.gpu_driver == "operator" and cluster.signed_driver is None:
        yield Violation(
            f"{pool.path}.vm_size",
            f"`{pool.settings.vm_size}` is confidential, and no signed driver is named: no default is known to fit",
            f"write {_SIGNED}: the version of an image VERSION-signed-ubuntu24.04 of nvcr.io/nvidia/driver",
        )


@stack_rule(
    "CONF-SIGNED-UNUSED",
    "error",
    prevents="A driver is chosen for confidential pools that aren't there, or where AKS installs its own.",
    source=_AKS,
    reads=(_SIGNED, _OWNER, "pools"),
    needs="aks",
)
def a_signed_driver_is_for_confidential_pools(stack: Resolution) -> Violations:
    """`cluster.signed_driver` is named only where a pool is confidential."""
    if stack.settings.cluster.signed_driver is not None and not any(pool.confidential for pool in stack.pools):
        yield Violation(_SIGNED, "no pool is confidential", "leave it out")


@pool_rule(
    "CONF-MIXED",
    "error",
    prevents="Ordinary GPU nodes get the driver of confidential ones, which nobody tests there: the GPU Operator has "
    "one driver for the whole cluster.",
    source="NVIDIA GPU Operator api/nvidia/v1/clusterpolicy_types.go (one ClusterPolicy, one driver)",
    pool=("vm_size",),
    reads=("pools",),
    needs="aks",
)
def confidential_pools_are_among_themselves(stack: Resolution, pool: PoolView) -> Violations:
    """In a stack with confidential GPU pools all GPU pools are confidential."""
    if pool.gpu is None or pool.confidential:
        return
    others = [each.name for each in stack.pools if each.confidential]
    if others:
        yield Violation(
            f"{pool.path}.vm_size",
            f"`{pool.settings.vm_size}` is an ordinary size beside the confidential pool `{others[0]}`: both would get "
            "the same driver",
            "choose a confidential size, or give the confidential pools a stack of their own",
        )


@pool_rule(
    "CONF-SHARING",
    "error",
    prevents="The GPU is not confidential, or not there: NVIDIA describes one whole GPU for one confidential machine, "
    "with a limited number of CUDA contexts.",
    source="https://docs.nvidia.com/confidential-computing/release-notes/r550-trd3; of MIG, time-slicing and MPS no "
    "source says that they work",
    pool=("vm_size", "gpu"),
    needs="aks",
)
def confidential_gpus_are_whole(_: Resolution, pool: PoolView) -> Violations:
    """GPUs of confidential pools are neither partitioned nor shared."""
    sharing = pool.settings.gpu.sharing
    if pool.confidential and sharing != "none":
        yield Violation(
            f"{pool.path}.gpu.sharing", f"`{sharing}` on confidential GPUs: nobody has confirmed that it works",
            "write none (a model has a whole GPU)",
        )  # fmt: skip


@pool_rule(
    "CONF-SPOT",
    "warning",
    prevents="The pool stays empty: no source says that Azure offers confidential GPU machines as spot.",
    source=_AKS,
    pool=("vm_size", "capacity"),
    needs="aks",
)
def confidential_pools_are_on_demand(_: Resolution, pool: PoolView) -> Violations:
    """Confidential GPU pools are on demand."""
    if pool.confidential and pool.spot:
        yield Violation(
            f"{pool.path}.capacity", "`spot` with confidential machines: no source says that Azure offers them so",
            "write on-demand",
        )  # fmt: skip
