"""Plans how nodes are hardened; never so that a GPU is left without its driver."""

from planning.plan import NodeSecurityPlan
from planning.resolving.resolution import ResolvedStack


def node_security(stack: ResolvedStack, vm_size: str) -> NodeSecurityPlan:
    """Plan what the nodes of a VM size have of what the stack file wants.

    Secure Boot loads signed kernel modules only. AKS demands that it installs no GPU driver then, and the modules that
    the GPU Operator builds on the node are not signed: nodes with GPUs have the virtual TPM alone.
    """
    wanted, size = stack.settings.security.nodes, stack.catalog.vm_sizes[vm_size]
    trusted = wanted.trusted_launch and vm_size not in stack.catalog.azure.trusted_launch.without
    return NodeSecurityPlan(
        encryption_at_host=wanted.encryption_at_host,
        virtual_tpm=trusted,
        secure_boot=trusted and size.gpu is None,
        ssh=wanted.ssh == "enabled",
    )


def fixed(security: NodeSecurityPlan) -> dict[str, object]:
    """The part of a pool's revision that follows from it, as the table of AKS' immutable fields names it.

    False stands for what pools of earlier versions have: they keep their revision.
    """
    launch = (security.virtual_tpm, security.secure_boot, not security.ssh)
    return {"encryption_at_host": security.encryption_at_host, "node_security": any(launch) and launch}
