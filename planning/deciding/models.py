"""Plans the models: their Deployments, arguments, memory, rollout and scaling."""

from planning import naming
from planning.deciding.roles import grant
from planning.placement import (
    Workload,
    cache_gib,
    resources,
    rollout,
    shared_memory_gib,
    workloads,
)
from planning.plan import (
    DeploymentPlan,
    HandoverPlan,
    IdentityPlan,
    MemoryPlan,
    ModelPlan,
    PlacementPlan,
    ScalingPlan,
)
from planning.resolving.resolution import ModelView, Resolution
from planning.vllm import arguments as engine_args

NAMESPACE = "llm"
WEIGHTS_CONTAINER = "weights"
TOKEN_SECRET = "hugging-face"  # noqa: S105 - the name of a Kubernetes Secret, not a secret
# Before SIGTERM: the time that load balancers take to learn that the pod is going (vLLM answers 500 after SIGTERM).
_PRE_STOP_SECONDS = 15
# After the last request: vLLM's own teardown takes about 5 seconds; Kubernetes must wait strictly longer.
_TEARDOWN_SECONDS = 20
# What runs where all that matters is when it is scheduled.
_SMALLEST_IMAGE = "pause"


def model(
    stack: Resolution, view: ModelView, memory: MemoryPlan, pool_revisions: dict[str, str], server: str
) -> ModelPlan:
    """Plan one model; `pool_revisions` maps pool names to revisions, `server` is the address of Prometheus."""
    known, vllm = view.known, view.vllm
    if known is None or vllm is None:
        message = f"{view.path} is not on file; rules MODEL-UNKNOWN and ENGINE-VERSION refuse that"
        raise ValueError(message)
    settings, source = view.settings, view.settings.source
    parts = workloads(view)
    deployments = tuple(
        _deployment(stack, part, pool_revisions, _scaling(view, part, parts[:position], server))
        for position, part in enumerate(parts)
    )
    grace_seconds = _PRE_STOP_SECONDS + settings.drain_seconds + _TEARDOWN_SECONDS
    named = engine_args.options(view, vllm)
    argument_file = engine_args.argument_file(named)
    vllm_source = engine_args.source_argument(view, WEIGHTS_CONTAINER)
    cpu, memory_gib = resources(view)
    from_blob = source.blob is not None
    identity = IdentityPlan(
        name=stack.names.identity(f"model-{view.name}").value,
        namespace=NAMESPACE,
        service_account=view.name,
        credential=stack.names.credential(f"model-{view.name}").value,
    )
    return ModelPlan(
        name=view.name,
        model_id=source.model_id,
        task=known.task,
        namespace=NAMESPACE,
        service_account=view.name,
        image=_image(stack, vllm.image),
        source=vllm_source,
        weights_from="blob" if from_blob else "huggingface",
        storage_account=stack.names.storage_account.value if from_blob else None,
        args=engine_args.argument_list(vllm_source, named),
        arguments_file=argument_file,
        config_map=f"{view.name}-{naming.content_hash(argument_file)}",
        context=settings.context,
        concurrency=settings.concurrency,
        min_replicas=settings.replicas.min,
        max_replicas=settings.replicas.max,
        deployments=deployments,
        handover=_handover(stack, view, deployments, grace_seconds),
        memory=memory,
        cpu=cpu,
        memory_gib=memory_gib,
        shared_memory_gib=shared_memory_gib(stack, view),
        cache_gib=cache_gib(view),
        start_seconds=settings.start_minutes * 60,
        pre_stop_seconds=_PRE_STOP_SECONDS,
        drain_seconds=settings.drain_seconds,
        grace_seconds=grace_seconds,
        identity=identity,
        read_weights=grant(stack, f"model-{view.name}", "storage_blob_data_reader", "weights") if from_blob else None,
        token_secret=(
            TOKEN_SECRET if not from_blob and stack.settings.security.hugging_face_token is not None else None
        ),
    )


def _image(stack: Resolution, name: str) -> str:
    image = stack.catalog.images[name]
    return f"{image.repository}@{image.digest}" if image.digest else f"{image.repository}:{image.tag}"


def _handover(
    stack: Resolution, view: ModelView, deployments: tuple[DeploymentPlan, ...], grace_seconds: int
) -> HandoverPlan:
    """Plan the wait for pods on pools that are to go: a Deployment counts as updated while its old pods still end."""
    revisions = tuple(sorted({deployment.placement.pool_revision for deployment in deployments}))
    return HandoverPlan(
        name=f"{view.name}-on-{naming.content_hash(' '.join(revisions))}",
        image=_image(stack, _SMALLEST_IMAGE),
        pool_revisions=revisions,
        timeout_seconds=max(deployment.rollout_seconds for deployment in deployments) + grace_seconds,
    )


def _deployment(
    stack: Resolution, part: Workload, pool_revisions: dict[str, str], scaling: ScalingPlan
) -> DeploymentPlan:
    extra = [taint for taint in part.pool.taints if taint.split("=")[0]]
    # MIG slices have resource names of their own, so AKS's automatic toleration for nvidia.com/gpu doesn't reach them.
    tolerations = tuple(
        (taint.split("=")[0], taint.split("=")[1].split(":")[0], taint.split(":")[-1]) for taint in extra
    )
    autoscaled = part.high > part.low
    return DeploymentPlan(
        name=part.name,
        placement=PlacementPlan(
            pool=part.pool.name,
            pool_revision=pool_revisions[part.pool.name],
            resource=part.device.resource,
            count=part.count,
            min=part.low,
            max=part.high,
        ),
        replicas=None if autoscaled else part.high,
        scaling=scaling,
        tolerations=tolerations,
        disruption_budget=part.high > 1,
        rollout=rollout.rollout(stack, part),
        surge_node_hours=rollout.surge_node_hours(stack, part),
        progress_seconds=rollout.progress_seconds(part),
        rollout_seconds=rollout.rollout_seconds(part),
        mps=part.pool.settings.gpu.sharing == "mps",
    )


def _scaling(view: ModelView, part: Workload, before: tuple[Workload, ...], server: str) -> ScalingPlan:
    """Scale a Deployment by the load that those before it don't carry."""
    wanted = view.settings.autoscaling
    threshold = wanted.requests_per_replica if wanted is not None else view.settings.concurrency
    labels = f'{{namespace="{NAMESPACE}",model_name="{view.name}"}}'
    query = f"sum(vllm:num_requests_waiting{labels}) + sum(vllm:num_requests_running{labels})"
    floor = sum(workload.high for workload in before)
    if floor:
        query = f"clamp_min({query} - {floor * threshold}, 0)"
    return ScalingPlan(
        min=part.low,
        max=part.high,
        query=query,
        threshold=threshold,
        server=server,
        cooldown_seconds=view.settings.start_minutes * 60,
    )
