"""The wait at the end of a model's move: its old pool may be deleted when the last of its pods has terminated."""

import pulumi
from pulumi_kubernetes.batch.v1 import Job

from components.cluster.labels import DEPLOYMENT, labels, metadata
from components.cluster.waiting_job import waiting_job
from planning.plan import ModelPlan, NodeSelection
from planning.plan.labels import POOL_REVISION


def handover(name: str, plan: ModelPlan, nodes: NodeSelection, opts: pulumi.ResourceOptions) -> Job:
    """A Job that ends when no pod of the model is on a pool of an earlier revision.

    Deployments count as updated while their old pods still answer running requests, and AKS does not drain a pool that
    is deleted. The Job is named after the revisions, in Kubernetes and in the state, so there is one more for each move
    and none without: moving back after a move that failed finds the former Job as it was. It does not wait for pods of
    a Deployment that is removed: that is deleted, and awaited, between the update and the pools.
    """
    return waiting_job(
        name,
        container="handover",
        metadata=metadata(plan.handover.name, plan.namespace),
        pod_labels=labels(plan.name),
        image=plan.handover.image,
        awaited=[
            {"key": DEPLOYMENT, "operator": "In", "values": [workload.name for workload in plan.workloads]},
            {"key": POOL_REVISION, "operator": "NotIn", "values": list(plan.handover.pool_revisions)},
        ],
        nodes=nodes,
        share=dict(plan.handover.share),
        opts=opts,
    )
