"""The wait at the end of a move to new system nodes, for pods that an operator moves without Helm waiting for them."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.batch.v1 import Job
from pulumi_kubernetes.meta.v1 import LabelSelectorRequirementArgsDict

from components.cluster.durations import in_seconds
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import labels, metadata
from components.cluster.waiting_job import waiting_job
from components.foundation import KubernetesCluster
from planning.plan import MovePlan


def system_move(
    name: str,
    plan: MovePlan,
    pods: Mapping[str, str],
    *,
    parent: pulumi.Resource,
    cluster: KubernetesCluster,
    after: list[pulumi.Resource],
) -> Job:
    """A Job that ends when no pod with the labels `pods` is on a system pool of an earlier revision.

    Those pods carry the revision as a label, as the models' do. One without it is of before there was one.
    """
    limit = in_seconds(plan.timeout_seconds)
    return waiting_job(
        # The revision is in the logical name too: going back to an earlier one must not meet the Job of that time.
        f"{name}-{plan.name}",
        container="move",
        metadata=metadata(plan.name, plan.namespace),
        pod_labels=labels(plan.name),
        image=plan.image,
        awaited=[
            *(_require(key, "In", value) for key, value in pods.items()),
            *(_require(key, "NotIn", value) for key, value in cluster.system_nodes.revision),
        ],
        nodes=cluster.system_nodes,
        opts=in_cluster(
            parent, cluster, *after, timeouts=pulumi.CustomTimeouts(create=limit, update=limit, delete=limit)
        ),
    )


def _require(key: str, operator: str, value: str) -> LabelSelectorRequirementArgsDict:
    return {"key": key, "operator": operator, "values": [value]}
