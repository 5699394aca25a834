"""The wait at the end of a model's move: its old pool may be deleted when the last of its pods has terminated."""

import pulumi
from pulumi_kubernetes.batch.v1 import Job

from components.cluster.labels import DEPLOYMENT, labels, metadata
from components.serving.pod import CONFINED
from planning.plan import ModelPlan, NodeSelection
from planning.plan.labels import POOL_REVISION

# Every node has this label with this value, so that for the scheduler the whole cluster is one topology domain.
_WHOLE_CLUSTER = "kubernetes.io/os"
# The uid of `nobody`: the image defines no users.
_USER = 65535
_SHARE = {"cpu": "10m", "memory": "16Mi"}


def handover(name: str, plan: ModelPlan, nodes: NodeSelection, opts: pulumi.ResourceOptions) -> Job:
    """A Job whose pod is scheduled when no pod of the model is on a pool of an earlier revision, and exits immediately.

    Deployments count as updated while their old pods still answer running requests, and AKS does not drain a pool that
    is deleted. The scheduler counts pods until they have terminated: its anti-affinity is the wait, and needs no RBAC.
    The Job is named after the revisions, in Kubernetes and in the state, so there is one more for each move and none
    without: moving back after a move that failed finds the former Job as it was. It does not wait for
    pods of a Deployment that is removed: that is deleted, and awaited, between the update and the pools.
    """
    deployments = [workload.name for workload in plan.workloads]
    revisions = list(plan.handover.pool_revisions)
    return Job(
        name,
        metadata=metadata(plan.handover.name, plan.namespace),
        spec={
            "template": {
                "metadata": {"labels": labels(plan.name)},
                "spec": {
                    "restart_policy": "OnFailure",
                    "automount_service_account_token": False,
                    "enable_service_links": False,
                    **nodes.pod_spec(),
                    "affinity": {
                        "pod_anti_affinity": {
                            "required_during_scheduling_ignored_during_execution": [
                                {
                                    "topology_key": _WHOLE_CLUSTER,
                                    "label_selector": {
                                        "match_expressions": [
                                            {"key": DEPLOYMENT, "operator": "In", "values": deployments},
                                            {"key": POOL_REVISION, "operator": "NotIn", "values": revisions},
                                        ]
                                    },
                                }
                            ]
                        }
                    },
                    "security_context": {
                        "run_as_non_root": True,
                        "run_as_user": _USER,
                        "run_as_group": _USER,
                        "seccomp_profile": {"type": "RuntimeDefault"},
                    },
                    "containers": [
                        {
                            "name": "handover",
                            "image": plan.handover.image,
                            # Prints its version and exits with 0.
                            "args": ["-v"],
                            "resources": {"requests": _SHARE, "limits": _SHARE},
                            "security_context": CONFINED,
                        }
                    ],
                },
            }
        },
        opts=opts,
    )
