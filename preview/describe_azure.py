"""What each component of the foundation on Azure is, from the Plan."""

from planning import Plan
from preview.formats import TIMES, TO, joined, plural, span_of
from preview.leaves import Counts, Leaf


def azure(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """The provider of everything in Azure."""
    return (Leaf(f"subscription {plan.foundation.scope.subscription_id}"),)


def groups(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """Resource groups."""
    azure = plan.foundation
    return (Leaf(f"{azure.scope.resource_group}, and {azure.model_store.resource_group}, which outlives the stack"),)


def audit(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """What is recorded."""
    audit = plan.foundation.audit
    if audit is None:
        return ()
    parts = [audit.workspace, f"records kept {plural(audit.retention_days, 'day')}"]
    parts += [f"{audit.daily_gb} GB a day at most"] if audit.daily_gb is not None else []
    parts += [f"containers of {joined(list(audit.container_logs.namespaces))}"] if audit.container_logs else []
    parts += ["Microsoft Defender"] if audit.defender else []
    return (Leaf(", ".join(parts)),)


def network(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """The virtual network."""
    network = plan.foundation.network
    parts = [
        f"VNet {network.address_space}",
        plural(len(network.subnets), "subnet"),
        "NAT gateway",
        plural(len(network.private_zones), "private zone"),
    ]
    parts += [f"peered with {network.runner.vnet}"] if network.runner else []
    return (Leaf(", ".join(parts)),)


def identity(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """Identities of the cluster itself."""
    identity = plan.foundation.identity
    assignments = len(identity.subnets) + 1 + sum(scope is not None for scope in (identity.private_zone, identity.vnet))
    return (Leaf(f"identities of control plane and kubelets, {plural(assignments, 'role assignment')}"),)


def cluster(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """AKS, its system pool and the pool that it requires."""
    cluster = plan.foundation.cluster
    reach = "private API" if cluster.private else f"API restricted to {plural(len(cluster.authorized_ranges), 'range')}"
    system, first = plan.foundation.system_pool.pool, cluster.first_pool
    return (
        Leaf(f"AKS {cluster.kubernetes} {cluster.tier}, {reach}, Entra RBAC, workload identity"),
        Leaf(f"{system.name}  {system.vm_size}  {span_of(system.min_nodes, system.max_nodes, 'node')}"),
        _system_load(plan),
        Leaf(f"{first.name}  {first.vm_size}  {plural(first.nodes, 'node')}, which AKS requires"),
    )


def _system_load(plan: Plan) -> Leaf:
    load = plan.system_load
    cpu = (f"{millicores / 1000:.1f}" for millicores in (load.min_cpu_millicores, load.max_cpu_millicores))
    memory = (f"{mib / 1024:.1f}" for mib in (load.min_memory_mib, load.max_memory_mib))
    offered = f"{plural(load.min_nodes, 'node')} of {load.node_cpu_millicores / 1000:.1f}"
    spare = "one may be away" if load.spare else "none may be away"
    return Leaf(
        f"        requested {TO.join(dict.fromkeys(cpu))} cores, {TO.join(dict.fromkeys(memory))} GiB; "
        f"{offered} cores, {load.node_memory_mib / 1024:.1f} GiB; {spare}"
    )


def vault(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """The key vault."""
    vault = plan.foundation.vault
    parts = [vault.name, "private endpoint", f"deleted secrets kept {plural(vault.soft_delete_days, 'day')}"]
    parts += ["purge protection"] if vault.purge_protection else []
    parts += [f"{plural(len(vault.bootstrap), 'secret')} written by the first `up`"] if vault.bootstrap else []
    return (Leaf(", ".join(parts)),)


def keys(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """Keys of the vault for what is at rest."""
    keys = plan.foundation.keys
    if keys is None:
        return ()
    held = {"etcd": keys.etcd, "disks": keys.disks, "the store of weights": keys.store}
    return (Leaf(f"{joined([what for what, key in held.items() if key is not None])}, with keys of the vault"),)


def registry(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """The container registry."""
    registry = plan.foundation.registry
    parts = [registry.name, "private endpoint"]
    parts += ["zone-redundant"] if registry.zone_redundant else []
    parts += (
        [f"caches {joined([cache.source.partition('/')[0] for cache in registry.caches])}"] if registry.caches else []
    )
    return (Leaf(", ".join(parts)),)


def model_store(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """The store of weights."""
    store = plan.foundation.model_store
    return (Leaf(f"{store.account}/{store.container}, {store.sku}, private endpoint, outlives the stack"),)


def usage_records(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """The files with each day's usage."""
    usage = plan.foundation.usage_records
    if usage is None:
        return ()
    readers = f", read by {plural(len(usage.readers), 'group')}" if usage.readers else ""
    kept = f"{usage.account}/{usage.container}, unchangeable for {plural(usage.keep_days, 'day')}"
    return (Leaf(f"{kept}{readers}, outlives the stack"),)


def metrics_workspace(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """The Azure Monitor workspace."""
    monitor = plan.foundation.monitor
    if monitor is None:
        return ()
    parts = [f"{monitor.workspace}, samples of Prometheus kept {monitor.kept_months} months"]
    if monitor.actions is not None:
        notified = len(monitor.actions.emails) + len(monitor.actions.others)
        parts += [f"rules evaluated there, {plural(notified, 'receiver')}"]
    return (
        Leaf(", ".join(parts)),
        Leaf("price unknown: each sample is paid for, and the catalog has no price of one"),
    )


def managed_grafana(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """Azure Managed Grafana."""
    monitor = plan.foundation.monitor
    if monitor is None or monitor.grafana is None:
        return ()
    grafana = monitor.grafana
    parts = [f"{grafana.name}, Azure Managed Grafana Standard in {grafana.region}"]
    parts += ["zone-redundant"] if grafana.zone_redundant else []
    parts += [f"{plural(len(grafana.admins), 'group')} of admins", "price unknown"]
    return (Leaf(", ".join(parts)),)


def api_management(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """API Management in front."""
    front = plan.foundation.api_management
    if front is None:
        return ()
    reach = "private" if front.internal else "public"
    parts = [f"{front.name}, {front.sku} {TIMES} {front.units}", reach, plural(len(front.products), "product")]
    parts += ["tokens of Entra"] if front.audience is not None else []
    return (Leaf(", ".join(parts)),)


def azure_access(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """Roles of people in Azure."""
    access = plan.foundation.access
    if access is None:
        return ()
    parts = [f"{plural(len(access.sign_in), 'group')} may fetch the kubeconfig"]
    parts += [f"{plural(len(access.publish), 'group')} may upload weights"] if access.publish else []
    return (Leaf(", ".join(parts)),)


def gateway_name(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """The gateway's name in DNS."""
    name = plan.foundation.gateway_name
    if name is None:
        return ()
    address = name.private_address or (name.public_address.name if name.public_address is not None else "")
    return (Leaf(f"{name.record} in {name.zone}, a {'private' if name.private_zone else 'public'} zone: {address}"),)


def redis(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """Azure Managed Redis."""
    redis = plan.foundation.redis
    return () if redis is None else (Leaf(f"{redis.name}, {redis.sku}, private, with a replica"),)


def content_safety(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    """The account that judges prompts and answers."""
    account = plan.foundation.content_safety
    return () if account is None else (Leaf(f"{account.account}, Azure AI Content Safety, private endpoint, no keys"),)
