"""What each top-level component is, from the Plan: one line for the tree."""

from collections.abc import Mapping, Sequence

from planning import Plan
from planning.plan import ChartPlan, GatewayPlan, LimiterPlan, ModelPlan, PoolPlan, ReceiverPlan
from preview import describe_azure as azure
from preview.formats import TIMES, device, joined, plural, span, span_of
from preview.leaves import Counts, Description, Leaf


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


def _pools(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    return tuple(Leaf(text) for text in _aligned([pool_cells(pool) for pool in plan.pools]))


def _admission(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    admission = plan.image_admission
    return (
        Leaf(
            f"images of {len(admission.repositories)} repositories alone, "
            f"in {plural(len(admission.namespaces), 'namespace')}"
        ),
    )


def _access(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    access = plan.access
    if access is None:
        return ()
    roles = {"operator": access.operators, "model publisher": access.publishers, "viewer": access.viewers}
    held = [f"{plural(len(groups), 'group')} as {role}" for role, groups in roles.items() if groups]
    return (Leaf(f"{joined(held)}; Secrets for administrators alone"),)


def _secrets(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    return (Leaf(f"{_chart(plan.secrets.chart)}, a store each for {joined(list(plan.secrets.stores))}"),)


def _dashboards(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    return (Leaf(f"in Grafana's folder {plan.dashboards.folder}, beside those of {_chart(plan.monitoring.chart)}"),)


def _monitoring(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    monitoring = plan.monitoring
    receivers = monitoring.alerting.receivers
    notified = [_notified(receiver) for receiver in receivers if receiver.minutes is None]
    called = [f"{beat.name} every {plural(beat.minutes, 'minute')}" for beat in receivers if beat.minutes]
    return (
        Leaf(
            f"{_chart(monitoring.chart)}, metrics kept {plural(monitoring.retention_days, 'day')}, "
            f"{monitoring.storage_gib} GiB {TIMES} {monitoring.replicas}"
        ),
        Leaf(f"alerts go to {joined(notified)}" if notified else "alerts go to nobody"),
        *([Leaf(f"as long as alerting works it calls {joined(called)}")] if called else []),
        *((Leaf("usage by tenant and model exported every day"),) if monitoring.usage_export is not None else ()),
    )


def _notified(receiver: ReceiverPlan) -> str:
    """A receiver with its kind, and whose alerts it gets where not everybody's."""
    return f"{receiver.name} ({', '.join((receiver.kind, *receiver.owners))})"


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


def _gateway(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    gateway = plan.gateway
    return (
        Leaf(
            f"https://{gateway.hostname}/v1, {'public' if gateway.public else 'private'}, "
            f"{plural(len(gateway.tenants), 'tenant')}, {span(gateway.min_replicas, gateway.max_replicas)} proxies"
        ),
        Leaf(f"{_chart(gateway.envoy)}, {_chart(gateway.ai)}"),
        *_tokens(gateway),
        *_limiter(gateway.limiter),
    )


def _tokens(plan: GatewayPlan) -> tuple[Leaf, ...]:
    if plan.tokens is None:
        return ()
    callers = sum(bool(tenant.identities) for tenant in plan.tenants)
    keys = "API keys on 443" if any(tenant.keys for tenant in plan.tenants) else "no API keys"
    return (Leaf(f"tokens from {plan.tokens.host} on {plan.tokens.port}, for {plural(callers, 'tenant')}; {keys}"),)


def _limiter(plan: LimiterPlan | None) -> tuple[Leaf, ...]:
    if plan is None:
        return ()
    where = "one pod of Redis" if plan.redis is not None else "Azure Managed Redis"
    away = "are refused" if plan.fail_closed else "pass uncounted"
    return (Leaf(f"limits counted in {where}; without it tenants' requests {away}"),)


def _serving(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    return (Leaf(f"namespace {plan.serving.namespace}, all traffic denied by default"),)


def _safety(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    safety = plan.safety
    if safety is None:
        return ()
    without = "pass unjudged" if safety.open else "are answered 503"
    first = f"{plural(safety.replicas, 'processor')} in the way of all requests, which {without} while there is none"
    return (Leaf(first), *(Leaf(policy) for policy in safety.policies))


def _telemetry(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    telemetry = plan.telemetry
    if telemetry is None:
        return ()
    disk = telemetry.store.storage_gib if telemetry.store is not None else None
    kept = f"{telemetry.sampling * 100:g} % of traces, kept {telemetry.retention}"
    prompts = joined(list(telemetry.recorded_tenants))
    return (
        Leaf(kept + (f", on {disk} GiB (the price of the disk is unknown)" if disk is not None else "")),
        Leaf(f"with prompts and answers of {prompts}" if prompts else "without prompts and answers"),
    )


def _logs(plan: Plan, _: Counts) -> tuple[Leaf, ...]:
    logs = plan.logs
    if logs is None:
        return ()
    return (
        Leaf(
            f"logs of gateway and models, kept {plural(logs.retention_days, 'day')} in Loki, on "
            f"{logs.store.storage_gib} GiB (the price of the disk is unknown)"
        ),
        Leaf("without prompts, answers and keys; read on every node"),
    )


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
    "azure-native": Description("provider", azure.azure),
    "ResourceGroups": Description("groups", azure.groups),
    "Audit": Description("audit", azure.audit),
    "Network": Description("network", azure.network),
    "ClusterIdentities": Description("identity", azure.identity),
    "Cluster": Description("cluster", azure.cluster),
    "NodePools": Description("node pools", _pools),
    "Vault": Description("vault", azure.vault),
    "Keys": Description("keys", azure.keys),
    "Registry": Description("registry", azure.registry),
    "ModelStore": Description("model store", azure.model_store),
    "UsageRecords": Description("usage", azure.usage_records),
    "MetricsWorkspace": Description("metrics", azure.metrics_workspace),
    "ManagedGrafana": Description("Grafana", azure.managed_grafana),
    "ManagedRedis": Description("redis", azure.redis),
    "ContentSafety": Description("content safety", azure.content_safety),
    "ApiManagement": Description("API management", azure.api_management),
    "AzureAccess": Description("people", azure.azure_access),
    "GatewayName": Description("gateway name", azure.gateway_name),
    "ImageAdmission": Description("admission", _admission),
    "Secrets": Description("secrets", _secrets),
    "Monitoring": Description("monitoring", _monitoring),
    "Dashboards": Description("dashboards", _dashboards),
    "GpuOperator": Description("GPU operator", _gpu_operator),
    "Autoscaling": Description("autoscaling", _autoscaling),
    "Certificates": Description("certificates", _certificates),
    "Gateway": Description("gateway", _gateway),
    "Serving": Description("serving", _serving),
    "Safety": Description("safety", _safety),
    "Telemetry": Description("traces", _telemetry),
    "Logs": Description("logs", _logs),
    "Model": Description("models", _models),
    "Access": Description("access", _access),
    "Guard": Description("guard", _guard),
}
