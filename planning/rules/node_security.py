"""Rules about the hardening of nodes: what production lacks, and sizes that can't have what the stack file wants."""

from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, pool_rule, stack_rule

_NODES = "security.nodes"
_AGAIN = "every pool is made again, the new nodes first: within quota"


@stack_rule(
    "NODE-HARDENED",
    "warning",
    prevents="Weights and prompts lie unencrypted on local disks and caches, a changed boot loader starts, or whoever "
    "has a key signs in to nodes by SSH.",
    source="CIS Azure Kubernetes Service Benchmark; https://learn.microsoft.com/azure/aks/enable-host-encryption, "
    "https://learn.microsoft.com/azure/aks/use-trusted-launch",
    reads=(_NODES, "platform.environment"),
    needs="aks",
)
def production_nodes_are_hardened(stack: Resolution) -> Violations:
    """In production nodes are encrypted at the host, started by Trusted Launch, and have no SSH server."""
    if not stack.settings.platform.is_production:
        return
    nodes = stack.settings.security.nodes
    lacking = {
        "encryption_at_host": (
            not nodes.encryption_at_host,
            "caches and local disks of nodes are not encrypted",
            "true",
        ),
        "trusted_launch": (not nodes.trusted_launch, "nodes start whatever is on their disk", "true"),
        "ssh": (nodes.ssh == "enabled", "nodes have an SSH server", "disabled"),
    }
    for key, (lacks, what, value) in lacking.items():
        if lacks:
            path = f"{_NODES}.{key}"
            yield Violation(
                path, f"this is production: {what}", f"write {value} ({_AGAIN})", (path, "platform.environment")
            )


@pool_rule(
    "NODE-TRUSTED",
    "info",
    prevents="A virtual TPM is taken for granted on nodes that have none.",
    source="https://learn.microsoft.com/azure/virtual-machines/trusted-launch",
    reads=(f"{_NODES}.trusted_launch",),
    pool=("vm_size",),
    needs="aks",
)
def sizes_have_trusted_launch(stack: Resolution, pool: PoolView) -> Violations:
    """Where the stack file wants Trusted Launch, the pool's VM size has it."""
    size = pool.settings.vm_size
    if stack.settings.security.nodes.trusted_launch and size in stack.catalog.azure.trusted_launch.without:
        yield Violation(
            f"{pool.path}.vm_size", f"`{size}` has no Trusted Launch: its nodes start without a virtual TPM",
            "nothing, or choose another size",
        )  # fmt: skip
