"""Rules about what runs on the system nodes beside AKS: gateway, monitoring and operators fit there, as models do."""

from config.base import Range
from planning.placement.system_capacity import SystemCapacity, system_capacity
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_READS = (
    "cluster.system_pool",
    "cluster.max_pods",
    "cluster.storage_drivers",
    "gateway.replicas",
    "observability.replicas",
    "observability.audit",
    "platform.environment",
    "security.azure_policy",
)
_FIGURES = "catalog/system_pods.yaml; https://learn.microsoft.com/azure/aks/node-resource-reservations"
_MIB_PER_GIB = 1024


@stack_rule(
    "SYS-FIT",
    "error",
    prevents="Proxies, Prometheus or an operator stay Pending for ever: `Insufficient cpu`, and the autoscaler has no "
    "further node to add.",
    source=_FIGURES,
    reads=_READS,
    needs="aks",
)
def everything_fits(stack: Resolution) -> Violations:
    """At the most nodes, the system pool holds AKS' own pods, those of every chart and the most proxies."""
    capacity, pool = system_capacity(stack), stack.settings.cluster.system_pool
    if capacity is not None and not capacity.fits_most:
        yield Violation(
            "cluster.system_pool.nodes.max",
            f"{pool.nodes.max} nodes of {pool.vm_size}: {_most(capacity, stack.settings.gateway.replicas)}; "
            f"{_offered(capacity)}",
            "write more nodes, a larger vm_size, or fewer proxies at most (gateway.replicas.max)",
        )


@stack_rule(
    "SYS-FEWEST",
    "warning",
    prevents="The platform comes up only when the autoscaler has added nodes, and costs more than its lowest cost.",
    source=_FIGURES,
    reads=_READS,
    needs="aks",
)
def fewest_nodes_suffice(stack: Resolution) -> Violations:
    """At the fewest nodes, the system pool holds everything that always runs: the fewest proxies included."""
    capacity, pool = system_capacity(stack), stack.settings.cluster.system_pool
    if capacity is not None and capacity.fits_most and not capacity.fits_fewest:
        yield Violation(
            "cluster.system_pool.nodes.min",
            f"{pool.nodes.min} of {pool.vm_size}: {_fewest(capacity, stack.settings.gateway.replicas)}; "
            f"{_offered(capacity)}",
            "write more nodes or a larger vm_size",
        )


@stack_rule(
    "SYS-SPARE",
    "warning",
    prevents="A node or zone fails, and gateway or alerting wait for minutes for a new node, if one can be had.",
    source=_FIGURES,
    reads=_READS,
    needs="aks",
)
def one_node_may_fail(stack: Resolution) -> Violations:
    """With one node of the system pool away, or one zone where zones are named, what always runs still fits."""
    capacity, pool = system_capacity(stack), stack.settings.cluster.system_pool
    if capacity is not None and capacity.fits_fewest and not capacity.fits_reduced:
        away = "a zone" if pool.zones else "a node"
        yield Violation(
            "cluster.system_pool.nodes.min",
            f"{pool.nodes.min} of {pool.vm_size}: with {away} away {capacity.reduced_nodes} are left, and "
            f"{_fewest(capacity, stack.settings.gateway.replicas)}; {_offered(capacity)}",
            "write more nodes or a larger vm_size",
        )


def _fewest(capacity: SystemCapacity, proxies: Range) -> str:
    return _requested(capacity.fewest_cpu_millicores, capacity.fewest_memory_mib, proxies.min)


def _most(capacity: SystemCapacity, proxies: Range) -> str:
    return _requested(capacity.most_cpu_millicores, capacity.most_memory_mib, proxies.max)


def _requested(cpu: int, memory: int, proxies: int) -> str:
    return (
        f"AKS, the charts and {proxies} proxies request {cpu / 1000:.1f} cores and {memory / _MIB_PER_GIB:.1f} GiB, "
        "which does not fit"
    )


def _offered(capacity: SystemCapacity) -> str:
    return (
        f"each node has room for {capacity.node_cpu_millicores / 1000:.1f} cores, "
        f"{capacity.node_memory_mib / _MIB_PER_GIB:.1f} GiB and {capacity.node_pods} pods of these"
    )
