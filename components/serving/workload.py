"""One workload: equal replicas of a release on one pool, as a Deployment with its disruption budget."""

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgsDict, DeploymentStrategyArgsDict
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

from components.cluster.durations import in_seconds
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.foundation import KubernetesCluster
from components.serving.pod import pod_template, selector
from planning.plan import ModelPlan, ReleasePlan, RolloutPlan, WorkloadPlan
from planning.plan.labels import LICENSE

# The Deployment's controller has seen the last change.
_KNOWN = "jsonpath={.status.observedGeneration}"


def deployment(
    parent: pulumi.Resource,
    model: ModelPlan,
    release: ReleasePlan,
    workload: WorkloadPlan,
    *,
    cluster: KubernetesCluster,
    needed: Sequence[pulumi.Resource],
) -> Deployment:
    """Named after the Deployment itself, so that a model that moves to another pool stays one resource."""
    spec: DeploymentSpecArgsDict = {
        # Where KEDA decides, this is the number at creation alone: left out it would be 1, also for a burst that has
        # nothing to do, and a GPU node would come for it.
        "replicas": workload.replicas.min,
        "selector": {"match_labels": selector(workload)},
        "strategy": _strategy(workload.rollout),
        "progress_deadline_seconds": workload.progress_seconds,
        "revision_history_limit": 3,
        "template": pod_template(model, release, workload),
    }
    # Pulumi waits 10 minutes by default.
    limit = in_seconds(workload.rollout_seconds)
    return Deployment(
        f"{workload.name}-deployment",
        metadata=_metadata(model, workload),
        spec=spec,
        opts=in_cluster(
            parent,
            cluster,
            *needed,
            timeouts=pulumi.CustomTimeouts(create=limit, update=limit, delete=limit),
            # From then on the number is KEDA's, or the one that was fixed before.
            ignore_changes=["spec.replicas"] if workload.fixed_replicas is None else [],
        ),
    )


def disruption_budget(model: ModelPlan, workload: WorkloadPlan, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    """Evictions remove as many replicas at a time as the Plan says."""
    # Through the package, which loads this kind only where a workload has a budget.
    return pulumi_kubernetes.policy.v1.PodDisruptionBudget(
        f"{workload.name}-disruption-budget",
        metadata=metadata(workload.name, model.namespace),
        spec={
            "max_unavailable": workload.disruption_budget,
            "selector": {"match_labels": selector(workload)},
            # A replica that never became ready must not block a node's upgrade.
            "unhealthy_pod_eviction_policy": "AlwaysAllow",
        },
        opts=opts,
    )


def _metadata(model: ModelPlan, workload: WorkloadPlan) -> ObjectMetaArgsDict:
    annotations = {LICENSE: ",".join(model.licenses)} if model.licenses else {}
    if not workload.replicas.min:
        # Workloads that may have no replicas are awaited until they are known, not until they are ready: that no spot
        # node is available now is not a failure. `skipAwait` would end the wait for a deletion too, and the pool would
        # go from under the pods.
        annotations["pulumi.com/waitFor"] = _KNOWN
    return {**metadata(workload.name, model.namespace), **({"annotations": annotations} if annotations else {})}


def _strategy(rollout: RolloutPlan) -> DeploymentStrategyArgsDict:
    return {
        "type": rollout.strategy,
        "rolling_update": {"max_surge": rollout.max_surge, "max_unavailable": rollout.max_unavailable},
    }
