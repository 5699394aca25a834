"""A Job that waits until no pod of an earlier pool is left, since a pool that is deleted is not drained."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.batch.v1 import Job
from pulumi_kubernetes.core.v1 import SecurityContextArgsDict
from pulumi_kubernetes.meta.v1 import LabelSelectorRequirementArgsDict, ObjectMetaArgsDict

from planning.plan import NodeSelection

# What the pod security standard `restricted` requires of every container.
CONFINED: SecurityContextArgsDict = {
    "allow_privilege_escalation": False,
    "capabilities": {"drop": ["ALL"]},
    "read_only_root_filesystem": True,
}
# Every node has this label with this value, so that for the scheduler the whole cluster is one topology domain.
_WHOLE_CLUSTER = "kubernetes.io/os"
# The uid of `nobody`: the image defines no users.
_USER = 65535
_SHARE = {"cpu": "10m", "memory": "16Mi"}


def waiting_job(
    name: str,
    *,
    container: str,
    metadata: ObjectMetaArgsDict,
    pod_labels: Mapping[str, str],
    image: str,
    awaited: Sequence[LabelSelectorRequirementArgsDict],
    nodes: NodeSelection,
    opts: pulumi.ResourceOptions,
    share: Mapping[str, str] = _SHARE,
) -> Job:
    """A Job whose pod is scheduled when no pod of its namespace matches `awaited`, and exits immediately.

    The scheduler counts pods until they have terminated: the pod's anti-affinity is the wait, and needs no permissions.
    `image` must exit with 0 when it is given `-v`.
    """
    return Job(
        name,
        metadata=metadata,
        spec={
            "template": {
                "metadata": {"labels": dict(pod_labels)},
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
                                    "label_selector": {"match_expressions": list(awaited)},
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
                            "name": container,
                            "image": image,
                            # Prints its version and exits with 0.
                            "args": ["-v"],
                            "resources": {"requests": dict(share), "limits": dict(share)},
                            "security_context": CONFINED,
                        }
                    ],
                },
            }
        },
        opts=opts,
    )
