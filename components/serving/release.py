"""One release of a model: its arguments and the workloads that run it."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap

from components.cluster.labels import metadata
from components.foundation import KubernetesCluster
from components.serving.pod import ARGUMENTS_KEY
from components.serving.workload import deployment
from planning.plan import ModelPlan, ReleasePlan


def arguments(name: str, model: ModelPlan, release: ReleasePlan, opts: pulumi.ResourceOptions) -> ConfigMap:
    """The file that vLLM reads, immutable: new content has a new name, so that a change rolls out new pods."""
    return ConfigMap(
        name,
        metadata=metadata(release.config_map, model.namespace),
        data={ARGUMENTS_KEY: release.arguments_file},
        immutable=True,
        opts=opts,
    )


def deployments(
    parent: pulumi.Resource,
    model: ModelPlan,
    release: ReleasePlan,
    *,
    cluster: KubernetesCluster,
    needed: Sequence[pulumi.Resource],
) -> list[Deployment]:
    """One Deployment for each workload, created when its pool exists."""
    return [
        deployment(parent, model, release, workload, cluster=cluster, needed=[*cluster.pools[workload.pool], *needed])
        for workload in release.workloads
    ]
