"""One release of a model: its arguments and the workloads that run it."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.foundation import KubernetesCluster
from components.serving.pod import ARGUMENTS_KEY, CHECK_KEY
from components.serving.workload import deployment
from planning.plan import ModelPlan, ReleasePlan


def arguments(
    parent: pulumi.Resource, model: ModelPlan, release: ReleasePlan, *, cluster: KubernetesCluster, space: Namespace
) -> ConfigMap:
    """The file that vLLM reads and the program that checks the weights, immutable.

    New content has a new name, so that a change rolls out new pods.

    The logical name carries the hash too. New content is then one resource more, and the old one is removed when the
    rollout has ended. Under one logical name it would be a replacement: after a rollout that failed, the former content
    could not be created again beside the ConfigMap of its name that is still there, waiting to be deleted.
    """
    return ConfigMap(
        f"model-{release.config_map}-arguments",
        metadata=metadata(release.config_map, model.namespace),
        data={
            ARGUMENTS_KEY: release.arguments_file,
            **({CHECK_KEY: release.check.script} if release.check is not None else {}),
        },
        immutable=True,
        opts=in_cluster(parent, cluster, space, formerly=f"model-{release.name}-arguments"),
    )


def deployments(
    parent: pulumi.Resource,
    model: ModelPlan,
    release: ReleasePlan,
    *,
    cluster: KubernetesCluster,
    needed: Sequence[pulumi.Resource],
    scaled: Mapping[str, pulumi.Resource],
) -> list[Deployment]:
    """One Deployment for each workload, when its pool exists and KEDA has its bounds (`scaled`, by workload)."""
    return [
        deployment(
            parent,
            model,
            release,
            workload,
            cluster=cluster,
            needed=[*cluster.pools[workload.pool], *needed, scaled[workload.name]],
        )
        for workload in release.workloads
    ]
