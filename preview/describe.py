"""What each top-level component is, from the Plan: one line for the tree."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from planning import Plan
from planning.plan import ChartPlan, LimiterPlan, ModelPlan, PoolPlan
from preview.formats import TIMES, TO, device, joined, plural, span, span_of

# Resources below each top-level component of one kind, by its logical name.
Counts = Mapping[str, int]


class Leaf(Struct, frozen=True):
    """One line of the tree, with its number of resources where that is not the branch's own count."""

    text: str
    resources: int | None = None


class Description(Struct, frozen=True):
    """How one kind of component is described: the name of its branch, and its lines from the Plan."""

    name: str
    leaves: Callable[[Plan, Counts], tuple[Leaf, ...]]


def pool_cells(pool: PoolPlan) -> tuple[str, ...]:
    """A node pool on one line: name, VM size, nodes and devices."""
    parts = [span_of(pool.min_nodes, pool.max_nodes, "node")]
    parts += [device(name, count) for name, count in pool.offers]
    parts += ["spot"] if pool.spot else []
    parts += [f"zones {', '.join(pool.zones)}"] if pool.zones else []
    parts += ["tainted"] if pool.taints else []
    return pool.name, pool.vm_size, ", ".join(parts)


def model_cells(model: ModelPlan) -> tuple[str, ...]:
    """A model on one line: name, weights, and its replicas by pool."""
    places = [
        f"{span_of(workload.replicas.min, workload.replicas.max, 'replica')} on {workload.pool}"
        for workload in model.workloads
    ]
    weights = [release.model_id.rpartition("/")[2] for release in model.releases]
    how = ", autoscaled" if model.autoscaled else ""
    if model.fallback is not None:
        when = "on failure" if model.fallback.share is None else f"{model.fallback.share} %"
        how += f", {model.fallback.host} {when}"
    return model.name, joined(weights), joined(places) + how


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _chart(chart: ChartPlan) -> str:
    return f"{chart.chart.rpartition('/')[2].partition('@')[0]} {chart.version}"


def _azure(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    return (Leaf(f"subscription {plan.foundation.scope.subscription_id}"),)


def _groups(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    azure = plan.foundation
    return (Leaf(f"{azure.scope.resource_group}, and {azure.model_store.resource_group}, which outlives the stack"),)


def _audit(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    audit = plan.foundation.audit
    if audit is None:
        return ()
    parts = [audit.workspace, f"records kept {plural(audit.retention_days, 'day')}"]
    parts += [f"{audit.daily_gb} GB a day at most"] if audit.daily_gb is not None else []
    parts += [f"containers of {joined(list(audit.container_logs.namespaces))}"] if audit.container_logs else []
    parts += ["Microsoft Defender"] if audit.defender else []
    return (Leaf(", ".join(parts)),)


def _network(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    network = plan.foundation.network
    parts = [
        f"VNet {network.address_space}",
        plural(len(network.subnets), "subnet"),
        "NAT gateway",
        plural(len(network.private_zones), "private zone"),
    ]
    parts += [f"peered with {network.runner.vnet}"] if network.runner else []
    return (Leaf(", ".join(parts)),)


def _identity(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    identity = plan.foundation.identity
    assignments = len(identity.subnets) + 1 + sum(scope is not None for scope in (identity.private_zone, identity.vnet))
    return (Leaf(f"identities of control plane and kubelets, {plural(assignments, 'role assignment')}"),)


def _cluster(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
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


def _pools(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    return tuple(Leaf(text) for text in _aligned([pool_cells(pool) for pool in plan.pools]))


def _vault(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    vault = plan.foundation.vault
    parts = [vault.name, "private endpoint", f"deleted secrets kept {plural(vault.soft_delete_days, 'day')}"]
    parts += ["purge protection"] if vault.purge_protection else []
    parts += [f"{plural(len(vault.bootstrap), 'secret')} written by the first `up`"] if vault.bootstrap else []
    return (Leaf(", ".join(parts)),)


def _keys(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    keys = plan.foundation.keys
    if keys is None:
        return ()
    held = {"etcd": keys.etcd, "disks": keys.disks, "the store of weights": keys.store}
    return (Leaf(f"{joined([what for what, key in held.items() if key is not None])}, with keys of the vault"),)


def _registry(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    registry = plan.foundation.registry
    parts = [registry.name, "private endpoint"]
    parts += ["zone-redundant"] if registry.zone_redundant else []
    parts += (
        [f"caches {joined([cache.source.partition('/')[0] for cache in registry.caches])}"] if registry.caches else []
    )
    return (Leaf(", ".join(parts)),)


def _model_store(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    store = plan.foundation.model_store
    return (Leaf(f"{store.account}/{store.container}, {store.sku}, private endpoint, outlives the stack"),)


def _admission(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    admission = plan.image_admission
    return (
        Leaf(
            f"images of {len(admission.repositories)} repositories alone, "
            f"in {plural(len(admission.namespaces), 'namespace')}"
        ),
    )


def _secrets(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    return (Leaf(f"{_chart(plan.secrets.chart)}, a store each for {joined(list(plan.secrets.stores))}"),)


def _monitoring(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    monitoring = plan.monitoring
    notified = [f"{receiver.name} ({receiver.kind})" for receiver in monitoring.alerting.receivers]
    return (
        Leaf(
            f"{_chart(monitoring.chart)}, metrics kept {plural(monitoring.retention_days, 'day')}, "
            f"{monitoring.storage_gib} GiB {TIMES} {monitoring.replicas}"
        ),
        Leaf(f"alerts go to {joined(notified)}" if notified else "alerts go to nobody"),
    )


def _gpu_operator(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    owner = "the operator" if plan.gpu_operator.installs_driver else "AKS"
    return (Leaf(f"{_chart(plan.gpu_operator.chart)}, driver installed by {owner}"),)


def _autoscaling(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    scaled = [model.name for model in plan.models if model.autoscaled]
    return (Leaf(f"{_chart(plan.autoscaling.chart)}, {plural(len(scaled), 'model')} autoscaled"),)


def _certificates(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    issuer = plan.certificates.issuer
    signed = f", and the gateway's certificate, signed by {issuer.server}" if issuer is not None else ""
    return (Leaf(f"{_chart(plan.certificates.chart)}, for the gateway's webhook{signed}"),)


def _gateway_name(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    name = plan.foundation.gateway_name
    if name is None:
        return ()
    address = name.private_address or (name.public_address.name if name.public_address is not None else "")
    return (Leaf(f"{name.record} in {name.zone}, a {'private' if name.private_zone else 'public'} zone: {address}"),)


def _gateway(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    gateway = plan.gateway
    return (
        Leaf(
            f"https://{gateway.hostname}/v1, {'public' if gateway.public else 'private'}, "
            f"{plural(len(gateway.tenants), 'tenant')}, {span(gateway.min_replicas, gateway.max_replicas)} proxies"
        ),
        Leaf(f"{_chart(gateway.envoy)}, {_chart(gateway.ai)}"),
        *_limiter(gateway.limiter),
    )


def _limiter(plan: LimiterPlan | None) -> tuple[Leaf, ...]:
    if plan is None:
        return ()
    where = "one pod of Redis" if plan.redis is not None else "Azure Managed Redis"
    away = "are refused" if plan.fail_closed else "pass uncounted"
    return (Leaf(f"limits counted in {where}; without it tenants' requests {away}"),)


def _redis(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    redis = plan.foundation.redis
    return () if redis is None else (Leaf(f"{redis.name}, {redis.sku}, private, with a replica"),)


def _serving(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    return (Leaf(f"namespace {plan.serving.namespace}, all traffic denied by default"),)


def _models(plan: Plan, counts: Counts) -> tuple[Leaf, ...]:
    # Each model's component is called after it, with `model-` in front: see __main__.py.
    texts = _aligned([model_cells(model) for model in plan.models])
    each = [Leaf(text, counts.get(f"model-{model.name}")) for text, model in zip(texts, plan.models, strict=True)]
    if len(each) == 1:
        return (Leaf(each[0].text),)
    return (Leaf(f"{plural(len(each), 'model')} in namespace {plan.serving.namespace}"), *each)


def _guard(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    return (
        Leaf("`destroy` is refused before anything is touched" if plan.platform.protect else "`destroy` is allowed"),
    )


# By the last part of the component's type, in the order of the architecture.
DESCRIPTIONS: Mapping[str, Description] = {
    "azure-native": Description("provider", _azure),
    "ResourceGroups": Description("groups", _groups),
    "Audit": Description("audit", _audit),
    "Network": Description("network", _network),
    "ClusterIdentities": Description("identity", _identity),
    "Cluster": Description("cluster", _cluster),
    "NodePools": Description("node pools", _pools),
    "Vault": Description("vault", _vault),
    "Keys": Description("keys", _keys),
    "Registry": Description("registry", _registry),
    "ModelStore": Description("model store", _model_store),
    "GatewayName": Description("gateway name", _gateway_name),
    "ManagedRedis": Description("redis", _redis),
    "ImageAdmission": Description("admission", _admission),
    "Secrets": Description("secrets", _secrets),
    "Monitoring": Description("monitoring", _monitoring),
    "GpuOperator": Description("GPU operator", _gpu_operator),
    "Autoscaling": Description("autoscaling", _autoscaling),
    "Certificates": Description("certificates", _certificates),
    "Gateway": Description("gateway", _gateway),
    "Serving": Description("serving", _serving),
    "Model": Description("models", _models),
    "Guard": Description("guard", _guard),
}
