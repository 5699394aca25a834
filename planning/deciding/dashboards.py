"""Plans what Grafana's dashboards are about, from what is decided of models, pools, tenants and alerts."""

from catalog import GpuExporter
from planning.deciding.releases import NAMESPACE
from planning.deciding.tenants import counters, tenants
from planning.money.cost import replica_usd_h
from planning.plan import (
    CostLine,
    CostPlan,
    DashboardsPlan,
    ModelPlan,
    MonitoringPlan,
    PoolPlan,
    ShownMetricPlan,
    ShownModelPlan,
    ShownOtherPoolPlan,
    ShownPoolPlan,
    ShownWorkloadPlan,
    metrics,
)
from planning.resolving.releases import ModelView
from planning.resolving.resolution import ResolvedStack
from planning.resolving.system_pool import FIRST_POOL

_FOLDER = "LLM platform"


def dashboards(
    stack: ResolvedStack,
    models: tuple[ModelPlan, ...],
    pools: tuple[PoolPlan, ...],
    monitoring: MonitoringPlan,
    costs: CostPlan,
) -> DashboardsPlan:
    """Plan the dashboards of a stack whose other parts are planned."""
    lines = {line.name: line for line in costs.lines}
    own = {pool.name for pool in pools}
    views = {view.name: view for view in stack.models}
    return DashboardsPlan(
        namespace=monitoring.chart.namespace,
        folder=_FOLDER,
        models_namespace=NAMESPACE,
        models_job=metrics.models_job(monitoring.chart.namespace),
        gpu_nodes=monitoring.gpu_nodes,
        models=tuple(_model(views[model.name], model) for model in models),
        workloads=tuple(shown for model in models for shown in _workloads(stack, views[model.name], model)),
        pools=tuple(_pool(pool, lines[pool.name]) for pool in pools),
        others=tuple(_other(line) for line in costs.lines if line.name not in own),
        costs=monitoring.costs,
        objectives=monitoring.objectives,
        tenants=tuple(tenant.name for tenant in tenants(stack)),
        counters=tuple(counter.name for counter in counters(stack)),
        first_token_seconds=monitoring.first_token_seconds,
        waiting_requests=monitoring.waiting_requests,
        xid_errors=monitoring.gpu_metrics.xid_errors,
        application_xids=monitoring.gpu_metrics.application_xids,
        gpu=_gpu(stack.catalog.gpu_metrics.installed, profiling=stack.settings.observability.gpu_profiling),
    )


def _gpu(exporter: GpuExporter, *, profiling: bool) -> dict[str, ShownMetricPlan]:
    """What is shown of GPUs, and with profiling why a busy one may still do little."""
    fields = {**exporter.fields, **exporter.profile_fields}
    more = {"clock_events": exporter.uses.clock_events, "row_remap_pending": exporter.uses.row_remap_pending}
    shown = {**exporter.shows, **({**exporter.profiles, **more} if profiling else {})}
    return {kind: ShownMetricPlan(name=name, unit=fields[name].unit) for kind, name in shown.items()}


def _model(view: ModelView, model: ModelPlan) -> ShownModelPlan:
    return ShownModelPlan(
        name=model.name,
        context=max(release.context for release in model.releases),
        sequences=max(release.batch.requests for release in view.releases if release.batch is not None),
        speculates=any("--speculative-config" in release.args for release in model.releases),
    )


def _workloads(stack: ResolvedStack, view: ModelView, model: ModelPlan) -> list[ShownWorkloadPlan]:
    prices = [usd for _, usd in replica_usd_h(stack.resolution, view)]
    return [
        ShownWorkloadPlan(
            name=workload.name,
            model=model.name,
            min_replicas=workload.replicas.min,
            load=workload.scaling.query,
            target=workload.scaling.threshold,
            usd_per_hour=None if usd is None else round(usd, 4),
        )
        for workload, usd in zip(model.workloads, prices, strict=True)
    ]


def _pool(pool: PoolPlan, line: CostLine) -> ShownPoolPlan:
    # A GPU that pods share is one series of the exporter, whatever the number of its shares.
    gpus = sum(count // int(device.partition("/")[2] or 1) for device, count in pool.offers)
    return ShownPoolPlan(
        name=pool.name,
        min_nodes=line.min_nodes,
        max_nodes=line.max_nodes,
        gpus=gpus,
        usd_per_hour=line.hourly,
    )


def _other(line: CostLine) -> ShownOtherPoolPlan:
    return ShownOtherPoolPlan(
        name=line.name,
        labelled=line.name != FIRST_POOL,
        min_nodes=line.min_nodes,
        max_nodes=line.max_nodes,
        usd_per_hour=line.hourly,
    )
