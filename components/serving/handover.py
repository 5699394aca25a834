"""The wait at the end of a model's move: its old pool may go when the last of its pods has ended."""

import pulumi
from pulumi_kubernetes.batch.v1 import Job

from components.cluster.labels import DEPLOYMENT, labels, metadata
from components.serving.pod import CONFINED
from planning.plan import ModelPlan, NodeSelection
from planning.plan.labels import POOL_REVISION

# Every node has this label with this value, so that for the scheduler the whole cluster is one place.
_WHOLE_CLUSTER = "kubernetes.io/os"
# Nobody's: the image has no users.
_USER = 65535
_SHARE = {"cpu": "10m", "memory": "16Mi"}


def handover(name: str, plan: ModelPlan, nodes: NodeSelection, opts: pulumi.ResourceOptions) -> Job:
    """A Job whose pod is scheduled when no pod of the model is on a pool of an earlier revision, and ends at once.

    Deployments count as updated while their old pods still answer running requests, and AKS does not drain a pool that
    is deleted. The scheduler knows pods until they have ended: its anti-affinity is the wait, and needs no rights.
    The Job is named after the revisions, so there is a new one for each move and none without. It does not wait for
    pods of a Deployment that is taken out: that is deleted, and waited for, between the update and the pools.
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
                            # It tells its version and ends, with success.
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
