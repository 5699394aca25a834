"""Plans the releases of a model: arguments, memory and pods, and the workloads that run them."""

from collections.abc import Mapping

from planning import naming
from planning.deciding import azure_objects
from planning.deciding.arguments import command_line
from planning.deciding.images import image
from planning.deciding.tracing import tracing_option, tracing_variables
from planning.deciding.weights_check import weights_check
from planning.money import quota
from planning.placement import cache_gib, drain, resources, rollout, shared_memory_gib, traces_gib
from planning.plan import PodPlan, ReleasePlan, ReplicaRange, ScalingPlan, WorkloadPlan, metrics
from planning.plan.labels import MIG_STATE, MODEL, in_prometheus
from planning.resolving.logs import json_logs
from planning.resolving.releases import ResolvedRelease
from planning.resolving.resolution import ResolvedStack
from planning.resolving.workloads import Workload, workloads_of

NAMESPACE = "llm"
TOKEN_SECRET = "hugging-face"  # noqa: S105 - the name of a Kubernetes Secret, not a secret
# Load above what the floor carries wakes a burst, and with it a GPU node for a whole cooldown: not for a single
# request, nor for a pod that is counted twice for a moment. A replica for one request at a time comes for that one.
_WAKING_REQUESTS = 1


def release(stack: ResolvedStack, view: ResolvedRelease, pool_revisions: Mapping[str, str], server: str) -> ReleasePlan:
    """Plan one release; `pool_revisions` maps pool names to revisions, `server` is the address of Prometheus."""
    settings = view.settings
    command = command_line(view, tracing_option(stack), json_logs=json_logs(stack.settings))
    check = weights_check(stack, view)
    return ReleasePlan(
        name=view.name,
        model_id=settings.source.model_id,
        context=settings.context,
        concurrency=settings.concurrency,
        image=image(stack, view.vllm.image),
        source=command.source,
        weights_variables=azure_objects.weights_variables(stack, view),
        tracing_variables=tracing_variables(stack, view.name),
        args=command.words,
        arguments_file=command.file,
        config_map=f"{view.name}-{naming.content_hash(command.file + (check.script if check is not None else ''))}",
        check=check,
        memory=view.ledger.memory,
        pod=_pod(stack, view),
        workloads=_workloads(stack, view, pool_revisions, server),
    )


def _pod(stack: ResolvedStack, view: ResolvedRelease) -> PodPlan:
    cpu, memory_gib = resources(view)
    return PodPlan(
        labels=azure_objects.POD_LABELS if view.settings.source.blob is not None else (),
        run_as_group=stack.catalog.images[view.vllm.image].run_as_group or 0,
        run_as_user=stack.catalog.images[view.vllm.image].run_as_user,
        cpu=cpu,
        memory_gib=memory_gib,
        shared_memory_gib=shared_memory_gib(stack.resolution, view),
        cache_gib=cache_gib(view),
        traces_gib=traces_gib(view),
        start_seconds=view.settings.start_minutes * 60,
    )


def _workloads(
    stack: ResolvedStack, view: ResolvedRelease, pool_revisions: Mapping[str, str], server: str
) -> tuple[WorkloadPlan, ...]:
    workloads = workloads_of(view)
    return tuple(
        _workload(stack, workload, pool_revisions, _scaling(stack, view, workload, workloads[:position], server))
        for position, workload in enumerate(workloads)
    )


def _workload(
    stack: ResolvedStack, workload: Workload, pool_revisions: Mapping[str, str], scaling: ScalingPlan
) -> WorkloadPlan:
    strategy = rollout.rollout(stack.resolution, workload)
    return WorkloadPlan(
        name=workload.name,
        kind="Deployment",
        role=workload.role,
        pods_per_replica=workload.pods_per_replica,
        request=workload.request,
        pool=workload.pool.name,
        pool_revision=pool_revisions[workload.pool.name],
        # Before the MIG manager is done the node offers whole GPUs under the same name, and a pod on one of them keeps
        # it from being partitioned (NVIDIA/gpu-operator#2670).
        node_labels=((MIG_STATE, "success"),) if workload.pool.starts_whole else (),
        replicas=ReplicaRange(min=workload.low, max=workload.high),
        fixed_replicas=None if workload.high > workload.low else workload.high,
        scaling=scaling,
        # Slices under names of their own and taints of the stack file: no admission tolerates these by itself.
        tolerations=tuple((taint.key, taint.value, taint.effect) for taint in workload.pool.taints),
        disruption_budget=drain.evictable(
            stack.resolution, workload, surge=quota.surge_fits(stack.resolution, workload.pool.name)
        ),
        mps=workload.pool.settings.gpu.sharing == "mps",
        rollout=strategy,
        surge_node_hours=rollout.surge_node_hours(stack.resolution, workload),
        progress_seconds=rollout.progress_seconds(stack.resolution, workload),
        rollout_seconds=rollout.rollout_seconds(stack.resolution, workload, strategy),
    )


def _scaling(
    stack: ResolvedStack, view: ResolvedRelease, workload: Workload, before: tuple[Workload, ...], server: str
) -> ScalingPlan:
    """Scale a workload by the load that the workloads before it don't carry."""
    wanted = view.settings.autoscaling
    threshold = wanted.requests_per_replica if wanted is not None else view.settings.concurrency
    # By the label of the pods, not by vLLM's `model_name`: whatever name a request has used, it takes a replica's time.
    # And by the job of our own monitor: whatever else is scraped could say the same of itself, and so buy GPUs.
    job = metrics.models_job(stack.catalog.charts["kube-prometheus-stack"].namespace)
    labels = f'{{job="{job}",namespace="{NAMESPACE}",{in_prometheus(MODEL)}="{view.settings.name}"}}'
    query = f"sum({metrics.VLLM_REQUESTS_WAITING}{labels}) + sum({metrics.VLLM_REQUESTS_RUNNING}{labels})"
    floor = sum(group.high for group in before)
    if floor:
        query = f"clamp_min({query} - {floor * threshold}, 0)"
    return ScalingPlan(
        min=workload.low,
        max=workload.high,
        query=query,
        threshold=threshold,
        waking_load=min(_WAKING_REQUESTS, threshold - 1),
        server=server,
        cooldown_seconds=view.settings.start_minutes * 60,
    )
