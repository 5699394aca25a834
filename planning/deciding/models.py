"""Plans the models: what clients name, and what all releases of a model share."""

from collections.abc import Mapping

from planning import naming
from planning.deciding import traffic
from planning.deciding.fallback import fallback
from planning.deciding.images import image
from planning.deciding.moves import SMALLEST_IMAGE
from planning.deciding.releases import NAMESPACE, TOKEN_SECRET, release
from planning.deciding.safeguards import waiting_share
from planning.plan import HandoverPlan, ModelPlan, ReleasePlan
from planning.resolving.hugging_face import signs_in, token_secret
from planning.resolving.releases import ResolvedModel
from planning.resolving.request_path import request_path
from planning.resolving.resolution import ResolvedStack


def model(stack: ResolvedStack, view: ResolvedModel, pool_revisions: Mapping[str, str], server: str) -> ModelPlan:
    """Plan one model; `pool_revisions` maps pool names to revisions, `server` is the address of Prometheus."""
    settings = view.settings
    releases = tuple(release(stack, resolved, pool_revisions, server) for resolved in view.releases)
    from_blob = settings.source.blob is not None
    path = request_path(stack.resolution).models[view.index]
    return ModelPlan(
        name=view.name,
        licenses=(settings.license,) if isinstance(settings.license, str) else settings.license or (),
        namespace=NAMESPACE,
        service_account=view.name,
        has_identity=from_blob,
        # Not the model's own name: that Service of earlier versions has one address, which can't be taken from it.
        service=f"{view.name}-pods",
        min_replicas=settings.replicas.min,
        max_replicas=settings.replicas.max,
        releases=releases,
        handover=_handover(stack, view, releases, path.server.grace_seconds),
        route=traffic.route(stack, view),
        path=path,
        traffic=traffic.traffic(stack, view),
        fallback=fallback(stack, view),
        token_secret=TOKEN_SECRET
        if token_secret(stack.resolution) is not None and any(map(signs_in, view.releases))
        else None,
    )


def _handover(
    stack: ResolvedStack, view: ResolvedModel, releases: tuple[ReleasePlan, ...], grace_seconds: int
) -> HandoverPlan:
    """Plan the wait for pods on pools to be deleted: a Deployment is complete while its old pods still terminate."""
    workloads = [workload for release in releases for workload in release.workloads]
    revisions = tuple(sorted({workload.pool_revision for workload in workloads}))
    share, made_for = waiting_share(stack), " ".join(revisions)
    if stack.settings.cluster.deployment_safeguards != "off":
        # A Job's pods can't be changed: with other requests it is another Job.
        made_for += f" {share}"
    return HandoverPlan(
        name=f"{view.name}-on-{naming.content_hash(made_for)}",
        image=image(stack, SMALLEST_IMAGE),
        share=share,
        pool_revisions=revisions,
        timeout_seconds=max(workload.rollout_seconds for workload in workloads) + grace_seconds,
    )
